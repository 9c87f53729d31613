//! A workspace as a file: given away by one host, taken in by another, whole or not at all.

use crate::host::{Place, shared};
use crate::journal;
use crate::room::Room;
use crate::routes::{OF_FILES, Operation, description, is_problem, operations};
use crate::schema::objection;
use kernel::hash::HashText;
use kernelos_tests::crash::{Answer, Client};
use kernelos_tests::hosts::Running;
use ports::transfer::{About, FrameKind, PART_FORMAT, Record, begin as chain, read, records, text, write};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The key of every file here.
pub const KEY: HashText = HashText([42; 32]);
/// As much as one request takes.
const SLICE: usize = 1 << 20;

/// A workspace that some host gave away.
#[derive(Clone)]
pub struct File {
    /// The workspace.
    pub workspace: String,
    /// The file.
    pub bytes: Vec<u8>,
}

#[derive(Serialize)]
struct Begin<'a> {
    #[serde(with = "text::bytes")]
    head: &'a [u8],
    key: HashText,
}

impl File {
    /// `workspace` as `host` gives it away.
    pub fn of(host: &Running, workspace: &str) -> Self {
        let body = json!({"key": KEY}).to_string();
        let path = format!("/v1/workspaces/{workspace}/export");
        let answer = host.client().post(&path, "", body.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/octet-stream")));
        Self { workspace: workspace.to_owned(), bytes: answer.body }
    }

    /// Two files of one workspace that no other host has; the host that gave them away is gone.
    pub fn from_elsewhere() -> [Self; 2] {
        let place = Place::new();
        let host = place.start();
        let mut room = Room::new(host.client());
        room.agent("http://127.0.0.1:1/v1");
        for nth in 0..30 {
            room.one("task.create", &json!({"title": format!("task {nth}")}));
        }
        let first = Self::of(&host, &room.id);
        room.one("task.create", &json!({"title": "one more"}));
        [first, Self::of(&host, &room.id)]
    }

    /// Its first frame.
    pub fn head(&self) -> &[u8] {
        &self.bytes[..About::read(&self.bytes).unwrap().1]
    }

    fn path(&self) -> String {
        format!("/v1/workspaces/{}/import", self.workspace)
    }

    /// Begin to take it in.
    pub fn begin(&self, host: &Running) -> Answer {
        self.begin_with(host, self.head(), KEY)
    }

    /// Begin with that head and that key.
    pub fn begin_with(&self, host: &Running, head: &[u8], key: HashText) -> Answer {
        let body = serde_json::to_vec(&Begin { head, key }).unwrap();
        host.client().post(&self.path(), "", &body).unwrap()
    }

    /// Go on at `offset` with `bytes`.
    pub fn append(&self, host: &Running, offset: usize, bytes: &[u8]) -> Answer {
        let headers = format!("content-type: application/partial-upload\r\nupload-offset: {offset}\r\n");
        self.ask(host, "PATCH", &headers, bytes)
    }

    /// Ask about the import, with these headers.
    pub fn ask(&self, host: &Running, method: &str, headers: &str, body: &[u8]) -> Answer {
        let (address, token) = (host.address(), host.token());
        let head = format!("{method} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n", self.path());
        let head = format!("{head}{headers}content-length: {}\r\n\r\n", body.len());
        Client::new(address, "").exchange(&[head.as_bytes(), body].concat()).unwrap()
    }

    /// Take all of it in.
    pub fn take_in(&self, host: &Running) {
        let begun = self.begin(host);
        assert_eq!(begun.status, 201, "{}", begun.json());
        self.go_on(host, begun.json()["offset"].as_u64().unwrap());
    }

    /// Go on from `offset` to the end.
    fn go_on(&self, host: &Running, offset: u64) {
        let mut offset = usize::try_from(offset).unwrap();
        while offset < self.bytes.len() {
            let until = self.bytes.len().min(offset + SLICE);
            let answer = self.append(host, offset, &self.bytes[offset..until]);
            assert_eq!(answer.status, 200, "{}", answer.json());
            let next = usize::try_from(answer.json()["offset"].as_u64().unwrap()).unwrap();
            assert!(next > offset, "nothing of a whole slice was taken in");
            offset = next;
        }
    }

    /// With one bit of the frames behind the first one flipped.
    pub fn altered(&self) -> Self {
        let mut altered = self.clone();
        let at = self.head().len() + (self.bytes.len() - self.head().len()) / 2;
        altered.bytes[at] ^= 1;
        altered
    }

    /// As a version would write it that nobody knows yet.
    pub fn head_of_tomorrow() -> Vec<u8> {
        let about = json!({"file": 99, "format": 1}).to_string();
        let frame = write(&mut chain(), FrameKind::About, about.as_bytes());
        [ports::transfer::MAGIC, frame.as_slice()].concat()
    }
}

/// Reads of a workspace that do not depend on where it is.
fn reads(room: &mut Room) -> Vec<Value> {
    let mut reads: Vec<Value> =
        ["/tasks?limit=256", "/agents", "/providers", "/usage", "/egress"].map(|read| room.get(read)).into();
    reads.push(room.root());
    reads
}

#[test]
fn a_workspace_taken_in_elsewhere_is_the_same_and_holds_what_it_owes_until_it_is_adopted() {
    let (place, to) = (Place::new(), shared());
    let from = place.start();
    let mut room = Room::new(from.client());
    let agent = room.agent("http://127.0.0.1:1/v1");
    for nth in 0..30 {
        room.one("task.create", &json!({"title": format!("task {nth} {}", "x".repeat(400))}));
    }
    let (read, log) = (reads(&mut room), journal::whole(&mut room.client, &room.id));
    let file = File::of(&from, &room.id);
    from.kill();
    file.take_in(&to);
    room.client = to.client();
    assert_eq!(reads(&mut room), read);
    assert_eq!(journal::whole(&mut room.client, &room.id)[..log.len()], log);
    let origin = room.get("")["origin"].clone();
    assert_eq!((&origin["held"], &origin["incarnation"]), (&json!(true), &json!(1)), "{origin}");
    // It may be worked with; what leaves it waits.
    room.one("task.create", &json!({"title": "here"}));
    room.make("task.ask", &json!({"agent": agent, "prompt": "held"}));
    assert_eq!(room.send("timers.fire", &json!({})).text("/code"), "effects_held");
    room.make("workspace.adopt", &json!({}));
    assert_eq!(room.get("")["origin"]["held"], false);
    let again = file.begin(&to);
    assert_eq!((again.status, again.text("/code").as_str()), (409, "workspace_exists"));
}

/// Events, chunks and keys of a file, in the order of their bytes.
fn records_of(file: &[u8]) -> [Vec<Vec<u8>>; 3] {
    let (_, mut at, mut chain) = About::read(file).unwrap();
    let mut sorts = [Vec::new(), Vec::new(), Vec::new()];
    while let Some(frame) = read(&file[at..], &chain).unwrap().filter(|frame| frame.kind == FrameKind::Records) {
        (at, chain) = (at + frame.size, frame.chain);
        for record in records(&frame.raw).map(Result::unwrap) {
            let sort = match record {
                Record::Sealed(_) | Record::Event(_) => 0,
                Record::Chunk(_) => 1,
                Record::Key(_) => 2,
            };
            let mut bytes = Vec::new();
            record.write(&mut bytes);
            sorts[sort].push(bytes);
        }
    }
    sorts.each_mut().map(|sort| {
        sort.sort_unstable();
        std::mem::take(sort)
    })
}

#[test]
fn a_whole_and_what_came_after_it_are_what_a_later_whole_is() {
    let host = shared();
    let mut room = Room::new(host.client());
    room.agent("http://127.0.0.1:1/v1");
    room.one("task.create", &json!({"title": "before"}));
    let whole = File::of(&host, &room.id);
    let after = room.get("")["pos"].as_u64().unwrap();
    // Content that is kept apart, in chunks.
    let mut seed = 7_u64;
    let mut digits = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{seed:016x}")
    };
    let large: String = (0..20_000).map(|_| digits()).collect();
    let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1/v1", "model": "m"});
    let provider = room.make("provider.define", &provider);
    room.make("agent.define", &json!({"name": "large", "provider": provider[0], "instructions": large}));
    let body = json!({"key": KEY, "after": after}).to_string();
    let part = room.client.post(&room.path("/export"), "", body.as_bytes()).unwrap();
    assert_eq!(part.status, 200, "{}", part.json());
    let (about, ..) = About::read(&part.body).unwrap();
    assert_eq!((about.file, about.after), (PART_FORMAT, after));
    let [mut events, mut chunks, _] = records_of(&whole.bytes);
    let [more, large, keys] = records_of(&part.body);
    assert!(!large.is_empty(), "nothing was kept apart");
    events.extend(more);
    chunks.extend(large);
    events.sort_unstable();
    chunks.sort_unstable();
    assert!(records_of(&File::of(&host, &room.id).bytes) == [events, chunks, keys]);
    let as_file = File { workspace: room.id.clone(), bytes: part.body };
    let refused = as_file.begin(&host);
    assert_eq!((refused.status, refused.text("/code").as_str()), (422, "import_foreign"));
    let beyond = json!({"key": KEY, "after": after + 1_000}).to_string();
    let beyond = room.client.post(&room.path("/export"), "", beyond.as_bytes()).unwrap();
    assert_eq!((beyond.status, beyond.text("/code").as_str()), (422, "position_ahead"));
}

#[test]
fn an_import_goes_on_after_a_kill_where_it_stood_and_is_not_there_before_its_end() {
    let ([file, _], place) = (File::from_elsewhere(), Place::new());
    let host = place.start();
    let begun = file.begin(&host);
    assert_eq!(begun.status, 201, "{}", begun.json());
    let offset = begun.json()["offset"].as_u64().unwrap();
    assert_eq!(host.client().get(&format!("/v1/workspaces/{}", file.workspace)).unwrap().status, 404);
    assert!(!host.client().get("/v1/workspaces").unwrap().text("/workspaces/0").contains(&file.workspace));
    host.kill();
    let host = place.start();
    let stands = file.ask(&host, "HEAD", "", b"");
    assert_eq!((stands.status, stands.header("upload-offset")), (204, Some(offset.to_string().as_str())));
    assert_eq!(file.begin(&host).json()["offset"], offset, "the same file goes on");
    file.go_on(&host, offset);
    let mut room = Room::at(host.client(), &file.workspace);
    assert_eq!(room.get("/tasks?limit=256")["tasks"].as_array().unwrap().len(), 30);
    host.stop().unwrap();
    place.verify();
}

#[test]
fn a_file_that_was_altered_or_cut_leaves_nothing_and_the_right_one_can_be_taken_in_then() {
    let ([file, _], host) = (File::from_elsewhere(), shared());
    let is_there = || host.client().get(&format!("/v1/workspaces/{}", file.workspace)).unwrap().status;
    let altered = file.altered();
    let offset = usize::try_from(altered.begin(&host).json()["offset"].as_u64().unwrap()).unwrap();
    let refused = altered.append(&host, offset, &altered.bytes[offset..]);
    assert_eq!((refused.status, refused.text("/code").as_str()), (422, "import_altered"), "{}", refused.json());
    let cut = file.append(&host, offset, &file.bytes[offset..file.bytes.len() - 1]);
    assert_ne!(cut.json()["complete"], true, "{}", cut.json());
    assert_eq!(is_there(), 404);
    assert_eq!(file.ask(&host, "DELETE", "", b"").status, 204);
    file.take_in(&host);
    assert_eq!(is_there(), 200);
}

#[test]
fn every_route_of_files_is_answered_as_it_is_described() {
    let ([file, _], host) = (File::from_elsewhere(), shared());
    let description = description(&mut host.client());
    let operations: Vec<Operation> =
        operations(&description).into_iter().filter(|operation| OF_FILES.contains(&operation.id())).collect();
    let named: BTreeSet<&str> = operations.iter().map(Operation::id).collect();
    assert_eq!(named, OF_FILES.into_iter().collect(), "routes of files are not described");
    let mut room = Room::new(host.client());
    room.one("task.create", &json!({"title": "to be given away"}));
    let offset = file.head().len();
    // In the order in which they make sense.
    let answers = [
        (
            "exportWorkspace",
            room.client.post(&room.path("/export"), "", json!({"key": KEY}).to_string().as_bytes()).unwrap(),
        ),
        ("beginImport", file.begin(&host)),
        ("standImport", file.ask(&host, "HEAD", "", b"")),
        ("appendImport", file.append(&host, offset, &file.bytes[offset..])),
    ];
    let again = File::from_elsewhere();
    assert_eq!(again[0].begin(&host).status, 201);
    let abandoned = ("abandonImport", again[0].ask(&host, "DELETE", "", b""));
    for (id, answer) in answers.into_iter().chain([abandoned]) {
        let operation = operations.iter().find(|operation| operation.id() == id).unwrap();
        let (status, schema) = operation.well();
        assert_eq!(answer.status, status, "{id}: {}", answer.json());
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{id}");
        if schema.is_object() {
            assert_eq!(objection(&description, &schema, &answer.json()), None, "{id}: {}", answer.json());
        }
    }
    let nowhere = file.ask(&host, "PATCH", "content-type: application/partial-upload\r\nupload-offset: x\r\n", b"");
    is_problem(&description, &nowhere, "invalid_argument");
}
