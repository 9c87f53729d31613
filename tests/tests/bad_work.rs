//! Models, tools and people that do what they should not: each ends in a precise reason, nothing that was known is lost,
//! and other work of the same workspace goes on.

#![cfg(test)]

mod support;

use kernelos::host::{Config, Host};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use support::desk::{Desk, accepted};
use support::script::{Asked, Script, answer, breaks_off, calls, says};

/// A host whose model is a script, with an agent that may use every tool the stories need, and a peer on the web.
struct Story {
    dir: tempfile::TempDir,
    host: Option<Host>,
    client: Client,
    desk: Desk,
    model: Script,
    web: Script,
    /// An agent with tools.
    worker: String,
}

impl Story {
    /// The worker's model says what `worker` makes of its calls; any other question is answered at once.
    fn begin(worker: impl Fn(&Asked, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let web = Script::start(|asked| match asked.what.as_str() {
            "GET /large" => answer("200 OK", "content-type: text/plain\r\n", &"x".repeat(50 << 20)),
            "GET /endless" => [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 50 << 20]].concat(),
            "GET /inside" => answer("302 Found", "location: http://169.254.169.254/latest/meta-data/\r\n", ""),
            "GET /other" => answer("302 Found", "location: http://127.0.0.2:1/\r\n", ""),
            _ => answer("200 OK", "content-type: text/plain\r\n", "fine"),
        });
        let place = web.url("");
        let model = Script::start(move |asked| match asked.question() {
            hello if hello.starts_with("hello") => says("hello yourself"),
            _ => worker(asked, &place),
        });
        let dir = tempfile::tempdir().unwrap();
        let host = Host::start(&Config::new(dir.path())).unwrap();
        let mut client = Client::new(host.address(), host.token());
        let desk = Desk::begin(&mut client, &model.url("/v1"));
        let provider =
            json!({ "name": "scripted", "dialect": "openai-chat", "base_url": model.url("/v1"), "model": "m" });
        let provider = accepted(&client.command(&desk.id, "scripted", "provider.define", &provider).unwrap());
        let tools = ["http.request", "documents.write", "documents.read", "ask"];
        let agent = json!({ "name": "worker", "provider": provider, "tools": tools, "limits": { "turns": 6 } });
        let worker = accepted(&client.command(&desk.id, "worker", "agent.define", &agent).unwrap());
        let rules = json!({
            "hosts": [web.url(""), "http://169.254.169.254", "http://127.0.0.2:1"], "private": ["127.0.0.1/32"],
        });
        let allowed = client.command(&desk.id, "allow", "egress.allow", &rules).unwrap();
        assert_eq!(allowed.status, 200, "{}", allowed.json());
        Self { dir, host: Some(host), client, desk, model, web, worker }
    }

    /// The worker is asked: the task.
    fn asks(&mut self, prompt: &str) -> String {
        let data = json!({ "agent": self.worker, "prompt": prompt });
        let key = format!("ask-{prompt}").replace(' ', "-");
        accepted(&self.client.command(&self.desk.id, &key, "task.ask", &data).unwrap())
    }

    /// Another task of the workspace begins and ends, whatever the others do.
    fn works_meanwhile(&mut self) {
        let data = json!({ "agent": self.desk.agent, "prompt": "hello" });
        let key = format!("hello-{}", self.desk.describe(&mut self.client)["pos"]);
        let task = accepted(&self.client.command(&self.desk.id, &key, "task.ask", &data).unwrap());
        let ended = self.ends(&task);
        assert_eq!((&ended["status"], &ended["steps"][0]["answer"]), (&json!("done"), &json!("hello yourself")));
    }

    fn task(&mut self, task: &str, wait_ms: u64) -> Value {
        let answer = self.client.get(&self.desk.path(&format!("/tasks/{task}?wait={wait_ms}"))).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }

    /// The task, when it does not go on by itself.
    fn ends(&mut self, task: &str) -> Value {
        let begun = Instant::now();
        loop {
            let view = self.task(task, 10_000);
            if !["open", "running"].iter().any(|it| view["status"] == *it) {
                return view;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "it goes on for ever: {view}");
        }
    }

    /// What waits for a person: id and digest.
    fn waiting(&mut self, task: &str) -> (String, String) {
        assert_eq!(self.ends(task)["status"], "waiting");
        let list = self.client.get(&self.desk.path("/approvals")).unwrap();
        let list = list.json();
        let [one] = list["approvals"].as_array().unwrap().as_slice() else { panic!("one waits: {list}") };
        (one["id"].as_str().unwrap().to_owned(), one["digest"].as_str().unwrap().to_owned())
    }

    fn decides(&mut self, key: &str, data: &Value) -> Answer {
        self.client.command(&self.desk.id, key, "approval.decide", data).unwrap()
    }

    /// Each turn of the step can be read afterwards, with the very texts that were sent to the model.
    fn tells_what_the_model_was_told(&mut self, step: &str, question: &str) {
        let sent: Vec<Asked> = self.model.seen().iter().filter(|asked| asked.question() == question).cloned().collect();
        for (nth, asked) in (1..).zip(&sent) {
            let shown = self.client.get(&self.desk.path(&format!("/steps/{step}/context?turn={nth}"))).unwrap();
            let shown = shown.json();
            assert_eq!((&shown["turn"], &shown["turns"]), (&json!(nth), &json!(sent.len())), "{shown}");
            let pairs = |list: &Value, who: &str, what: &str| -> Vec<(String, String)> {
                let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
                list.as_array().unwrap().iter().map(|it| (text(it, who), text(it, what))).collect()
            };
            let told = pairs(&shown["messages"], "speaker", "text");
            assert_eq!(told, pairs(&asked.body["messages"], "role", "content"), "turn {nth}");
            assert_eq!(shown["tools"].as_array().map(Vec::len), asked.body["tools"].as_array().map(Vec::len));
            assert!(shown["estimated_tokens"].as_u64() <= shown["budget_tokens"].as_u64(), "{shown}");
        }
        let none = self.client.get(&self.desk.path(&format!("/steps/{step}/context?turn={}", sent.len() + 1))).unwrap();
        assert_eq!((none.status, none.text("/code").as_str()), (404, "not_found"));
    }

    /// All that is known is known to the next process too.
    fn nothing_is_lost(mut self, task: &str) {
        let before = (self.task(task, 0), self.desk.describe(&mut self.client)["roots"].clone());
        self.host = None;
        let host = Host::start(&Config { effects_max: 0, ..Config::new(self.dir.path()) }).unwrap();
        self.client = Client::new(host.address(), host.token());
        self.host = Some(host);
        let roots = self.desk.describe(&mut self.client)["roots"].clone();
        let after = self.task(task, 0);
        assert_eq!(after, before.0);
        assert_eq!(roots["main@0"], before.1["main@0"]);
    }
}

/// A model that uses one tool and then tells what came of it.
fn uses(tool: &'static str, arguments: impl Fn(&str) -> Value) -> impl Fn(&Asked, &str) -> Vec<u8> {
    move |asked, web| match asked.results().last() {
        None => calls(&[(tool, &arguments(web).to_string())]),
        Some(result) => says(&format!("it came to: {result}")),
    }
}

fn answered(task: &Value) -> String {
    assert_eq!(task["status"], "done", "{task}");
    task["steps"][0]["answer"].as_str().unwrap().to_owned()
}

#[test]
fn an_answer_of_fifty_megabytes_is_refused_and_the_model_is_told() {
    for path in ["/large", "/endless"] {
        let mut it = Story::begin(uses("http.request", move |web| json!({ "endpoint": format!("{web}{path}") })));
        let task = it.asks("fetch it");
        it.works_meanwhile();
        let ended = it.ends(&task);
        let answer = answered(&ended);
        assert!(answer.contains("error (too_large)") && answer.contains("more than 1048576 bytes"), "{answer}");
        it.nothing_is_lost(&task);
    }
}

#[test]
fn a_redirect_to_an_address_that_nobody_granted_is_not_followed_and_the_model_is_told() {
    for (path, address) in [("/inside", "169.254.169.254"), ("/other", "127.0.0.2")] {
        let mut it = Story::begin(uses("http.request", move |web| json!({ "endpoint": format!("{web}{path}") })));
        let task = it.asks("fetch it");
        it.works_meanwhile();
        let ended = it.ends(&task);
        let answer = answered(&ended);
        assert!(answer.contains("error (refused_address)") && answer.contains(address), "{answer}");
        assert_eq!(it.web.seen().len(), 1, "only the first place was asked, once");
        it.nothing_is_lost(&task);
    }
}

#[test]
fn a_model_that_answers_rubbish_ends_its_step_with_the_reason() {
    for (rubbish, class) in [
        (answer("200 OK", "content-type: text/html\r\n", "<html>Sign in</html>"), "protocol"),
        (answer("200 OK", "content-type: application/json\r\n", "{\"choices\":[]}"), "protocol"),
        (answer("200 OK", "", &"x".repeat(50 << 20)), "protocol"),
        (answer("302 Found", "location: http://169.254.169.254/\r\n", ""), "protocol"),
        (answer("401 Unauthorized", "", "{}"), "auth"),
    ] {
        let mut it = Story::begin(move |_, _| rubbish.clone());
        let task = it.asks("say something");
        it.works_meanwhile();
        let ended = it.ends(&task);
        assert_eq!((&ended["status"], &ended["steps"][0]["failure"]["class"]), (&json!("failed"), &json!(class)));
        assert!(ended["steps"][0]["failure"]["detail"].as_str().is_some_and(|why| !why.is_empty()), "{ended}");
        let calls = it.model.seen().iter().filter(|asked| asked.question() == "say something").count();
        assert_eq!(calls, 1, "what trying again does not heal is not tried again");
        it.nothing_is_lost(&task);
    }
}

#[test]
fn a_model_that_calls_tools_for_ever_is_stopped_by_its_limit() {
    let mut it = Story::begin(|asked, _| {
        let nth = asked.results().len();
        calls(&[("documents.write", &json!({ "path": format!("{nth}.md"), "text": "more" }).to_string())])
    });
    let task = it.asks("go on for ever");
    it.works_meanwhile();
    let ended = it.ends(&task);
    assert_eq!((&ended["status"], &ended["steps"][0]["failure"]["class"]), (&json!("failed"), &json!("limit_reached")));
    assert_eq!(ended["steps"][0]["failure"]["detail"], "6 model calls were made; 6 are allowed");
    let documents = it.client.get(&it.desk.path("/documents")).unwrap().json();
    assert_eq!(documents["documents"].as_array().map(Vec::len), Some(6), "what it did is kept: {documents}");
    it.nothing_is_lost(&task);
}

#[test]
fn a_provider_that_breaks_off_is_called_again_under_the_same_key_and_then_given_up_with_the_reason() {
    let mut it = Story::begin(|_, _| breaks_off());
    let task = it.asks("answer in full");
    it.works_meanwhile();
    let ended = it.ends(&task);
    let failure = &ended["steps"][0]["failure"];
    assert_eq!((&ended["status"], &failure["class"]), (&json!("failed"), &json!("cut")), "{ended}");
    assert!(failure["detail"].as_str().is_some_and(|why| why.contains("not whole")), "{failure}");
    assert!(ended["steps"][0]["answer"].is_null(), "half an answer is none");
    let keys: Vec<String> =
        it.model.seen().iter().filter(|asked| asked.question() == "answer in full").map(|it| it.key.clone()).collect();
    assert_eq!(keys.len(), 6, "once, and five times again");
    assert!(keys.iter().all(|key| !key.is_empty() && *key == keys[0]), "{keys:?}");
    it.nothing_is_lost(&task);
}

#[test]
fn arguments_that_do_not_fit_are_told_to_the_model_with_what_is_wrong() {
    let wrong = [
        ("documents.read", r#"{"pfad":"a.md"}"#, "error (invalid_arguments)"),
        ("documents.write", r#"{"path":7,"text":"a"}"#, "error (invalid_arguments)"),
        ("http.request", r#"{"method":"GET"}"#, "error (invalid_arguments)"),
        ("documents.read", "{\"path\":", "the arguments are not JSON"),
        ("documents.read", "[]", "error (invalid_arguments)"),
        ("shell.run", "{}", "there is no tool \"shell.run\" here"),
    ];
    let mut it = Story::begin(move |asked, _| match asked.results() {
        none if none.is_empty() => calls(&wrong.map(|(name, arguments, _)| (name, arguments))),
        results => says(&results.join("\n")),
    });
    let task = it.asks("do it wrongly");
    it.works_meanwhile();
    let ended = it.ends(&task);
    let told = answered(&ended);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), wrong.len(), "{told}");
    for ((name, arguments, reason), line) in wrong.iter().zip(lines) {
        assert!(line.contains(reason), "{name} {arguments}: {line}");
    }
    assert!(it.web.seen().is_empty(), "nothing was sent");
    it.tells_what_the_model_was_told(ended["steps"][0]["id"].as_str().unwrap(), "do it wrongly");
    it.nothing_is_lost(&task);
}

/// A model that wants to write to the web, for which a person is asked.
fn writes() -> impl Fn(&Asked, &str) -> Vec<u8> {
    uses("http.request", |web| json!({ "method": "POST", "endpoint": format!("{web}/order"), "body": { "legs": 8 } }))
}

#[test]
fn an_approval_of_other_bytes_approves_nothing() {
    let mut it = Story::begin(writes());
    let task = it.asks("order it");
    it.works_meanwhile();
    let (approval, digest) = it.waiting(&task);
    let roots = it.desk.describe(&mut it.client)["roots"]["main@0"].clone();
    let other = format!("{}{}", if digest.starts_with('A') { 'B' } else { 'A' }, digest.get(1..).unwrap());
    let refused = it.decides("other", &json!({ "approval": approval, "decision": "approve", "digest": other }));
    assert_eq!((refused.status, refused.text("/code").as_str()), (409, "other_bytes"), "{}", refused.json());
    assert_eq!(it.desk.describe(&mut it.client)["roots"]["main@0"], roots, "no data changed");
    assert_eq!(it.waiting(&task), (approval.clone(), digest.clone()), "it waits as before");
    assert!(it.web.seen().is_empty(), "nothing was sent");

    let data = json!({ "approval": approval, "decision": "approve", "digest": digest });
    let decided = it.decides("these", &data);
    assert_eq!(decided.status, 200, "{}", decided.json());
    let ended = it.ends(&task);
    assert!(answered(&ended).contains("fine"), "{ended}");
    let sent: Vec<(String, Value)> = it.web.seen().iter().map(|it| (it.what.clone(), it.body.clone())).collect();
    assert_eq!(sent, [("POST /order".to_owned(), json!({ "legs": 8 }))], "the bytes that were approved, once");
    it.nothing_is_lost(&task);
}

#[test]
fn of_two_people_who_decide_at_once_exactly_one_decides() {
    let mut it = Story::begin(writes());
    for round in 0..4 {
        let sent_before = it.web.seen().len();
        let task = it.asks(&format!("order number {round}"));
        let (approval, digest) = it.waiting(&task);
        let host = it.host.as_ref().unwrap();
        let (address, token, id) = (host.address(), host.token().to_owned(), it.desk.id.clone());
        let barrier = Arc::new(Barrier::new(2));
        let people: Vec<_> = ["approve", "reject"]
            .into_iter()
            .map(|decision| {
                let mut client = Client::new(address, token.clone());
                let (barrier, id) = (Arc::clone(&barrier), id.clone());
                let data = json!({ "approval": approval, "decision": decision, "digest": digest });
                std::thread::spawn(move || {
                    barrier.wait();
                    let key = format!("{decision}-{round}");
                    (decision, client.command(&id, &key, "approval.decide", &data).unwrap())
                })
            })
            .collect();
        it.works_meanwhile();
        let said: Vec<_> = people.into_iter().map(|person| person.join().unwrap()).collect();
        let (won, lost): (Vec<_>, Vec<_>) = said.into_iter().partition(|(_, answer)| answer.status == 200);
        let ([(winner, _)], [(_, late)]) = (won.as_slice(), lost.as_slice()) else { panic!("{won:?} {lost:?}") };
        assert_eq!((late.status, late.text("/code").as_str()), (409, "already_decided"), "{}", late.json());
        assert!(
            late.text("/detail").contains(if *winner == "approve" { "approved" } else { "rejected" }),
            "{}",
            late.json()
        );
        it.ends(&task);
        let sent = it.web.seen().len() - sent_before;
        assert_eq!(sent, usize::from(*winner == "approve"), "round {round}: {winner} won");
    }
}
