//! The log as a client reads it, and what follows from it.

use super::desk::Desk;
use super::load::Subject;
use kernelos_tests::crash::Client;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An event as the host shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The event.
    pub event: Value,
    /// Its hash.
    pub hash: String,
    /// Its content.
    pub content: Value,
}

impl Seen {
    /// A text of the event, by pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of the event, by pointer.
    pub fn number(&self, pointer: &str) -> u64 {
        self.event.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// What became of an effect.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// Its task.
    pub task: String,
    /// When it was asked for, milliseconds since 1970.
    pub requested_ms: u64,
    /// How often it was leased.
    pub leases: u64,
    /// How many leases said that an earlier attempt may have taken place.
    pub in_doubt: u64,
    /// When its outcome was recorded.
    pub settled_ms: Vec<u64>,
}

/// The log so far.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every event.
    pub events: Vec<Seen>,
}

impl Ledger {
    /// Read what is behind the last event known.
    pub fn read_on(&mut self, client: &mut Client, desk: &Desk) {
        loop {
            let path = desk.path(&format!("/events?after={}&limit=256", self.events.len()));
            let answer = client.get(&path).unwrap();
            if answer.status == 503 {
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.json());
            let page = answer.json();
            let page = page["events"].as_array().unwrap();
            for view in page {
                let hash = view["hash"].as_str().unwrap().to_owned();
                self.events.push(Seen { event: view["event"].clone(), hash, content: view["content"].clone() });
                assert_eq!(self.events.last().unwrap().number("/pos"), self.events.len() as u64);
            }
            if page.is_empty() {
                return;
            }
        }
    }

    /// How often each subject took effect. A question begins a task, too; it is counted by its step.
    pub fn subjects(&self) -> BTreeMap<Subject, usize> {
        let of_type = |name| self.events.iter().filter(move |event| event.text("/type") == name);
        let content = |event: &Seen, field| event.content[field].as_str().unwrap_or_default().to_owned();
        let asked: BTreeSet<&str> = of_type("step.requested").map(|event| event.text("/command")).collect();
        let questions = of_type("step.requested").map(|event| Subject::Question(content(event, "prompt")));
        let tasks = of_type("task.created").filter(|event| !asked.contains(event.text("/command")));
        let mut counts = BTreeMap::new();
        for subject in tasks.map(|event| Subject::Task(content(event, "title"))).chain(questions) {
            *counts.entry(subject).or_default() += 1;
        }
        counts
    }

    /// Position of the first event of each command, which is there once.
    pub fn commands(&self) -> BTreeMap<&str, u64> {
        let mut commands = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.event.get("first").is_some()) {
            let before = commands.insert(event.text("/command"), event.number("/pos"));
            assert_eq!(before, None, "command {} is in the log twice", event.text("/command"));
        }
        commands
    }

    /// Every effect.
    pub fn effects(&self) -> BTreeMap<String, Effect> {
        let mut effects: BTreeMap<String, Effect> = BTreeMap::new();
        for event in &self.events {
            let kind = event.text("/type");
            if !matches!(kind, "step.requested" | "lease.granted" | "step.settled") {
                continue;
            }
            let (id, at) = (event.text("/data/effect"), event.number("/accepted_at"));
            let effect = effects.entry(id.to_owned()).or_default();
            match kind {
                "step.requested" => {
                    event.text("/data/task").clone_into(&mut effect.task);
                    effect.requested_ms = at;
                }
                "lease.granted" => {
                    effect.leases += 1;
                    effect.in_doubt += u64::from(event.event.pointer("/data/in_doubt") == Some(&Value::Bool(true)));
                }
                _ => effect.settled_ms.push(at),
            }
        }
        effects
    }

    /// Effects whose outcome is not recorded.
    pub fn outstanding(&self) -> BTreeSet<String> {
        self.effects().into_iter().filter(|(_, effect)| effect.settled_ms.is_empty()).map(|(id, _)| id).collect()
    }
}
