//! Stories about a workspace: what was given, what is done, what must come of it.
//!
//! A story drives the machine over rows and events in memory, commits after every command, and makes the machine forget
//! everything in between, so that no story rests on what happens to be loaded.

use crate::command::{Command, Intent, WorkspaceImport};
use crate::entity::Kind;
use crate::event::{EventData, Header, next_link};
use crate::hash::{Domain, HashText, hash};
use crate::id::{BootId, CommandId, DeviceId, Id, KeyId, Role, RuntimeId, WorkspaceId};
use crate::key::{BranchId, Key, Line, Space};
use crate::machine::{
    Identity, KEYS_SPACE, Moment, Reply, Request, Stop, Workspace, chunk_address, kept_key, key_address, pages_space,
};
use crate::reject::Code;
use crate::replay::{Pins, Replay, note_restore};
use crate::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use crate::view::{RANGE_MAX, Want};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const KEY: [u8; 32] = [5; 32];

/// What a store keeps.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) rows: BTreeMap<Address, Row>,
    pub(crate) events: Vec<StoredEvent>,
    head: Vec<u8>,
}

/// A workspace that a story is told about.
pub(crate) struct Story {
    pub(crate) machine: Workspace,
    pub(crate) stored: Stored,
    pub(crate) device: DeviceId,
    pub(crate) incarnation: u32,
    pub(crate) now_ms: u64,
    counted: u64,
    link: HashText,
    outcome: Option<Result<Reply, Stop>>,
    before: (u64, BTreeMap<Space, HashText>),
}

/// A workspace before its first event.
pub(crate) fn story() -> Story {
    let public_key = [1; 32];
    let id = WorkspaceId::new(&public_key, &[9; 16]);
    let head = Head { pos: 0, epoch: 1, value: Vec::new() };
    Story {
        machine: Workspace::open(id, KEY, &head).unwrap(),
        stored: Stored::default(),
        device: DeviceId::of(&public_key),
        incarnation: 0,
        now_ms: 1_000,
        counted: 0,
        link: HashText([0; 32]),
        outcome: None,
        before: (0, BTreeMap::new()),
    }
}

/// A workspace that began, with a provider, an agent, and a runtime that joined.
pub(crate) fn begun() -> Story {
    let mut it = story();
    it.given("workspace.create", json!({"name": "story", "public_key": HashText([1; 32])}));
    it.given(
        "provider.define",
        json!({"name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1", "model": "m"}),
    );
    let provider = it.made()[0];
    it.given("agent.define", json!({"name": "helper", "provider": provider, "instructions": "Be brief."}));
    it.given("runtime.join", json!({"runtime": it.runtime(), "boot": boot(1)}));
    it
}

pub(crate) fn boot(number: u8) -> BootId {
    BootId([number; 16])
}

/// An id that no command made.
pub(crate) fn story_id(role: Role) -> Id {
    Id::new(CommandId { device: DeviceId([8; 16]), incarnation: 0, counter: 1 }, role)
}

impl Story {
    /// The provider of [`begun`].
    pub(crate) fn provider(&self) -> Id {
        Id::new(CommandId { device: self.device, incarnation: 0, counter: 2 }, Role::Provider)
    }

    /// The agent of [`begun`].
    pub(crate) fn agent(&self) -> Id {
        Id::new(CommandId { device: self.device, incarnation: 0, counter: 3 }, Role::Agent)
    }

    /// A runtime on the device.
    pub(crate) fn runtime(&self) -> RuntimeId {
        RuntimeId { device: self.device, slot: 0 }
    }

    /// A command that was accepted before the story is told.
    pub(crate) fn given(&mut self, name: &str, data: Value) -> &mut Self {
        self.when(name, data);
        let reply = self.reply();
        assert_eq!(reply.rejected, None, "{name} is given");
        self
    }

    /// A row is gone from the store, as after a retention time, and from memory.
    pub(crate) fn forgets(&mut self, at: &Address) {
        self.stored.rows.remove(at);
        self.machine.forget();
    }

    /// A question was asked in a new task: the task, its step, and its effect.
    pub(crate) fn asked(&mut self, prompt: &str) -> [Id; 3] {
        self.given("task.ask", json!({"agent": self.agent(), "prompt": prompt}));
        let made = self.made();
        [made[0], made[1], made[2]]
    }

    /// A question was asked and its effect leased for a minute.
    pub(crate) fn leased(&mut self, prompt: &str) -> Id {
        let [_, _, effect] = self.asked(prompt);
        self.given(
            "effect.lease",
            json!({"runtime": self.runtime(), "boot": boot(1), "ttl_ms": 60_000, "effect": effect}),
        );
        effect
    }

    /// The runtime reports an answer.
    pub(crate) fn report(&mut self, effect: Id, fence: u64, text: &str) -> &mut Self {
        let outcome = json!({"is": "answered", "text": text, "stop": "end"});
        let data =
            json!({"runtime": self.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
        self.when("effect.report", data)
    }

    /// The runtime reports that the model asks for tools: name and arguments of each.
    pub(crate) fn report_calls(&mut self, effect: Id, fence: u64, calls: &[(&str, Value)]) -> &mut Self {
        let calls = calls.iter().enumerate().map(|(nth, (name, arguments))| {
            json!({"id": format!("tool-{nth}"), "name": name, "arguments": arguments.to_string()})
        });
        let calls: Vec<Value> = calls.collect();
        let outcome = json!({"is": "answered", "text": "", "calls": calls, "stop": "tool",
            "input_tokens": 10, "output_tokens": 5});
        let data =
            json!({"runtime": self.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
        self.when("effect.report", data)
    }

    /// What waits longest is leased: the effect and its fencing token.
    #[track_caller]
    pub(crate) fn leases(&mut self) -> (Id, u64) {
        self.given("effect.lease", json!({"runtime": self.runtime(), "boot": boot(1), "ttl_ms": 60_000}));
        let granted = self.all::<crate::event::LeaseGranted>();
        let granted = granted.last().unwrap();
        (granted.effect, granted.fence)
    }

    /// An agent with these tools.
    pub(crate) fn agent_with(&mut self, more: Value) -> Id {
        let mut data = json!({"name": "worker", "provider": self.provider(), "instructions": "Work."});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.given("agent.define", data);
        self.made()[0]
    }

    /// An agent asks a person: the approval, and the digest of what it is about.
    pub(crate) fn asked_person(&mut self, question: &str) -> (Id, HashText) {
        let agent = self.agent_with(json!({"tools": ["ask"]}));
        self.given("task.ask", json!({"agent": agent, "prompt": "Find out."}));
        let (effect, fence) = self.leases();
        self.report_calls(effect, fence, &[("ask", json!({"question": question}))]);
        let requested = self.all::<crate::event::ApprovalRequested>();
        let requested = requested.last().unwrap();
        (requested.approval, requested.digest)
    }

    /// Events of one type that the last command came to.
    pub(crate) fn all<T: TryFrom<EventData>>(&self) -> Vec<T> {
        self.events().into_iter().filter_map(|(_, data)| T::try_from(data).ok()).collect()
    }

    /// What waits longest was leased and answered.
    #[track_caller]
    pub(crate) fn settle(&mut self, text: &str) {
        self.given("effect.lease", json!({"runtime": self.runtime(), "boot": boot(1), "ttl_ms": 60_000}));
        let EventData::LeaseGranted(granted) = self.event() else { panic!("{:?}", self.event()) };
        self.report(granted.effect, granted.fence, text).then(&["step.settled"]);
    }

    /// The device sends a command on `main`.
    pub(crate) fn when(&mut self, name: &str, data: Value) -> &mut Self {
        self.when_on(BranchId::Main, name, data)
    }

    /// The device sends a command on a branch.
    pub(crate) fn when_on(&mut self, branch: BranchId, name: &str, data: Value) -> &mut Self {
        let command = CommandId { device: self.device, incarnation: self.incarnation, counter: self.counted + 1 };
        let identity = Identity::Device { command, previous: Some(self.link) };
        let request = request(identity, branch, name, &data);
        let hash = request.hash;
        self.sends(request);
        if matches!(self.outcome, Some(Ok(_))) {
            self.counted += 1;
            self.link = next_link(&self.link, &hash);
        }
        self
    }

    /// A client sends a command under an idempotency key.
    pub(crate) fn when_under(&mut self, key: u8, name: &str, data: Value) -> &mut Self {
        let identity = Identity::Key { key: KeyId([key; 16]), device: self.device, incarnation: self.incarnation };
        self.sends(request(identity, BranchId::Main, name, &data))
    }

    /// Somebody sends `request`.
    pub(crate) fn sends(&mut self, request: Request) -> &mut Self {
        self.before = (self.machine.pos(), self.roots());
        self.now_ms += 1;
        let entropy = hash(Domain::Identity, &[b"entropy", &self.now_ms.to_be_bytes()]);
        let moment = Moment { now_ms: self.now_ms, entropy };
        let outcome = self.ask(|machine| machine.execute(&request, &moment));
        if let Some(batch) = self.ask(Workspace::batch).unwrap() {
            self.stored.commit(batch);
            self.machine.committed();
        }
        self.machine.forget();
        self.outcome = Some(outcome);
        self
    }

    /// The device sends commands that are decided one after the other and committed together.
    pub(crate) fn sends_together(&mut self, commands: &[(&str, Value)]) -> &mut Self {
        self.before = (self.machine.pos(), self.roots());
        for (name, data) in commands {
            let command = CommandId { device: self.device, incarnation: self.incarnation, counter: self.counted + 1 };
            let identity = Identity::Device { command, previous: Some(self.link) };
            let request = request(identity, BranchId::Main, name, data);
            self.now_ms += 1;
            let entropy = hash(Domain::Identity, &[b"entropy", &self.now_ms.to_be_bytes()]);
            let moment = Moment { now_ms: self.now_ms, entropy };
            let reply = self.ask(|machine| machine.execute(&request, &moment));
            (self.counted, self.link) = (self.counted + 1, next_link(&self.link, &request.hash));
            self.outcome = Some(reply);
        }
        let batch = self.ask(Workspace::batch).unwrap().unwrap();
        self.stored.commit(batch);
        self.machine.committed();
        self.machine.forget();
        self
    }

    /// What a rejection says exactly.
    #[track_caller]
    pub(crate) fn said_in_rejection(&self) -> String {
        self.reply().rejected.unwrap().1
    }

    /// All of it came here in a file, to a host whose device has this public key.
    pub(crate) fn imported_by(&mut self, public_key: [u8; 32]) -> &mut Self {
        let pos = self.machine.pos();
        let control = self.machine.heads().stream(Space::Control).hash;
        let import = WorkspaceImport { pos, file: HashText([4; 32]), control, public_key: HashText(public_key) };
        let key = KeyId(hash(Domain::Identity, &[b"import", &pos.to_be_bytes()])[..16].try_into().unwrap());
        let identity = Identity::Key { key, device: DeviceId::of(&public_key), incarnation: 0 };
        let template = request(identity, BranchId::Main, "timers.fire", &json!({}));
        self.sends(Request { command: Command::Intent(Intent::WorkspaceImport(import)), ..template })
    }

    /// The workspace leaves for `to` as it is.
    pub(crate) fn leaves(&mut self, to: &str) -> &mut Self {
        let roots = self.ask(|machine| machine.roots()).unwrap();
        let data = json!({"to": to, "pos": self.machine.pos(), "roots": roots});
        self.when("workspace.leave", data)
    }

    /// It was accepted and came to events of these types. Keys that it made are not named.
    #[track_caller]
    pub(crate) fn then(&mut self, names: &[&str]) -> &mut Self {
        assert_eq!(self.reply().rejected, None);
        let came: Vec<String> = self.events().into_iter().map(|(header, _)| header.name.into_owned()).collect();
        let came: Vec<&str> = came.iter().map(String::as_str).filter(|name| *name != "key.created").collect();
        assert_eq!(came, names);
        self
    }

    /// It was rejected, which is recorded and touches no data.
    #[track_caller]
    pub(crate) fn rejected(&mut self, code: Code) -> &mut Self {
        let reply = self.reply();
        assert_eq!(reply.rejected.map(|(code, _)| code), Some(code));
        let names: Vec<_> = self.events().into_iter().map(|(header, _)| header.name).collect();
        assert_eq!(names, ["command.rejected"]);
        let (_, before) = self.before.clone();
        let data = |roots: &BTreeMap<Space, HashText>| roots.get(&Space::MAIN).copied();
        assert_eq!(data(&self.roots()), data(&before), "a rejection touches no data");
        self
    }

    /// It was refused without a trace.
    #[track_caller]
    pub(crate) fn refused(&mut self, code: Code) -> &mut Self {
        match &self.outcome {
            Some(Err(Stop::Refused(rejection))) => assert_eq!(rejection.code, code),
            other => panic!("it was not refused: {other:?}"),
        }
        assert_eq!((self.machine.pos(), self.roots()), self.before.clone(), "a refusal leaves no trace");
        self
    }

    /// What became of the last command.
    pub(crate) fn outcome(&self) -> Result<Reply, Stop> {
        self.outcome.clone().unwrap()
    }

    /// The reply to the last command.
    #[track_caller]
    pub(crate) fn reply(&self) -> Reply {
        match &self.outcome {
            Some(Ok(reply)) => reply.clone(),
            other => panic!("there is no reply: {other:?}"),
        }
    }

    /// What the last command made.
    #[track_caller]
    pub(crate) fn made(&self) -> Vec<Id> {
        self.reply().made
    }

    /// Events of the last command.
    pub(crate) fn events(&self) -> Vec<(Header, EventData)> {
        let (pos, _) = self.before;
        let events = self.stored.events.iter().filter(|event| event.pos > pos);
        events.map(|event| Header::decode(&event.body).unwrap()).collect()
    }

    /// The last event of the last command.
    pub(crate) fn event(&self) -> EventData {
        self.events().pop().unwrap().1
    }

    /// A control entity.
    pub(crate) fn control<K: Kind + Clone>(&mut self, key: Key) -> Option<K> {
        self.ask(|machine| Ok(machine.read(Line::default()).control::<K>(key)?.cloned())).unwrap()
    }

    /// Whether control has no such row.
    pub(crate) fn machine_has_no(&self, key: Key) -> bool {
        !self.stored.rows.contains_key(&key.address(Space::Control))
    }

    /// A data entity as `branch` sees it.
    pub(crate) fn data<K: Kind + Clone>(&mut self, branch: BranchId, key: Key) -> Option<K> {
        self.ask(|machine| Ok(machine.read(machine.line_of_branch(branch)?).data::<K>(key)?.cloned())).unwrap()
    }

    /// What the last event of the last command with such a field says in it.
    pub(crate) fn said(&mut self, field: &str) -> Option<String> {
        let carried = |mut data: EventData| {
            data.contents().into_iter().find(|(name, _)| *name == field).map(|(_, content)| content.clone())
        };
        let found = self.events().into_iter().rev().find_map(|(header, data)| Some((header.pos, carried(data)?)));
        let (pos, content) = found?;
        self.read(&content.carried_at(pos))
    }

    /// Why a call failed.
    pub(crate) fn failure_of(&mut self, call: Id) -> Option<String> {
        let call: crate::entity::Call = self.data(BranchId::Main, Key::Call(call)).unwrap();
        call.failure.0.and_then(|failure| self.read(&failure.detail))
    }

    /// What a call came to.
    pub(crate) fn result_of(&mut self, call: Id) -> Option<String> {
        let call: crate::entity::Call = self.data(BranchId::Main, Key::Call(call)).unwrap();
        call.result.0.and_then(|result| self.read(&result))
    }

    fn read(&mut self, content: &crate::seal::Content) -> Option<String> {
        match self.ask(|machine| machine.reveal(content)).unwrap() {
            crate::machine::Revealed::Text(text) => Some(text),
            crate::machine::Revealed::Destroyed => None,
        }
    }

    /// The branch goes back to `pos`.
    pub(crate) fn restored(&mut self, pos: u64) -> &mut Self {
        self.given("branch.restore", json!({"pos": pos}))
    }

    /// The events alone lead to everything that is stored.
    #[track_caller]
    pub(crate) fn replays(&mut self) {
        let replay = self.stored.replayed(self.machine.id(), self.machine.pos());
        let expected = replay.rows().unwrap();
        let mut stored: BTreeMap<String, BTreeMap<String, Row>> = BTreeMap::new();
        let beside = [KEYS_SPACE, crate::machine::BLOBS_SPACE];
        for (at, row) in &self.stored.rows {
            if !beside.contains(&at.space.as_str()) && !at.space.starts_with("pages/") {
                stored.entry(at.space.clone()).or_default().insert(at.key.clone(), row.clone());
            }
        }
        let expected: BTreeMap<_, _> = expected.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
        assert_eq!(stored, expected, "the events lead to other rows");
        for (space, root) in self.roots() {
            assert_eq!(replay.root(space).unwrap(), root, "the events lead to another root of {space}");
        }
    }

    /// Roots of all streams.
    pub(crate) fn roots(&mut self) -> BTreeMap<Space, HashText> {
        let spaces: Vec<Space> = self.machine.heads().streams.keys().copied().collect();
        spaces.into_iter().map(|space| (space, self.root(space))).collect()
    }

    /// The root of one space.
    pub(crate) fn root(&mut self, space: Space) -> HashText {
        self.ask(|machine| machine.root(space)).unwrap()
    }

    /// Ask the machine, loading what it asks for.
    pub(crate) fn ask<T>(&mut self, mut question: impl FnMut(&mut Workspace) -> Result<T, Stop>) -> Result<T, Stop> {
        loop {
            match question(&mut self.machine) {
                Err(Stop::Load(want)) => self.stored.answer(&mut self.machine, want),
                other => return other,
            }
        }
    }
}

/// A request as a client makes it.
pub(crate) fn request(identity: Identity, branch: BranchId, name: &str, data: &Value) -> Request {
    let data = data.to_string();
    Request {
        identity,
        hash: HashText(hash(Domain::Command, &[name.as_bytes(), b"\0", data.as_bytes()])),
        actor: "owner".to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms: 7,
        branch,
        command: Command::parse(name, &data).unwrap(),
    }
}

impl Stored {
    fn commit(&mut self, batch: Batch) {
        for (at, write) in batch.writes {
            match write {
                Write::Put(row) => drop(self.rows.insert(at, row)),
                Write::Insert(row) => assert!(self.rows.insert(at, row).is_none(), "an inserted row was there"),
                Write::Delete => drop(self.rows.remove(&at)),
            }
        }
        self.events.extend(batch.events);
        self.head = batch.head;
    }

    fn answer(&self, machine: &mut Workspace, want: Want) {
        let row = |space: String, key: String| self.rows.get(&Address::new(space, key)).cloned();
        let supplied = match want {
            Want::Rows(space, keys) => {
                let rows = keys.into_iter().map(|key| (key, row(space.to_string(), key.to_string()))).collect();
                machine.supply_rows(space, rows)
            }
            Want::Range(space, index) => {
                let rows = self.range(&space.to_string(), &machine.range_after(space, &index), &index.end());
                machine.supply_range(space, index, &rows, rows.len() < RANGE_MAX)
            }
            Want::Kept(line, key) => {
                let (after, until) = (kept_key(&key, 0), kept_key(&key, u64::MAX));
                let mut versions = self.range(&Space::Kept(line).to_string(), &after, &until);
                for pos in machine.pins(line).unwrap() {
                    versions.extend(self.at(line, &key, pos));
                }
                machine.supply_kept(line, key, &versions)
            }
            Want::Past(line, pos) => {
                let past = self.replayed(machine.id(), pos).past(line).unwrap();
                machine.supply_past(line, pos, past);
                Ok(())
            }
            Want::DataKey(id, subject) => {
                machine.supply_key(id, subject, row(KEYS_SPACE.to_owned(), key_address(subject, id).key).as_ref())
            }
            Want::Pages(space, keys) => {
                let rows = keys.into_iter().map(|key| (key.clone(), row(pages_space(space), key.text()))).collect();
                machine.supply_pages(space, rows)
            }
            Want::EventsAfter(pos) => {
                let events: Vec<_> = self.events.iter().filter(|event| event.pos > pos).cloned().collect();
                machine.supply_events(&events)
            }
            Want::Blob(blob, chunks) => {
                let chunk = |nth| self.rows.get(&chunk_address(blob, nth)).cloned();
                machine.supply_blob(blob, (0..chunks).map(chunk).collect())
            }
            Want::Event(pos) => {
                machine.supply_event(self.events.iter().find(|event| event.pos == pos).unwrap().clone());
                Ok(())
            }
        };
        supplied.unwrap();
    }

    /// Everything that the events up to a position lead to.
    pub(crate) fn replayed(&self, id: WorkspaceId, pos: u64) -> Replay {
        let mut pins = Pins::new();
        self.events.iter().for_each(|event| note_restore(event, &mut pins));
        let mut replay = Replay::with_restores(id, pins);
        for event in self.events.iter().filter(|event| event.pos <= pos) {
            replay.event(event).unwrap();
        }
        replay
    }

    /// A row of a line as it was at a position, as a kept version of it.
    fn at(&self, line: Line, key: &Key, pos: u64) -> Option<(String, Row)> {
        let (header, _) = Header::decode(&self.events.first()?.body).ok()?;
        let replay = self.replayed(header.workspace, pos);
        let rows = replay.rows().unwrap();
        let row = rows.get(&Space::Data(line).to_string())?.get(&key.to_string())?.clone();
        Some((kept_key(key, row.since), row))
    }

    fn range(&self, space: &str, after: &str, until: &str) -> Vec<(String, Row)> {
        let inside = |at: &&Address| at.space == space && at.key.as_str() > after && at.key.as_str() < until;
        let rows = self.rows.iter().filter(|(at, _)| inside(at)).take(RANGE_MAX);
        rows.map(|(at, row)| (at.key.clone(), row.clone())).collect()
    }
}
