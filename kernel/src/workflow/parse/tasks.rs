//! A task: what every task may have, and which kind it is.

use super::lists::Within;
use super::mistake::{Mistake, listed};
use super::place::{Place, joined};
use super::{Parser, shapes};
use crate::expression::Template;
use crate::workflow::{Node, NodeId, NodeKind};
use serde_json::{Map, Value};

/// What every task may have.
const COMMON: [&str; 7] = ["if", "input", "output", "export", "timeout", "then", "metadata"];

/// Kinds of tasks, each by the key that makes it one, with the keys that go with it.
const KINDS: [(&str, &[&str]); 8] = [
    ("call", &["with"]),
    ("do", &[]),
    ("for", &["while", "do"]),
    ("raise", &[]),
    ("set", &[]),
    ("switch", &[]),
    ("try", &["catch"]),
    ("wait", &[]),
];

/// Kinds of tasks of the standard that are not supported.
const UNSUPPORTED: [(&str, &str); 4] = [
    ("listen", "waits for events"),
    ("emit", "publishes events"),
    ("fork", "runs tasks at the same time"),
    ("run", "starts containers, scripts, shells or other workflows"),
];

/// Keys that people look for in a task, and where they belong.
const ELSEWHERE: [(&str, &str); 14] = [
    ("when", "the condition of a task is `if`"),
    ("condition", "the condition of a task is `if`"),
    ("retry", "it belongs under `catch` of a `try`"),
    ("onError", "errors are caught by `try` and `catch`"),
    ("method", "it belongs under `with` of `call: http`"),
    ("endpoint", "it belongs under `with` of `call: http`"),
    ("agent", "write `call: agent` and put it under `with`"),
    ("prompt", "write `call: agent` and put it under `with`"),
    ("question", "write `call: ask` and put it under `with`"),
    ("each", "it belongs under `for`"),
    ("in", "it belongs under `for`"),
    ("as", "it belongs under `output`, `export` or `catch`"),
    ("from", "it belongs under `input`"),
    ("next", "the task to go on with is named by `then`"),
];

impl<'a> Parser<'a> {
    /// The task of that name.
    pub fn task(&mut self, place: &Place<'a>, name: &str, within: Within) -> Option<NodeId> {
        let Some(object) = place.value.as_object() else {
            let hint = format!("put one of {} under `{name}`", supported());
            self.mistakes.add(place.not("an object").hint(hint));
            return None;
        };
        if self.nodes.len() >= super::TASKS_MAX {
            if !self.is_full {
                self.is_full = true;
                let message = format!("the workflow has more than {} tasks", super::TASKS_MAX);
                self.mistakes.add(place.mistake_in_key("too_many_tasks", message));
            }
            return None;
        }
        let (kind, extra) = self.kind_of(place, object)?;
        self.keys_of_task(place, object, kind, extra);
        let id = NodeId::try_from(self.nodes.len()).ok()?;
        let node = self.common(place, name, within, id);
        let at = self.nodes.len();
        self.nodes.push(node);
        let made = self.kind(place, kind, id, within)?;
        self.nodes.get_mut(at)?.kind = made;
        Some(id)
    }

    /// Which kind of task it is, and which keys go with that kind.
    fn kind_of(
        &mut self,
        place: &Place<'a>,
        object: &Map<String, Value>,
    ) -> Option<(&'static str, &'static [&'static str])> {
        if let Some((kind, what)) = UNSUPPORTED.iter().find(|(kind, _)| object.contains_key(*kind)) {
            let message = format!("`{kind}` {what}: not supported yet. Supported tasks: {}", supported());
            let pointer = joined(&place.pointer, kind);
            self.mistakes.add(Mistake::at_key(&pointer, "unsupported_feature", message));
            return None;
        }
        let is_loop = object.contains_key("for");
        let mut kinds = KINDS.iter().filter(|(kind, _)| object.contains_key(*kind) && !(is_loop && *kind == "do"));
        let first = kinds.next();
        let rest: Vec<&str> = kinds.map(|(kind, _)| *kind).collect();
        match first {
            Some((kind, extra)) if rest.is_empty() => Some((kind, extra)),
            Some((kind, _)) => {
                let kinds = listed(std::iter::once(*kind).chain(rest));
                let message = format!("a task does one thing; this one has {kinds}");
                self.mistakes.add(place.mistake_in_key("several_kinds", message).hint("make a task of each"));
                None
            }
            None => {
                self.no_kind(place, object);
                None
            }
        }
    }

    /// A task that does nothing: mostly the key that says what it does is misspelt.
    fn no_kind(&mut self, place: &Place<'a>, object: &Map<String, Value>) {
        let kinds = KINDS.iter().map(|(kind, _)| *kind).chain(UNSUPPORTED.iter().map(|(kind, _)| *kind));
        let is_known =
            |key: &str| COMMON.contains(&key) || KINDS.iter().any(|(kind, extra)| *kind == key || extra.contains(&key));
        let unknown: Vec<&String> = object.keys().filter(|key| !is_known(key)).collect();
        for key in &unknown {
            let known: Vec<&str> = kinds.clone().chain(COMMON).collect();
            self.unknown_key(place, key, &known);
        }
        if unknown.is_empty() {
            let message = format!("`{}` does nothing", place.name());
            let hint = format!("give it one of {}", supported());
            self.mistakes.add(place.mistake_in_key("missing_key", message).hint(hint));
        }
    }

    fn keys_of_task(
        &mut self,
        place: &Place<'a>,
        object: &Map<String, Value>,
        kind: &'static str,
        extra: &[&'static str],
    ) {
        let known: Vec<&str> = std::iter::once(kind).chain(extra.iter().copied()).chain(COMMON).collect();
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.unknown_key(place, key, &known);
        }
    }

    fn unknown_key(&mut self, place: &Place<'a>, key: &str, known: &[&str]) {
        let pointer = joined(&place.pointer, key);
        let mistake = Mistake::at_key(&pointer, "unknown_key", format!("`{key}` is not a key of this task"));
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == key);
        self.mistakes.add(match elsewhere {
            Some((_, advice)) => mistake.hint(*advice),
            None => mistake.instead_of(key, known.iter().copied()),
        });
    }

    /// What every task may have.
    fn common(&mut self, place: &Place<'a>, name: &str, within: Within, id: NodeId) -> Node {
        self.open_object(place, "metadata");
        Node {
            name: name.to_owned(),
            pointer: place.pointer.clone(),
            parent: within.parent,
            condition: self.condition(place, "if"),
            input_from: self.flow(place, "input", "from", &shapes::TASK_INPUT),
            output_as: self.flow(place, "output", "as", &shapes::TASK_OUTPUT),
            export_as: self.flow(place, "export", "as", &shapes::EXPORT),
            timeout_ms: self.timeout(place),
            then: self.then(place, id, None, within.list),
            kind: NodeKind::Do(Vec::new()),
        }
    }

    fn flow(&mut self, place: &Place<'a>, key: &str, part: &str, shape: &super::place::Shape) -> Option<Template> {
        let place = place.get(key)?;
        if !self.shaped(&place, shape) {
            return None;
        }
        self.projection(&place, part)
    }

    fn kind(&mut self, place: &Place<'a>, kind: &str, id: NodeId, within: Within) -> Option<NodeKind> {
        match kind {
            "call" => self.call(place),
            "do" => Some(NodeKind::Do(self.list(&place.get("do")?, Some(id), within.depth + 1))),
            "for" => self.each(place, id, within),
            "raise" => self.raise(place),
            "set" => self.set(place),
            "switch" => self.switch(place, id, within),
            "try" => self.guarded(place, id, within),
            _ => self.duration(&place.get("wait")?).map(NodeKind::Wait),
        }
    }
}

fn supported() -> String {
    listed(KINDS.iter().map(|(kind, _)| *kind))
}
