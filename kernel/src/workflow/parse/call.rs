//! `call`: which capability is asked for, and with what.

use super::place::{Place, Shape, is_expression};
use super::{Parser, shapes};
use crate::expression::Template;
use crate::workflow::NodeKind;
use serde_json::{Map, Value};

/// What can be called: the word in the workflow, the capability, what stands under `with`.
const CALLS: [(&str, &str, &Shape); 11] = [
    ("http", "http.request", &shapes::HTTP),
    ("agent", "agent", &shapes::AGENT),
    ("ask", "ask", &shapes::ASK),
    ("documents.read", "documents.read", &shapes::READ),
    ("documents.write", "documents.write", &shapes::WRITE),
    ("documents.list", "documents.list", &shapes::LIST),
    ("remember", "notes.remember", &shapes::REMEMBER),
    ("recall", "notes.recall", &shapes::RECALL),
    ("notes.remember", "notes.remember", &shapes::REMEMBER),
    ("notes.recall", "notes.recall", &shapes::RECALL),
    ("http.request", "http.request", &shapes::HTTP),
];

/// What the standard can call and a workspace cannot.
const UNSUPPORTED: [(&str, &str); 5] = [
    ("grpc", "a gRPC service"),
    ("openapi", "a service by its OpenAPI document"),
    ("asyncapi", "a service by its AsyncAPI document"),
    ("mcp", "a server of the Model Context Protocol"),
    ("a2a", "an agent of the Agent2Agent protocol"),
];

impl<'a> Parser<'a> {
    /// `call` with its `with`.
    pub fn call(&mut self, place: &Place<'a>) -> Option<NodeKind> {
        let name = self.text(place, "call")?;
        let Some((_, capability, shape)) = CALLS.iter().find(|(call, _, _)| *call == name) else {
            self.uncallable(&place.get("call")?, name);
            return None;
        };
        let capability = (*capability).to_owned();
        let Some(with) = place.get("with") else { return self.without_arguments(place, capability, shape) };
        if !self.shaped(&with, shape) {
            return None;
        }
        if capability == "http.request" {
            return self.http(&with).map(|with| NodeKind::Call { capability, with });
        }
        match capability.as_str() {
            "agent" => self.agent(&with),
            "ask" => self.ask(&with),
            _ => self.plain_arguments(&with),
        }
        self.template(&with).map(|with| NodeKind::Call { capability, with })
    }

    /// A call that has no `with`.
    fn without_arguments(&mut self, place: &Place<'a>, capability: String, shape: &Shape) -> Option<NodeKind> {
        if capability == "documents.list" {
            let with = Template::parse(&Value::Object(Map::new())).ok()?;
            return Some(NodeKind::Call { capability, with });
        }
        let keys = if shape.required.is_empty() { shape.keys } else { shape.required };
        let message = format!("`with` is missing: put {} under it", super::mistake::listed(keys.iter().copied()));
        self.mistakes.add(place.mistake_in_key("missing_key", message));
        None
    }

    fn uncallable(&mut self, place: &Place<'a>, name: &str) {
        if name.trim().is_empty() {
            return;
        }
        let supported = CALLS.iter().map(|(call, _, _)| *call).take(8);
        let mistake = if let Some((_, what)) = UNSUPPORTED.iter().find(|(call, _)| *call == name) {
            let calls = super::mistake::listed(supported);
            place.mistake(
                "unsupported_feature",
                format!("`call: {name}` asks {what}: not supported. Supported calls: {calls}"),
            )
        } else if self.reuse.functions.iter().any(|function| function == name) {
            let message = format!("`call: {name}` calls a function of `use.functions`: not supported");
            place.mistake("unsupported_feature", message)
        } else if name.contains("://") || name.contains('@') {
            let message = format!("`call: {name}` loads a function from elsewhere: not supported");
            place.mistake("unsupported_feature", message)
        } else {
            let mistake = place.mistake("unknown_capability", format!("there is no capability `{name}`"));
            mistake.instead_of(name, supported)
        };
        self.mistakes.add(mistake);
    }

    fn agent(&mut self, with: &Place<'a>) {
        self.text(with, "agent");
        self.answer_schema(with);
        self.constant_count(with, "max_tokens");
        if let Some(prompt) = with.get("prompt").filter(|prompt| prompt.value.is_null()) {
            self.mistakes.add(prompt.mistake("empty", "`prompt` is empty"));
        }
    }

    fn ask(&mut self, with: &Place<'a>) {
        self.text(with, "question");
        self.answer_schema(with);
        self.constant_duration(with, "timeout");
        if with.get("question").is_none() && with.get("approve").is_none() {
            let message = "`question` is missing: `call: ask` needs a question, or `approve` and what to approve";
            self.mistakes.add(with.mistake_in_key("missing_key", message));
        }
        if let Some(otherwise) = with.get("otherwise").filter(|_| with.get("timeout").is_none()) {
            let message = "`otherwise` is the answer when the time is over, and there is no `timeout`";
            self.mistakes.add(otherwise.mistake_in_key("missing_key", message).hint("add `timeout: { hours: 24 }`"));
        }
        if let Some(options) = with.get("options").filter(|options| !computed(options)) {
            match options.value.as_array() {
                None => self.mistakes.add(options.not("a list of answers")),
                Some(list) if list.is_empty() => self.mistakes.add(options.mistake("empty", "`options` is empty")),
                Some(_) => {}
            }
        }
        if let Some(escalate) = with.get("escalate").filter(|escalate| !computed(escalate))
            && self.shaped(&escalate, &shapes::ESCALATE)
        {
            self.constant_duration(&escalate, "after");
            self.text(&escalate, "to");
        }
    }

    /// Arguments of documents and notes: texts, but for two.
    fn plain_arguments(&mut self, with: &Place<'a>) {
        for (key, member) in with.members() {
            match key {
                "limit" => self.constant_count(with, key),
                "append" => self.flag(with, key),
                // What is written may be any text, an empty one too.
                "text" if member.value.as_str().is_some_and(str::is_empty) => {}
                "path" | "prefix" | "text" | "query" => {
                    self.text(with, key);
                }
                _ => {}
            }
        }
    }

    fn answer_schema(&mut self, with: &Place<'a>) {
        if let Some(schema) = with.get("schema").filter(|schema| !computed(schema)) {
            self.json_schema(&schema);
        }
    }

    fn constant_count(&mut self, place: &Place<'a>, key: &str) {
        if place.get(key).is_some_and(|count| !computed(&count)) {
            self.count(place, key, 1);
        }
    }

    fn constant_duration(&mut self, place: &Place<'a>, key: &str) {
        if place.get(key).is_some_and(|duration| !computed(&duration)) {
            self.fixed_duration_of(place, key);
        }
    }

    /// `true`, `false` or an expression under `key`, which may be absent.
    pub fn flag(&mut self, place: &Place<'a>, key: &str) {
        if let Some(flag) = place.get(key).filter(|flag| !flag.value.is_boolean() && !computed(flag)) {
            self.mistakes.add(flag.not("`true` or `false`"));
        }
    }
}

/// Whether it is an expression as a whole.
pub fn computed(place: &Place<'_>) -> bool {
    place.value.as_str().is_some_and(is_expression)
}
