//! Every code of the published table: what a client does that gets it, or why no client can.

use crate::journal;
use crate::portability::{File, KEY};
use crate::room::{Room, fresh_key};
use crate::routes::description;
use crate::scene::{Scene, asked_a_person, of_kind, workflow};
use crate::schema::objection;
use kernel::hash::HashText;
use kernel::id::{BootId, CommandId, DeviceId, RuntimeId, WorkspaceId};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The published table.
const TABLE: &str = include_str!("../contract/problems.txt");

/// What no client can bring about, and who looks after it.
const FROM_INSIDE_ONLY: [(&str, &str); 5] = [
    (
        "damaged",
        "takes stored bytes that were altered behind the host: the kit of stores and tests/tests/damage.rs do that",
    ),
    (
        "unavailable",
        "takes a host that loses its store, or stops: the fault simulation and tests/tests/lost_replies.rs",
    ),
    (
        "storage_full",
        "takes a disk that is full, or a limit: functions/sequencer/tests/space.rs and adapters/store-libsql/src/space.rs",
    ),
    ("export_overtaken", "takes a key that is destroyed between two slices: functions/sequencer/tests/portability.rs"),
    (
        "command_forgotten",
        "takes records of commands that were cleared away, which no version does yet: kernel/src/machine/admit.rs",
    ),
];

/// Where workspaces here are on their way to.
const ELSEWHERE: &str = "https://elsewhere.example";

/// A workspace that is frozen.
fn frozen(it: &Scene) -> Room {
    let mut room = Room::new(it.host.client());
    room.make("workspace.freeze", &json!({"to": ELSEWHERE}));
    room
}

/// The same when it left.
fn left(mut room: Room) -> Room {
    let view = room.get("");
    room.make("workspace.leave", &json!({"to": ELSEWHERE, "pos": view["pos"], "roots": view["roots"]}));
    room
}

/// Gets a code, in a scene of its own.
type Gets = fn(&mut Scene) -> Answer;

/// What gets every other code.
const GETS: &[(&str, Gets)] = &[
    ("malformed_json", |it| it.room.batch("key", "{\"commands\":")),
    ("bad_id", |it| get(it, "/v1/workspaces/nonsense")),
    ("missing_idempotency_key", |it| it.room.batch("", &one_task("x"))),
    ("invalid_idempotency_key", |it| {
        let path = it.room.path("/commands");
        it.room.client.send("POST", &path, &[("idempotency-key", "two words")], one_task("x").as_bytes()).unwrap()
    }),
    ("unauthenticated", |it| raw(it, "authorization: Bearer nobody\r\n", "HOST")),
    ("forbidden_origin", |it| raw(it, "authorization: Bearer TOKEN\r\norigin: http://evil.example\r\n", "HOST")),
    ("forbidden_host", |it| raw(it, "authorization: Bearer TOKEN\r\n", "evil.example")),
    ("unknown_route", |it| get(it, "/v1/nothing")),
    ("workspace_not_found", |it| get(it, &format!("/v1/workspaces/{}", WorkspaceId::new(&[8; 32], &[8; 16])))),
    ("method_not_allowed", |it| {
        let path = it.room.path("");
        it.room.client.send("DELETE", &path, &[], b"").unwrap()
    }),
    ("body_too_large", |it| {
        let body = one_task("x") + &" ".repeat(1 << 20);
        Client::new(it.host.address(), it.host.token())
            .post(&it.room.path("/commands"), "key", body.as_bytes())
            .unwrap()
    }),
    ("unsupported_media_type", |it| {
        let (body, path, address) = (one_task("x"), it.room.path("/commands"), it.host.address());
        let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n", it.host.token());
        let head =
            format!("{head}idempotency-key: k\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", body.len());
        Client::new(address, "").exchange(format!("{head}{body}").as_bytes()).unwrap()
    }),
    ("unknown_command", |it| it.room.send("task.crate", &json!({"title": "x"}))),
    ("too_many_commands", |it| {
        let command = json!({"type": "task.create", "data": {"title": "x"}});
        it.room.batch("key", &json!({"commands": vec![command; 65]}).to_string())
    }),
    ("wrong_workspace", |it| {
        let other = WorkspaceId::new(&[8; 32], &[8; 16]);
        let body = json!({"workspace": other, "commands": [{"type": "task.create", "data": {"title": "x"}}]});
        it.room.batch("key", &body.to_string())
    }),
    ("workspace_exists", |it| File::of(&it.host, &it.room.id).begin(&it.host)),
    ("import_unknown", |it| elsewhere(it, |it, file| file.append(&it.host, 0, b""))),
    ("import_under_way", |it| {
        let [first, second] = pair();
        assert_eq!(first.begin(&it.host).status, 201);
        second.begin(&it.host)
    }),
    ("import_offset", |it| {
        let [file, _] = pair();
        assert_eq!(file.begin(&it.host).status, 201);
        file.append(&it.host, 0, &file.bytes)
    }),
    ("import_foreign", |it| elsewhere(it, |it, file| file.begin_with(&it.host, b"kernelos is not here", KEY))),
    ("import_version", |it| elsewhere(it, |it, file| file.begin_with(&it.host, &File::head_of_tomorrow(), KEY))),
    ("import_altered", |it| {
        let altered = pair()[0].altered();
        let offset = usize::try_from(altered.begin(&it.host).json()["offset"].as_u64().unwrap()).unwrap();
        altered.append(&it.host, offset, &altered.bytes[offset..])
    }),
    ("import_wrong_key", |it| elsewhere(it, |it, file| file.begin_with(&it.host, file.head(), HashText([7; 32])))),
    ("effects_held", |it| {
        let [file, _] = pair();
        file.take_in(&it.host);
        Room::at(it.host.client(), &file.workspace).send("timers.fire", &json!({}))
    }),
    ("workspace_frozen", |it| frozen(it).send("task.create", &json!({"title": "x"}))),
    ("workspace_moved", |it| left(frozen(it)).send("workspace.unfreeze", &json!({}))),
    ("not_frozen", |it| it.room.send("workspace.unfreeze", &json!({}))),
    ("other_position", |it| frozen(it).send("workspace.leave", &json!({"to": ELSEWHERE, "pos": 1, "roots": {}}))),
    // It left, what it left behind was removed, and a file of the time before was taken in.
    ("not_left", |it| {
        let room = frozen(it);
        let file = File::of(&it.host, &room.id);
        let mut room = left(room);
        let end = room.end();
        let whole = room.path(&format!("/import?whole={}", end - 1));
        let removed = room.client.send("DELETE", &whole, &[], b"").unwrap();
        assert_eq!(removed.status, 204, "{}", removed.json());
        file.take_in(&it.host);
        room.send("workspace.adopt", &json!({}))
    }),
    ("not_held", |it| it.room.send("workspace.adopt", &json!({}))),
    ("position_ahead", |it| it.room.send("branch.restore", &json!({"pos": 1u64 << 40}))),
    ("before_the_branch", |it| it.room.send("branch.restore", &json!({"pos": 0}))),
    ("inside_a_command", |it| it.room.send("branch.restore", &json!({"pos": 1}))),
    ("nothing_to_restore", |it| {
        let mut still = Room::new(it.host.client());
        let end = still.end();
        still.send("branch.restore", &json!({"pos": end}))
    }),
    ("work_held", |it| waited_again(it).0.send("timers.fire", &json!({}))),
    ("work_undecided", |it| waited_again(it).0.send("work.release", &json!({}))),
    ("nothing_recorded", |it| {
        let (mut room, task) = waited_again(it);
        room.send("work.decide", &json!({"item": task, "choice": "take"}))
    }),
    ("invalid_argument", |it| it.room.send("task.create", &json!({"title": ""}))),
    ("control_character", |it| it.room.send("task.create", &json!({"title": "a\u{1b}[31mb"}))),
    ("too_long", |it| it.room.send("task.create", &json!({"title": "x".repeat(513)}))),
    ("amount_out_of_range", |it| {
        let agent = it.agent.clone();
        it.room.send("task.ask", &json!({"agent": agent, "prompt": "x", "max_tokens": 1u64 << 53}))
    }),
    ("not_found", |it| {
        let agent = it.waiting.replace("task", "agent");
        it.room.send("task.ask", &json!({"agent": agent, "prompt": "x"}))
    }),
    ("already_created", |it| it.room.send("workspace.create", &json!({"name": "x", "public_key": HashText([1; 32])}))),
    ("device_unknown", |it| counted(it, DeviceId([9; 16]), 1, "x", None)),
    ("command_id_reused", |it| {
        let device = enrolled(it, 1);
        assert_eq!(counted(it, device, 1, "one", None).status, 200);
        counted(it, device, 1, "other", None)
    }),
    ("device_forked", |it| {
        let device = enrolled(it, 2);
        assert_eq!(counted(it, device, 1, "one", Some(HashText([0; 32]))).status, 200);
        counted(it, device, 2, "two", Some(HashText([7; 32])))
    }),
    ("too_many_gaps", |it| {
        let device = enrolled(it, 3);
        for nth in 1..=64 {
            assert_eq!(counted(it, device, nth * 2, "x", None).status, 200);
        }
        counted(it, device, 130, "x", None)
    }),
    ("idempotency_key_reused", |it| {
        assert_eq!(it.room.batch("reused", &one_task("one")).status, 200);
        it.room.batch("reused", &one_task("two"))
    }),
    ("branch_holds_effects", |it| {
        let (branch, agent) = (it.room.one("branch.fork", &json!({"name": "draft"})), it.agent.clone());
        let ask = json!({"branch": branch, "type": "task.ask", "data": {"agent": agent, "prompt": "x"}});
        it.room.batch("on a branch".replace(' ', "-").as_str(), &json!({"commands": [ask]}).to_string())
    }),
    ("step_waiting", |it| {
        let data = json!({"agent": it.mute_agent, "task": it.waiting, "prompt": "And now?"});
        it.room.send("task.ask", &data)
    }),
    ("nothing_to_lease", |it| {
        let mut empty = Room::new(it.host.client());
        let (runtime, boot) = joined(&mut empty, 1);
        empty.send("effect.lease", &json!({"runtime": runtime, "boot": boot, "ttl_ms": 1000}))
    }),
    ("not_outstanding", |it| lease(it, |it| it.settled_effect.clone())),
    ("lease_held", |it| lease(it, |it| it.effect.clone())),
    ("runtime_restarted", |it| {
        let (runtime, _) = joined(&mut it.room, 1);
        let boot = BootId([77; 16]);
        it.room.send("effect.lease", &json!({"runtime": runtime, "boot": boot, "ttl_ms": 1000}))
    }),
    ("invalid_workflow", |it| it.room.send("workflow.define", &json!({"source": {"document": 7}}))),
    ("already_decided", |it| {
        let (approval, digest) = asked_a_person(&mut it.room);
        let decide = json!({"approval": approval, "digest": digest, "decision": "approve"});
        it.room.make("approval.decide", &decide);
        it.room.send("approval.decide", &decide)
    }),
    ("other_bytes", |it| {
        let (approval, _) = asked_a_person(&mut it.room);
        let decide = json!({"approval": approval, "digest": HashText([0; 32]), "decision": "approve"});
        it.room.send("approval.decide", &decide)
    }),
    ("nothing_due", |it| Room::new(it.host.client()).send("timers.fire", &json!({}))),
    ("key_destroyed", |it| {
        let task = it.room.one("task.create", &json!({"title": "to be forgotten"}));
        let subject = json!({"subject": format!("task/{task}")});
        it.room.make("key.destroy", &subject);
        it.room.send("key.destroy", &subject)
    }),
];

/// A workspace that went back to where a run waited for a time, which went by since; and the run's task.
fn waited_again(it: &Scene) -> (Room, String) {
    let mut room = Room::new(it.host.client());
    let source = workflow(&json!([{"pause": {"wait": {"milliseconds": 200}}}]));
    let workflow = room.one("workflow.define", &json!({"source": source}));
    let task = of_kind(&room.make("run.start", &json!({"workflow": workflow, "input": {}})), "task");
    let log = journal::whole(&mut room.client, &room.id);
    let waits = log.iter().rfind(|event| event.text("/type") == "timer.set").unwrap().number("/pos");
    let ended = room.get(&format!("/tasks/{task}?wait=30000"));
    assert_eq!(ended["status"], "done", "{ended}");
    room.make("branch.restore", &json!({"pos": waits}));
    (room, task)
}

/// Two files of a workspace that is not here, until one of the codes takes it in.
fn pair() -> &'static [File; 2] {
    static PAIR: OnceLock<[File; 2]> = OnceLock::new();
    PAIR.get_or_init(File::from_elsewhere)
}

/// Somebody has a file of a workspace that is not here.
fn elsewhere(it: &Scene, ask: impl Fn(&Scene, &File) -> Answer) -> Answer {
    ask(it, &pair()[0])
}

fn one_task(title: &str) -> String {
    json!({"commands": [{"type": "task.create", "data": {"title": title}}]}).to_string()
}

fn get(it: &mut Scene, path: &str) -> Answer {
    it.room.client.get(path).unwrap()
}

/// A request with these headers, addressed to `host`. `HOST` and `TOKEN` stand for what they name.
fn raw(it: &Scene, headers: &str, host: &str) -> Answer {
    let address = it.host.address().to_string();
    let request = format!("GET {} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n", it.room.path(""));
    let request = request.replace("HOST", &address).replace("TOKEN", it.host.token());
    Client::new(it.host.address(), "").exchange(request.as_bytes()).unwrap()
}

/// A device that may author commands.
fn enrolled(it: &mut Scene, number: u8) -> DeviceId {
    let key = [number; 32];
    it.room.make("device.enroll", &json!({"public_key": HashText(key)}));
    DeviceId::of(&key)
}

/// The device's command number `counter`.
fn counted(it: &mut Scene, device: DeviceId, counter: u64, title: &str, previous: Option<HashText>) -> Answer {
    let id = CommandId { device, incarnation: 0, counter };
    let mut command = json!({"id": id, "type": "task.create", "data": {"title": title}});
    if let Some(previous) = previous {
        command["previous"] = json!(previous);
    }
    it.room.batch("", &json!({"commands": [command]}).to_string())
}

/// A runtime of a device of its own that has joined.
fn joined(room: &mut Room, number: u8) -> (String, String) {
    let key = [100 + number; 32];
    room.make("device.enroll", &json!({"public_key": HashText(key)}));
    let runtime = RuntimeId { device: DeviceId::of(&key), slot: 0 };
    let boot = BootId([number; 16]);
    room.make("runtime.join", &json!({"runtime": runtime, "boot": boot}));
    (runtime.to_string(), boot.to_string())
}

/// Ask for a lease of one effect.
fn lease(it: &mut Scene, effect: impl Fn(&Scene) -> String) -> Answer {
    let (runtime, boot) = joined(&mut it.room, 1);
    let effect = effect(it);
    it.room.send("effect.lease", &json!({"runtime": runtime, "boot": boot, "ttl_ms": 1000, "effect": effect}))
}

/// A row of the published table: status, code, title, what is safe, what to do.
fn rows() -> Vec<[&'static str; 5]> {
    let lines: Vec<&str> = TABLE.lines().collect();
    let rows = lines.chunks(4).map(|row| {
        let (status, code) = row[0].split_once(' ').unwrap();
        [status, code, row[1].trim(), row[2].trim(), row[3].trim()]
    });
    rows.collect()
}

#[test]
fn every_code_of_the_table_is_got_by_a_client_or_said_why_not() {
    let gets: BTreeMap<&str, Gets> = GETS.iter().copied().collect();
    let from_inside: BTreeMap<&str, &str> = FROM_INSIDE_ONLY.into_iter().collect();
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let schema = &description["components"]["schemas"]["Problem"];
    let known: Vec<&str> = rows().iter().map(|row| row[1]).collect();
    assert_eq!(schema["properties"]["code"]["enum"], json!(known), "the host knows other codes than the table");
    for [status, code, title, safe, hint] in rows() {
        if from_inside.contains_key(code) {
            assert!(!gets.contains_key(code), "{code} is got and said not to be");
            continue;
        }
        let get = gets.get(code).unwrap_or_else(|| panic!("no story gets {code}, and none says why it cannot be got"));
        // A host may have closed a connection on which nothing came while another host was started.
        scene.room.client = scene.host.client();
        let answer = get(&mut scene);
        let told = answer.json();
        assert_eq!((answer.status.to_string().as_str(), told["code"].as_str()), (status, Some(code)), "{told}");
        let words = [&told["title"], &told["safe"], &told["hint"]].map(|word| word.as_str().unwrap());
        assert_eq!(words, [title, safe, hint], "{code}");
        assert_eq!(objection(&description, schema, &told), None, "{code}: {told}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{code}");
    }
}

#[test]
fn whatever_is_refused_changes_no_data() {
    let mut scene = Scene::set();
    let agent = scene.agent.clone();
    let bodies: [(&str, Value); 6] = [
        ("task.create", json!({"title": "a\u{0}b"})),
        ("task.create", json!({"title": "x".repeat(600)})),
        ("task.ask", json!({"agent": agent, "prompt": ""})),
        ("task.ask", json!({"agent": "nobody", "prompt": "x"})),
        ("run.start", json!({"workflow": scene.waiting.clone()})),
        ("egress.allow", json!({"hosts": vec!["a.example"; 300]})),
    ];
    let before = scene.room.root();
    for (name, data) in bodies {
        let answer = scene.room.send(name, &data);
        assert!((400..500).contains(&answer.status), "{name} {data}: {}", answer.json());
        assert_eq!(scene.room.root(), before, "{name} {data}");
    }
    let nonsense: [&[u8]; 5] = [b"", b"[]", b"nonsense", b"{\"commands\":[{\"type\":\"\xff\xfe\"}]}", b"{}"];
    let deep = "[".repeat(100_000);
    for body in nonsense.into_iter().chain([deep.as_bytes()]) {
        let path = scene.room.path("/commands");
        let answer = scene.room.client.post(&path, &fresh_key(), body).unwrap();
        assert!((400..500).contains(&answer.status), "{}", answer.json());
        assert_eq!(scene.room.root(), before);
    }
}

#[test]
fn a_made_thing_is_of_the_kind_it_says() {
    let mut scene = Scene::set();
    let agent = scene.mute_agent.clone();
    let made = scene.room.make("task.ask", &json!({"agent": agent, "prompt": "x"}));
    for kind in ["task", "step", "effect"] {
        assert!(of_kind(&made, kind).contains(kind));
    }
}
