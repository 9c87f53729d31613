//! Every limit of the published table holds: what is at it passes, and what is one over it is refused. The table is read
//! from the host, so a limit that is added has a story here or the suite fails.

use crate::room::{Room, fresh_key};
use crate::routes::{description, is_problem, operations};
use crate::scene::{Mute, Scene, of_kind};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};

fn task(title: &str) -> Value {
    json!({"type": "task.create", "data": {"title": title}})
}

/// One command, in a body of exactly that many bytes.
fn body_of(bytes: usize) -> String {
    let body = json!({"commands": [task("padded")]}).to_string();
    let padding = bytes - body.len();
    body + &" ".repeat(padding)
}

/// Ask in a connection of its own: a host may close one on which it refused a body.
fn post(scene: &Scene, key: &str, body: &str) -> Answer {
    let mut client = Client::new(scene.host.address(), scene.host.token());
    client.post(&scene.room.path("/commands"), key, body.as_bytes()).unwrap()
}

/// The limit called `name`, which is `most`: what is at it, and what is one over it with the code of its refusal. A limit
/// that cuts instead of refusing has its own story below.
fn at_and_over(scene: &mut Scene, name: &str, most: u64) -> Option<(Answer, Answer, &'static str)> {
    let size = usize::try_from(most).unwrap();
    let commands = |count: usize| {
        let all: Vec<Value> = (0..count).map(|nth| task(&format!("{nth}"))).collect();
        json!({"commands": all}).to_string()
    };
    let task_path = scene.room.path(&format!("/tasks/{}", scene.answered));
    let list = |list: &str| scene.room.path(&format!("/{list}?limit="));
    let (events, effects, diff) = (list("events"), list("effects"), list("diff"));
    let entries = list("read-models/timeline");
    let client = &mut scene.room.client;
    let mut pages = |path: &str| (client.get(&format!("{path}{most}")), client.get(&format!("{path}{}", most + 1)));
    let (at, over, code) = match name {
        "body_bytes" => {
            let bodies = (body_of(size), body_of(size + 1));
            (post(scene, &fresh_key(), &bodies.0), post(scene, &fresh_key(), &bodies.1), "body_too_large")
        }
        "commands" => {
            let bodies = (commands(size), commands(size + 1));
            (post(scene, &fresh_key(), &bodies.0), post(scene, &fresh_key(), &bodies.1), "too_many_commands")
        }
        "idempotency_key_bytes" => {
            let (body, key) = (commands(1), fresh_key());
            let long = |length: usize| format!("{key}{}", "k".repeat(length - key.len()));
            (post(scene, &long(size), &body), post(scene, &long(size + 1), &body), "invalid_idempotency_key")
        }
        "events" => with_code(pages(&events)),
        "effects" => with_code(pages(&effects)),
        "diff" => with_code(pages(&diff)),
        "entries" => with_code(pages(&entries)),
        "wait_ms" => with_code(pages(&format!("{task_path}?wait="))),
        "verify_ms" | "heartbeat_ms" => return None,
        other => panic!("no story knows the limit {other}"),
    };
    Some((at, over, code))
}

fn with_code((at, over): (std::io::Result<Answer>, std::io::Result<Answer>)) -> (Answer, Answer, &'static str) {
    (at.unwrap(), over.unwrap(), "invalid_argument")
}

#[test]
fn what_is_at_a_limit_passes_and_what_is_one_over_it_is_refused() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let limits = description["x-limits"].as_object().unwrap();
    assert!(limits.len() >= 8, "{limits:?}");
    for (name, limit) in limits {
        let most = limit["most"].as_u64().unwrap();
        let Some((at, over, code)) = at_and_over(&mut scene, name, most) else { continue };
        assert_eq!(at.status, 200, "{name}: {}", at.json());
        is_problem(&description, &over, code);
    }
}

#[test]
fn an_answer_holds_as_many_events_as_its_limit_says_and_the_next_one_goes_on() {
    let mut scene = Scene::set();
    for _ in 0..5 {
        let commands: Vec<Value> = (0..64).map(|nth| task(&format!("{nth}"))).collect();
        let body = json!({"commands": commands}).to_string();
        assert_eq!(post(&scene, &fresh_key(), &body).status, 200);
    }
    let first = scene.room.get("/events?limit=256");
    assert_eq!((first["events"].as_array().unwrap().len(), &first["next"]), (256, &json!(256)));
    let second = scene.room.get("/events?after=256&limit=256");
    assert_eq!(second["events"][0]["event"]["pos"], 257);
    assert_eq!(scene.room.get("/events")["events"].as_array().unwrap().len(), 100, "nothing was said");
}

/// How long a question to a provider may take is cut to the limit and not refused; here it ends much earlier.
#[test]
fn a_question_to_a_provider_ends_when_its_time_is_over() {
    let (mut scene, mute) = (Scene::set(), Mute::start());
    let path = scene.room.path("/providers/verify");
    let entry = json!({
        "dialect": "openai-chat", "base_url": mute.base_url(), "model": "m", "timeout_ms": 300
    });
    let answer = scene.room.client.post(&path, "", entry.to_string().as_bytes()).unwrap();
    assert_eq!((answer.status, answer.text("/failure/class").as_str()), (200, "timeout"), "{}", answer.json());
}

/// Every number that stands in a query: its least and its most pass, and what is beyond them is refused.
#[test]
fn numbers_of_a_query_are_within_their_ranges() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let mut count = 0;
    for operation in operations(&description).iter().filter(|operation| operation.method == "GET") {
        for (name, schema) in operation.parameters("query") {
            count += 1;
            let path = scene.path_of(operation);
            let (least, most) = (schema["minimum"].as_u64().unwrap(), schema["maximum"].as_u64().unwrap());
            for good in [least, most] {
                let answer = scene.ask(operation, &format!("{path}?{name}={good}"), true);
                // No log is as long as a position may be.
                let code = answer.json()["code"].clone();
                if good == most && ["at", "from", "to"].contains(&name.as_str()) {
                    assert!(["invalid_argument", "position_ahead"].iter().any(|it| code == *it), "{path}: {code}");
                    continue;
                }
                // There is nothing at the largest number of a turn, which is an answer.
                assert!([200, 404].contains(&answer.status), "{path} {name}={good}: {}", answer.json());
            }
            let over = (u128::from(most) + 1).to_string();
            let mut bad =
                vec![over, "-1".to_owned(), String::new(), "1.0".to_owned(), "x".to_owned(), "1e2".to_owned()];
            bad.extend(least.checked_sub(1).map(|less| less.to_string()));
            for bad in bad {
                let answer = scene.ask(operation, &format!("{path}?{name}={bad}"), true);
                is_problem(&description, &answer, "invalid_argument");
            }
            let twice = scene.ask(operation, &format!("{path}?{name}={least}&{name}={least}"), true);
            is_problem(&description, &twice, "invalid_argument");
        }
        let path = scene.path_of(operation);
        if !operation.is_open() {
            let answer = scene.ask(operation, &format!("{path}?no-such-parameter=1"), true);
            is_problem(&description, &answer, "invalid_argument");
        }
    }
    assert!(count >= 8, "{count} parameters are described");
}

/// A command, with the argument that has a limit.
type Long<'a> = (&'a str, &'a str, Box<dyn Fn(&str) -> Value + 'a>);

#[test]
fn texts_of_commands_may_be_as_long_as_is_said() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let (provider, agent) = (scene.room.provider("http://127.0.0.1:1/v1"), scene.mute_agent.clone());
    let provider = provider.as_str();
    let stories: [Long<'_>; 6] = [
        ("TaskCreate", "title", Box::new(|text| json!({"title": text}))),
        ("AgentDefine", "name", Box::new(move |text| json!({"name": text, "provider": provider}))),
        (
            "AgentDefine",
            "instructions",
            Box::new(move |text| json!({"name": "a", "provider": provider, "instructions": text})),
        ),
        ("BranchFork", "name", Box::new(|text| json!({"name": text}))),
        ("TaskAsk", "prompt", Box::new(|text| json!({"agent": agent, "prompt": text}))),
        (
            "ProviderDefine",
            "model",
            Box::new(
                |text| json!({"name": "p", "dialect": "openai-chat", "base_url": "https://a.example", "model": text}),
            ),
        ),
    ];
    for (schema, argument, data) in stories {
        let command = &description["components"]["schemas"][schema]["properties"];
        let name = command["type"]["const"].as_str().unwrap().to_owned();
        let most = command["data"]["properties"][argument]["maxLength"].as_u64().unwrap();
        let text = "ä".repeat(usize::try_from(most / 2).unwrap());
        assert_eq!(scene.room.send(&name, &data(&text)).status, 200, "{name} {argument}: {most} bytes");
        is_problem(&description, &scene.room.send(&name, &data(&(text + "b"))), "too_long");
        is_problem(&description, &scene.room.send(&name, &data("")), "invalid_argument");
    }
}

#[test]
fn amounts_are_what_every_client_can_represent() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let agent = scene.mute_agent.clone();
    let ask = |room: &mut Room, tokens: u64| {
        room.send("task.ask", &json!({"agent": agent, "prompt": "x", "max_tokens": tokens}))
    };
    let most = (1u64 << 53) - 1;
    let at = ask(&mut scene.room, most);
    assert_eq!(at.status, 200, "{}", at.json());
    let made: Vec<String> = serde_json::from_value(at.json()["outcomes"][0]["made"].clone()).unwrap();
    scene.room.make("task.cancel", &json!({"task": of_kind(&made, "task")}));
    for over in [most + 1, 1 << 63, u64::MAX] {
        is_problem(&description, &ask(&mut scene.room, over), "amount_out_of_range");
    }
}
