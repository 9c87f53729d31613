//! One reason in words: what happened, who did it, and what was said.

use crate::commands::shown::{number, text};
use crate::table::{one_line, short};
use crate::timeline::{about, lines as value_lines};
use serde_json::Value;
use std::collections::BTreeMap;

/// How much of a text stands in its line.
const SHOWN_CHARS: usize = 160;

/// What is known of things by the events that name them.
pub struct Words<'v> {
    /// Calls, and the events that ask for them.
    calls: BTreeMap<&'v str, &'v Value>,
    /// Names of agents.
    agents: BTreeMap<&'v str, String>,
    /// Where each command begins: there it is said who acted.
    begins: BTreeMap<&'v str, u64>,
}

impl<'v> Words<'v> {
    /// Of these reasons.
    pub fn new(reasons: &[&'v Value]) -> Self {
        let named = |event: &str| {
            let event = event.to_owned();
            reasons.iter().copied().filter(move |reason| text(reason, "event") == event)
        };
        let calls = named("call.requested").map(|reason| (data(reason, "call"), reason));
        let agents = named("agent.defined").map(|reason| (data(reason, "agent"), glance(said(reason, "name"))));
        // They stand newest first, so the last one that is put in is where the command begins.
        let begins = reasons.iter().map(|reason| (text(reason, "command"), number(reason, "pos")));
        let begins = begins.filter(|(command, _)| !command.is_empty()).collect();
        Self { calls: calls.collect(), agents: agents.collect(), begins }
    }

    /// A reason in a line, and what stands below it.
    pub fn of(&self, reason: &Value) -> (String, Vec<String>) {
        let mut more = told(reason);
        let line = match text(reason, "event") {
            "approval.requested" | "approval.decided" | "approval.escalated" => self.person(reason, &mut more),
            "call.requested" | "call.settled" | "call.edited" => self.call(reason),
            "effect.requested" | "effect.retried" | "effect.closed" | "lease.granted" | "lease.lost"
            | "report.late" => self.attempt(reason),
            "step.requested" | "step.settled" | "step.stopped" | "turn.answered" => self.agent(reason),
            _ => self.other(reason),
        };
        more.extend(reason.get("note").and_then(Value::as_str).map(|note| format!("({note})")));
        (format!("{line}{}", self.who(reason)), more)
    }

    fn person(&self, reason: &Value, more: &mut Vec<String>) -> String {
        match text(reason, "event") {
            "approval.requested" => {
                let value: Option<Value> = serde_json::from_str(said(reason, "value")).ok();
                more.extend(value.as_ref().map(value_lines).unwrap_or_default());
                format!("a person is asked: {}", glance(said(reason, "question")))
            }
            "approval.escalated" => "nobody decided in time, so somebody else was told".to_owned(),
            _ => {
                let decision = data(reason, "decision").replace('_', " ");
                let why = said(reason, "reason");
                let why = if why.is_empty() { String::new() } else { format!(": {}", glance(why)) };
                format!("it was {decision}{why}")
            }
        }
    }

    fn call(&self, reason: &Value) -> String {
        let what = self.what(data(reason, "call"));
        match text(reason, "event") {
            "call.requested" => {
                let owner = reason.pointer("/data/owner/step").map_or("the workflow", |_| "the model");
                format!("{owner} asks for {what}")
            }
            "call.edited" => format!("{what} goes on with other words: {}", glance(said(reason, "arguments"))),
            _ => format!("{what} {}", outcome(reason, "result")),
        }
    }

    fn attempt(&self, reason: &Value) -> String {
        let effect = short(data(reason, "effect"));
        let fence = reason.pointer("/data/fence").and_then(Value::as_u64).unwrap_or_default();
        match text(reason, "event") {
            "effect.requested" => match (data(reason, "call"), data(reason, "step")) {
                ("", "") => "somebody is to be told that a person is waited for".to_owned(),
                ("", _) => "the model is asked once more".to_owned(),
                (call, _) => format!("{} is to be performed", self.what(call)),
            },
            "effect.retried" => {
                format!(
                    "the attempt failed and is repeated: {}: {}",
                    data(reason, "class"),
                    glance(said(reason, "detail"))
                )
            }
            "lease.granted" => {
                let doubt = reason.pointer("/data/in_doubt").is_some();
                let doubt = if doubt { "; an earlier one was lost and may have taken place" } else { "" };
                format!("attempt {fence} at {effect}, by runtime {}{doubt}", short(data(reason, "runtime")))
            }
            "lease.lost" => {
                format!("attempt {fence} at {effect} was lost: {}", data(reason, "because").replace('_', " "))
            }
            "report.late" => format!("attempt {fence} at {effect} reported too late"),
            _ => format!("{effect} is not wanted any more"),
        }
    }

    fn agent(&self, reason: &Value) -> String {
        match text(reason, "event") {
            "step.requested" => {
                let agent = self.agents.get(data(reason, "agent")).map_or("an agent", String::as_str);
                format!("{agent} is asked: {}", glance(said(reason, "prompt")))
            }
            "turn.answered" => {
                let calls = reason.pointer("/data/calls").and_then(Value::as_array).map_or(0, Vec::len);
                let words = if calls == 0 { "answered".to_owned() } else { format!("asked for {}", tools(calls)) };
                format!("the model {words}: {}", glance(said(reason, "text")))
            }
            "step.stopped" => format!("it ended without an answer: {}", glance(said(reason, "detail"))),
            _ => format!("the model {}", outcome(reason, "text")),
        }
    }

    fn other(&self, reason: &Value) -> String {
        let name = text(reason, "event").replace(['.', '_'], " ");
        match text(reason, "event") {
            "task.created" => format!("task {} began: {}", short(data(reason, "task")), glance(said(reason, "title"))),
            "run.started" => format!("the workflow began with {}", glance(said(reason, "input"))),
            "run.ended" => format!("the workflow {}", outcome(reason, "output")),
            "run.waits" => "the workflow waits for a time".to_owned(),
            "timer.ended" => "the time came".to_owned(),
            "document.written" => format!("document {} was written", glance(said(reason, "path"))),
            "agent.defined" => format!("agent {} was defined", glance(said(reason, "name"))),
            "workflow.defined" => format!("workflow {} was defined", glance(said(reason, "name"))),
            "egress.allowed" => format!("what may leave was allowed: {}", glance(said(reason, "rules"))),
            _ => {
                let content = reason.get("content").and_then(Value::as_object).into_iter().flatten();
                let said: Vec<String> = content.filter_map(|(_, text)| text.as_str().map(glance)).collect();
                format!("{name} {}", said.join("  ")).trim_end().to_owned()
            }
        }
    }

    /// Who acted, where it was not the machinery: beside the first event of a command.
    fn who(&self, reason: &Value) -> String {
        let is_first = self.begins.get(text(reason, "command")) == Some(&number(reason, "pos"));
        if text(reason, "scope") == "effects:perform" || !is_first {
            return String::new();
        }
        let behalf = reason.get("on_behalf_of").and_then(Value::as_array).into_iter().flatten();
        let behalf: String = behalf.filter_map(Value::as_str).map(|name| format!(", for {}", one_line(name))).collect();
        format!("  (by {}{behalf})", one_line(text(reason, "actor")))
    }

    /// What a call does, in words.
    fn what(&self, call: &str) -> String {
        let Some(asked) = self.calls.get(call) else { return format!("call {}", short(call)) };
        let arguments = serde_json::from_str(said(asked, "arguments")).unwrap_or_default();
        let capability = data(asked, "capability");
        one_line(format!("{capability} {}", about(capability, &arguments)).trim_end())
    }
}

/// How it ended, in words.
fn outcome(reason: &Value, name: &str) -> String {
    let outcome =
        |name: &str| reason.pointer(&format!("/data/outcome/{name}")).and_then(Value::as_str).unwrap_or_default();
    match outcome("is") {
        "failed" => format!("failed: {}: {}", outcome("class"), glance(said(reason, "detail"))),
        "cancelled" => "was cancelled".to_owned(),
        "answered" => format!("answered: {}", glance(said(reason, name))),
        _ => format!("came to {}", glance(said(reason, name))),
    }
}

/// What a model was told, below its answer.
fn told(reason: &Value) -> Vec<String> {
    let Some(told) = reason.get("told") else { return Vec::new() };
    let (messages, tokens) = (number(told, "messages"), number(told, "estimated_tokens"));
    let last: Vec<&Value> = told.get("last").and_then(Value::as_array).into_iter().flatten().collect();
    if last.is_empty() {
        return vec!["(what it was told cannot be read any more: the key was destroyed)".to_owned()];
    }
    let messages = crate::words::counted(usize::try_from(messages).unwrap_or_default(), "message");
    let mut lines = vec![format!("it was told {messages}, about {tokens} tokens")];
    lines.extend(last.iter().map(|said| format!("| {}: {}", text(said, "speaker"), glance(text(said, "text")))));
    lines
}

fn tools(count: usize) -> String {
    crate::words::counted(count, "tool")
}

/// A text of an event's data.
fn data<'v>(reason: &'v Value, name: &str) -> &'v str {
    reason.get("data").map(|data| text(data, name)).unwrap_or_default()
}

/// What was said in the content called `name`.
fn said<'v>(reason: &'v Value, name: &str) -> &'v str {
    match reason.get("content").and_then(|content| content.get(name)) {
        Some(Value::Null) => "(its key was destroyed)",
        Some(text) => text.as_str().unwrap_or_default(),
        None => "",
    }
}

/// The beginning of a text, in a line.
fn glance(text: &str) -> String {
    let line = one_line(text);
    let shown: String = line.chars().take(SHOWN_CHARS).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}
