//! A workspace goes through every kind of host and comes home, and its run ends as if it had never moved.

use crate::host::Place;
use crate::journal::{self, Event};
use crate::moves::{SAYS, gone};
use crate::program::Program;
use crate::room::{Room, wait_for};
use crate::scene::{of_kind, workflow};
use kernelos_tests::hosts::{Running, Wasi, Workerd};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};

/// No word that somebody says here is as long as a name.
const NAME_LENGTH: usize = 22;
/// No number that counts something here is as large as a time in milliseconds.
const A_TIME: u64 = 1_000_000_000_000;

/// Two questions, each with a timer after which somebody else is told; then a timer alone, and something that stays.
fn begin(room: &mut Room) -> String {
    let ask = |question: &str| {
        let escalate = json!({"after": "PT5S", "to": "the boss"});
        json!({"call": "ask", "with": {"question": question, "timeout": "PT1H", "escalate": escalate}})
    };
    let source = workflow(&json!([
        {"first": ask("Shall it begin?")},
        {"second": ask("Shall it go on?")},
        {"pause": {"wait": "PT1S"}},
        {"keep": {"call": "documents.write", "with": {"path": "kept.md", "text": "kept"}}}
    ]));
    let workflow = room.one("workflow.define", &json!({"source": source}));
    of_kind(&room.make("run.start", &json!({"workflow": workflow, "input": {"of": "the story"}})), "task")
}

/// The question that waits, once its timer went off and somebody else was told.
fn escalated(room: &mut Room, question: &str) -> Value {
    let waiting = wait_for("the timer of the question", || {
        let waiting = room.get("/approvals")["approvals"].get(0).cloned()?;
        (waiting["question"] == question && waiting["escalated"] == true).then_some(waiting)
    });
    wait_for("the end of what is under way", || {
        let log = journal::whole(&mut room.client, &room.id);
        let count = |name: &str| log.iter().filter(|event| event.text("/type") == name).count();
        (count("effect.requested") == count("effect.closed")).then_some(())
    });
    waiting
}

fn answer(room: &mut Room, approval: &Value) {
    let (id, digest) = (&approval["id"], &approval["digest"]);
    room.make("approval.decide", &json!({"approval": id, "digest": digest, "decision": "answer", "value": "yes"}));
}

/// A workspace on its way from one host to another.
struct Hop<'a> {
    from: &'a Running,
    to: &'a Running,
}

impl Hop<'_> {
    /// Move it there. The program is killed whenever it says what it has done, and asked for the same again. What it said.
    fn take(&self, room: &mut Room) -> Vec<&'static str> {
        let (url, mut heard) = (self.to.url(), Vec::new());
        while let Some(said) = self.killed(&room.id) {
            heard.push(said);
            let [here, there] = [self.from, self.to].map(|host| host.client().get(&room.path("")).unwrap());
            if there.status == 200 && there.json()["origin"]["held"] == true {
                assert_eq!(there.json()["roots"]["main@0"], here.json()["roots"]["main@0"], "the copy is another");
            }
        }
        gone(self.from, room, &url);
        let left = journal::whole(&mut self.from.client(), &room.id);
        room.client = self.to.client();
        let arrived = journal::whole(&mut room.client, &room.id);
        // The last event there was is that it left.
        assert!(arrived.starts_with(&left[..left.len() - 1]), "the log is another");
        heard
    }

    /// Kill the program at the first step that it says it took. None if there was nothing left to do.
    fn killed(&self, id: &str) -> Option<&'static str> {
        let (program, url) = (Program::of(self.from).moving_to(self.to), self.to.url());
        let mut child = program.listen(&["workspace", "move", id, "--to", &url]);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let step = lines.find_map(|line| SAYS.into_iter().find(|said| line.starts_with(said)));
        if step.is_some() {
            child.kill().unwrap();
        }
        let ended = child.wait_with_output().unwrap();
        let out = String::from_utf8(ended.stdout).unwrap();
        assert!(step.is_some() || (ended.status.success() && out.trim() == url), "{:?}: {out}", ended.status);
        step
    }
}

/// Names by the order in which they came: ids, keys and hashes are others in each workspace.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// `value` as it would be told of any workspace, at any time.
    fn plain(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.plain(item)).collect(),
            Value::Object(fields) if fields.keys().eq(["hash", "key", "size"]) => json!("sealed"),
            Value::Object(fields) => {
                // Who performed it is of the host where it was.
                let plain = |(name, value): (&String, &Value)| match name.as_str() {
                    "runtime" => (name.clone(), json!("a runtime")),
                    _ => (name.clone(), self.plain(value)),
                };
                fields.iter().map(plain).collect()
            }
            Value::String(text) => {
                text.split_inclusive(|c: char| !is_of_name(c)).map(|word| self.word(word)).collect::<String>().into()
            }
            Value::Number(number) if number.as_u64().is_some_and(|number| number > A_TIME) => json!("a time"),
            other => other.clone(),
        }
    }

    fn word(&mut self, word: &str) -> String {
        let name = word.trim_end_matches(|c| !is_of_name(c));
        if name.len() < NAME_LENGTH {
            return word.to_owned();
        }
        let next = self.0.len();
        let nth = *self.0.entry(name.to_owned()).or_insert(next);
        word.replace(name, &format!("#{nth}"))
    }
}

/// What names are made of.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// What the run came to, and what the log says of its data.
fn came_to(room: &mut Room, task: &str) -> (Value, Vec<Value>) {
    let ended = room.get(&format!("/tasks/{task}?wait=30000"));
    assert_eq!(ended["status"], "done", "{ended}");
    let (log, mut names) = (journal::whole(&mut room.client, &room.id), Names::default());
    let data = log.iter().filter(|event| event.text("/stream") == "main@0");
    let told = data.map(|Event { event, content }| {
        let header = ["type", "version", "scope", "actor", "on_behalf_of", "touched"].map(|name| &event[name]);
        names.plain(&json!([header, event["data"], content]))
    });
    (ended["run"]["output"].clone(), told.collect())
}

#[test]
#[ignore = "every kind of host has to be there: cargo xtask test moves"]
fn a_run_that_waits_goes_through_every_kind_of_host_and_ends_as_if_it_had_never_moved() {
    let places = [Place::native(), Place::of(&Workerd), Place::of(&Wasi)];
    let [native, workerd, wasi] = places.each_ref().map(Place::start);
    let [mut room, mut stays] = [Room::new(native.client()), Room::new(native.client())];
    let tasks = [begin(&mut room), begin(&mut stays)];

    wait_for("the first question", || room.get("/approvals")["approvals"].get(0).cloned());
    let mut heard = Hop { from: &native, to: &workerd }.take(&mut room);
    let asked = escalated(&mut room, "Shall it begin?");
    answer(&mut room, &asked);
    heard.extend(Hop { from: &workerd, to: &wasi }.take(&mut room));
    let asked = escalated(&mut room, "Shall it go on?");
    heard.extend(Hop { from: &wasi, to: &native }.take(&mut room));
    assert_eq!(room.get("/approvals")["approvals"][0], asked, "it waits as it did");
    answer(&mut room, &asked);
    assert_eq!(heard.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(SAYS), "it was not killed at every step");

    for question in ["Shall it begin?", "Shall it go on?"] {
        let asked = escalated(&mut stays, question);
        answer(&mut stays, &asked);
    }
    let (moved, stayed) = (came_to(&mut room, &tasks[0]), came_to(&mut stays, &tasks[1]));
    assert_eq!(moved.0, stayed.0);
    for (there, here) in moved.1.iter().zip(&stayed.1) {
        assert_eq!(there, here);
    }
    assert_eq!(moved.1.len(), stayed.1.len());
    for (host, place) in [native, workerd, wasi].into_iter().zip(places) {
        host.stop().unwrap();
        place.verify();
    }
}
