//! Whatever is sent to a host, it answers with a problem document that says how to go on, and no data changes.

#![cfg(test)]

mod support;

use kernel::hash::HashText;
use kernel::id::{CommandId, DeviceId, WorkspaceId};
use kernelos::host::{Config, Host};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use support::desk::{Desk, accepted};

const ZERO: HashText = HashText([0; 32]);

/// A host with one workspace and one task in it.
struct Story {
    _dir: tempfile::TempDir,
    host: Host,
    client: Client,
    desk: Desk,
    task: String,
}

impl Story {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::start(&Config { effects_max: 0, ..Config::new(dir.path()) }).unwrap();
        let mut client = Client::new(host.address(), host.token());
        let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
        let made = client.command(&desk.id, "task", "task.create", &json!({ "title": "the first" })).unwrap();
        let task = accepted(&made);
        Self { _dir: dir, host, client, desk, task }
    }

    fn data_root(&mut self) -> Value {
        self.desk.describe(&mut self.client)["roots"]["main@0"].clone()
    }

    /// `answer` is a problem of that status and code, and the data root is what it was before `ask`.
    fn refuses(&mut self, story: &str, wanted: (u16, &str), ask: impl FnOnce(&mut Self) -> Answer) {
        let before = self.data_root();
        let answer = ask(self);
        let told = answer.json();
        assert_eq!((answer.status, told["code"].as_str().unwrap_or_default()), wanted, "{story}: {told}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{story}");
        assert_eq!(told["type"], format!("urn:kernelos:problem:{}", wanted.1), "{story}");
        assert_eq!(told["status"], wanted.0, "{story}");
        for member in ["title", "detail", "safe", "hint"] {
            assert!(told[member].as_str().is_some_and(|text| !text.is_empty()), "{story}: no {member} in {told}");
        }
        assert!(!told.to_string().contains(self.host.token()), "{story}: the answer tells the token");
        assert_eq!(self.data_root(), before, "{story}: data changed");
    }

    /// The same for a body sent to the workspace's commands.
    fn refuses_body(&mut self, story: &str, wanted: (u16, &str), body: &[u8]) {
        let path = self.desk.path("/commands");
        self.refuses(story, wanted, |it| it.client.post(&path, &key(story), body).unwrap());
    }

    /// The same for one command.
    fn refuses_command(&mut self, wanted: (u16, &str), name: &str, data: &Value) {
        let story = format!("{name} {data}");
        let story: String = story.chars().take(120).collect();
        let id = self.desk.id.clone();
        self.refuses(&story, wanted, |it| it.client.command(&id, &key(&story), name, data).unwrap());
    }

    /// The same for a request written by hand. `HOST`, `TOKEN` and `WORKSPACE` stand for what they name.
    fn refuses_raw(&mut self, story: &str, wanted: (u16, &str), request: &str) {
        let request = request
            .replace("HOST", &self.host.address().to_string())
            .replace("TOKEN", self.host.token())
            .replace("WORKSPACE", &self.desk.id);
        self.refuses(story, wanted, |it| Client::new(it.host.address(), "").exchange(request.as_bytes()).unwrap());
    }
}

/// An idempotency key of a story's own.
fn key(story: &str) -> String {
    let hash = kernel::hash::hash(kernel::hash::Domain::Identity, &[story.as_bytes()]);
    HashText(hash).to_string()
}

#[test]
fn what_is_not_json_or_not_a_batch_is_refused() {
    let mut it = Story::begin();
    for (body, wanted) in [
        ("", (400, "malformed_json")),
        ("{", (400, "malformed_json")),
        ("nonsense", (400, "malformed_json")),
        ("{\"commands\":[]} trailing", (400, "malformed_json")),
        ("{\"commands\":[{\"type\":\"task.create\",\"data\":{\"title\":\"\u{1}\"}}]}", (400, "malformed_json")),
        ("[]", (422, "invalid_argument")),
        ("{}", (422, "invalid_argument")),
        ("{\"commands\":{}}", (422, "invalid_argument")),
        ("{\"commands\":[]}", (422, "invalid_argument")),
        ("{\"commands\":[7]}", (422, "invalid_argument")),
        (
            "{\"commands\":[{\"type\":\"task.create\",\"data\":{\"title\":\"a\"},\"extra\":1}]}",
            (422, "invalid_argument"),
        ),
        (
            "{\"commands\":[{\"type\":\"task.create\",\"data\":{\"title\":\"a\"}},{\"type\":\"x\"}]}",
            (422, "invalid_argument"),
        ),
    ] {
        it.refuses_body(body, wanted, body.as_bytes());
    }
    it.refuses_body("bytes that are no text", (400, "malformed_json"), b"{\"commands\":[{\"type\":\"\xff\xfe\"}]}");
    let deep = "[".repeat(100_000);
    it.refuses_body("a deep nest", (400, "malformed_json"), deep.as_bytes());
}

#[test]
fn commands_that_do_not_exist_or_do_not_fit_are_refused() {
    let mut it = Story::begin();
    let (agent, task) = (it.desk.agent.clone(), it.task.clone());
    it.refuses_command((422, "unknown_command"), "task.crate", &json!({ "title": "a" }));
    it.refuses_command((422, "unknown_command"), "", &json!({}));
    for data in [
        json!({}),
        json!({ "title": 7 }),
        json!({ "title": null }),
        json!({ "title": "a", "more": 1 }),
        json!([]),
        json!("a"),
    ] {
        it.refuses_command((422, "invalid_argument"), "task.create", &data);
    }
    it.refuses_command((422, "invalid_argument"), "task.create", &json!({ "title": "" }));
    it.refuses_command((422, "too_long"), "task.create", &json!({ "title": "a".repeat(513) }));
    it.refuses_command((422, "too_long"), "task.ask", &json!({ "agent": agent, "prompt": "a".repeat(600_000) }));
    for control in ["a\u{0}b", "a\nb", "a\u{1b}[31mb", "a\u{7f}", "a\u{85}b"] {
        it.refuses_command((422, "control_character"), "task.create", &json!({ "title": control }));
    }
    it.refuses_command((422, "control_character"), "task.ask", &json!({ "agent": agent, "prompt": "a\u{8}b" }));
    it.refuses_command(
        (404, "not_found"),
        "task.ask",
        &json!({ "agent": task.replace(".task", ".agent"), "prompt": "a" }),
    );
    it.refuses_command((400, "bad_id"), "task.ask", &json!({ "agent": "nobody", "prompt": "a" }));
}

#[test]
fn amounts_that_some_client_cannot_represent_are_refused() {
    let mut it = Story::begin();
    let agent = it.desk.agent.clone();
    for amount in ["9223372036854775808", "9007199254740992", "18446744073709551615"] {
        let data: Value =
            serde_json::from_str(&format!(r#"{{"agent":"{agent}","prompt":"a","max_tokens":{amount}}}"#)).unwrap();
        it.refuses_command((422, "amount_out_of_range"), "task.ask", &data);
    }
    for amount in ["-1", "1.5", "1e3", "\"7\"", "18446744073709551616", "-9223372036854775808", "1e400", "true"] {
        let body = format!(
            r#"{{"commands":[{{"type":"task.ask","data":{{"agent":"{agent}","prompt":"a","max_tokens":{amount}}}}}]}}"#
        );
        let before = it.data_root();
        let answer = it.client.post(&it.desk.path("/commands"), &key(&body), body.as_bytes()).unwrap();
        let code = answer.text("/code");
        assert!(
            ["invalid_argument", "amount_out_of_range", "malformed_json"].contains(&code.as_str()),
            "{amount}: {}",
            answer.json()
        );
        assert_eq!(it.data_root(), before, "{amount}");
    }
    let effect = it.task.replace(".task", ".effect");
    let runtime = json!({ "runtime": format!("{}.10", it.task.split('.').next().unwrap()), "boot": "0".repeat(26) });
    for ttl in [0u64, 600_001, 1 << 63] {
        let mut data = runtime.clone();
        data["ttl_ms"] = json!(ttl);
        it.refuses_command((422, "invalid_argument"), "effect.lease", &data);
    }
    let mut data = runtime;
    data["effect"] = json!(effect);
    data["fence"] = json!(1u64 << 63);
    data["outcome"] = json!({ "is": "failed", "class": "rate", "detail": "a" });
    it.refuses_command((422, "amount_out_of_range"), "effect.report", &data);
    for path in [
        "/events?after=9223372036854775808",
        "/events?after=-1",
        "/events?limit=0",
        "/events?limit=257",
        "/events?lmit=1",
    ] {
        let path = it.desk.path(path);
        it.refuses(&path, (422, "invalid_argument"), |it| it.client.get(&path).unwrap());
    }
}

#[test]
fn ids_of_other_workspaces_and_texts_that_are_no_ids_are_refused() {
    let mut it = Story::begin();
    let other = it.client.post("/v1/workspaces", "other", br#"{"name":"other"}"#).unwrap().text("/id");
    let elsewhere = it.client.command(&other, "t1", "task.create", &json!({ "title": "elsewhere" })).unwrap();
    let elsewhere = accepted(&elsewhere);
    // This host's device counts in both: what the other one made last, this one has not made yet.
    for nth in 0..8 {
        it.client.command(&other, &format!("more-{nth}"), "task.create", &json!({ "title": "a" })).unwrap();
    }
    let foreign = accepted(&it.client.command(&other, "last", "task.create", &json!({ "title": "a" })).unwrap());
    let agent = it.desk.agent.clone();
    it.refuses_command((404, "not_found"), "task.ask", &json!({ "agent": agent, "task": foreign, "prompt": "a" }));
    let paths = [
        it.desk.path(&format!("/tasks/{foreign}")),
        it.desk.path(&format!("/effects/{}", elsewhere.replace("task", "effect"))),
    ];
    for path in paths {
        it.refuses(&path, (404, "not_found"), |it| it.client.get(&path).unwrap());
    }
    let body =
        json!({ "workspace": other, "commands": [{ "type": "task.create", "data": { "title": "a" } }] }).to_string();
    it.refuses_body("a body meant for another workspace", (422, "wrong_workspace"), body.as_bytes());

    let nowhere = format!("/v1/workspaces/{}", WorkspaceId::new(&[8; 32], &[8; 16]));
    it.refuses("no such workspace", (404, "workspace_not_found"), |it| it.client.get(&nowhere).unwrap());
    it.refuses("commands for no such workspace", (404, "workspace_not_found"), |it| {
        let body = br#"{"commands":[{"type":"task.create","data":{"title":"a"}}]}"#;
        it.client.post(&format!("{nowhere}/commands"), "nowhere", body).unwrap()
    });
    for bad in ["x", "..", "%2e%2e", "W".repeat(26).as_str(), "0".repeat(4000).as_str()] {
        let path = format!("/v1/workspaces/{bad}");
        it.refuses(&path, (400, "bad_id"), |it| it.client.get(&path).unwrap());
    }
    let path = it.desk.path("/tasks/..");
    it.refuses(&path, (400, "bad_id"), |it| it.client.get(&path).unwrap());
}

#[test]
fn bodies_and_batches_over_the_limit_are_refused() {
    let mut it = Story::begin();
    let long = format!(r#"{{"commands":[{{"type":"task.create","data":{{"title":"{}"}}}}]}}"#, "a".repeat(1 << 20));
    let path = it.desk.path("/commands");
    it.refuses("a body over the limit", (413, "body_too_large"), |it| {
        Client::new(it.host.address(), it.host.token()).post(&path, "long", long.as_bytes()).unwrap()
    });
    let chunked = format!(
        "POST /v1/workspaces/WORKSPACE/commands HTTP/1.1\r\nhost: HOST\r\nauthorization: Bearer TOKEN\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("10000\r\n{}\r\n", "a".repeat(0x10000)).repeat(17)
    );
    it.refuses_raw("the same without saying its length", (413, "body_too_large"), &chunked);
    let command = r#"{"type":"task.create","data":{"title":"a"}}"#;
    let many = format!("{{\"commands\":[{}]}}", vec![command; 65].join(","));
    it.refuses_body("65 commands", (422, "too_many_commands"), many.as_bytes());
}

#[test]
fn a_token_that_is_missing_or_wrong_opens_nothing() {
    let mut it = Story::begin();
    let refused = (401, "unauthenticated");
    for header in [
        "",
        "authorization: Bearer \r\n",
        "authorization: Bearer wrong\r\n",
        "authorization: Bearer TOKEN1\r\n",
        "authorization: Basic TOKEN\r\n",
        "authorization: TOKEN\r\n",
        "authorization: Bearer TOKEN\r\nauthorization: Bearer wrong\r\n",
        "cookie: token=TOKEN\r\n",
    ] {
        let get = format!("GET /v1/workspaces/WORKSPACE HTTP/1.1\r\nhost: HOST\r\n{header}\r\n");
        it.refuses_raw(header, refused, &get);
        let body = r#"{"commands":[{"type":"task.create","data":{"title":"a"}}]}"#;
        let post = format!(
            "POST /v1/workspaces/WORKSPACE/commands HTTP/1.1\r\nhost: HOST\r\n{header}idempotency-key: k\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        it.refuses_raw(header, refused, &post);
    }
    it.refuses_raw("a token in the query", refused, "GET /v1/workspaces?token=TOKEN HTTP/1.1\r\nhost: HOST\r\n\r\n");
}

#[test]
fn pages_of_other_hosts_are_refused() {
    let mut it = Story::begin();
    let head = "GET /v1/workspaces HTTP/1.1\r\nauthorization: Bearer TOKEN\r\n";
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "user@HOST",
        "192.168.0.1",
        "",
    ] {
        it.refuses_raw(&format!("host {host:?}"), (403, "forbidden_host"), &format!("{head}host: {host}\r\n\r\n"));
    }
    let twice = format!("{head}host: HOST\r\nhost: evil.example\r\n\r\n");
    it.refuses_raw("two hosts", (403, "forbidden_host"), &twice);
    for origin in ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1", "file://", "HOST"] {
        let request = format!("{head}host: HOST\r\norigin: {origin}\r\n\r\n");
        it.refuses_raw(&format!("origin {origin}"), (403, "forbidden_origin"), &request);
    }
}

#[test]
fn routes_and_methods_that_do_not_exist_say_so() {
    let mut it = Story::begin();
    for path in [
        "/",
        "/v1",
        "/v2/workspaces",
        "/v1/workspaces/",
        "/v1/workspace",
        "/v1//workspaces",
        "/admin",
        "/v1/workspaces/a/b/c/d",
    ] {
        it.refuses(path, (404, "unknown_route"), |it| it.client.get(path).unwrap());
    }
    let path = it.desk.path("");
    for method in ["DELETE", "PUT", "PATCH", "POST", "OPTIONS", "BREW"] {
        it.refuses(method, (405, "method_not_allowed"), |it| it.client.send(method, &path, &[], b"").unwrap());
    }
    let body = br#"{"commands":[{"type":"task.create","data":{"title":"a"}}]}"#;
    let path = it.desk.path("/commands");
    it.refuses("another media type", (415, "unsupported_media_type"), |it| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: HOST\r\nauthorization: Bearer {}\r\nidempotency-key: m\r\n\
             content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            it.host.token(),
            body.len()
        );
        let request = request.replace("HOST", &it.host.address().to_string());
        Client::new(it.host.address(), "").exchange(&[request.as_bytes(), body].concat()).unwrap()
    });
}

#[test]
fn an_idempotency_key_stands_for_one_request() {
    let mut it = Story::begin();
    let id = it.desk.id.clone();
    let first = it.client.command(&id, "mine", "task.create", &json!({ "title": "one" })).unwrap();
    it.refuses("a key used for other bytes", (409, "idempotency_key_reused"), |it| {
        it.client.command(&id, "mine", "task.create", &json!({ "title": "two" })).unwrap()
    });
    it.refuses("a key used for another command", (409, "idempotency_key_reused"), |it| {
        it.client.command(&id, "mine", "agent.define", &json!({ "name": "a", "provider": it.desk.agent })).unwrap()
    });
    let again = it.client.command(&id, "mine", "task.create", &json!({ "title": "one" })).unwrap();
    assert_eq!((again.status, again.body), (200, first.body));
    let path = it.desk.path("/commands");
    let body = br#"{"commands":[{"type":"task.create","data":{"title":"a"}}]}"#;
    it.refuses("no key at all", (400, "missing_idempotency_key"), |it| it.client.post(&path, "", body).unwrap());
    for key in ["with space", "a\u{e9}", "a".repeat(256).as_str()] {
        it.refuses(key, (400, "invalid_idempotency_key"), |it| it.client.post(&path, key, body).unwrap());
    }
    it.refuses("a rejection is answered again", (422, "invalid_argument"), |it| {
        let bad = json!({ "title": "" });
        let first = it.client.command(&id, "bad", "task.create", &bad).unwrap();
        let again = it.client.command(&id, "bad", "task.create", &bad).unwrap();
        assert_eq!(first.body, again.body);
        again
    });
}

#[test]
fn a_device_whose_count_went_back_is_told_to_begin_an_incarnation() {
    let mut it = Story::begin();
    let public_key = [7; 32];
    let id = it.desk.id.clone();
    let unknown = counted(1, "first", ZERO);
    it.refuses_body("a device nobody enrolled", (403, "device_unknown"), unknown.as_bytes());
    let enrolled =
        it.client.command(&id, "enroll", "device.enroll", &json!({ "public_key": HashText(public_key) })).unwrap();
    assert_eq!(enrolled.status, 200, "{}", enrolled.json());

    let path = it.desk.path("/commands");
    let first = it.client.post(&path, "", unknown.as_bytes()).unwrap();
    assert_eq!(first.status, 200, "{}", first.json());
    assert_eq!(it.client.post(&path, "", unknown.as_bytes()).unwrap().body, first.body);
    let restored = counted(1, "something else after a restore", ZERO);
    it.refuses_body("the count went back", (409, "command_id_reused"), restored.as_bytes());
    let forked = counted(2, "second", HashText([3; 32]));
    it.refuses_body("the chain is another", (409, "device_forked"), forked.as_bytes());
    it.refuses_body("no count at all", (422, "invalid_argument"), counted(0, "zeroth", ZERO).as_bytes());
    it.refuses_body("a count over the limit", (422, "amount_out_of_range"), counted(1 << 53, "last", ZERO).as_bytes());
}

/// A command of the device with the key `[7; 32]`.
fn counted(counter: u64, title: &str, previous: HashText) -> String {
    let id = CommandId { device: DeviceId::of(&[7; 32]), incarnation: 0, counter };
    let command = json!({ "type": "task.create", "data": { "title": title }, "id": id, "previous": previous });
    json!({ "commands": [command] }).to_string()
}
