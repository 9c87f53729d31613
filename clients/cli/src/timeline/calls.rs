//! Uses of capabilities, and the people that are asked.

use super::moment::{Kind, Moment};
use super::read::{Told, one_line, shown};
use super::{Ask, Timeline, render};
use serde_json::Value;

/// Most lines of a value that is to be approved.
const VALUE_LINES: usize = 12;

/// A use of a capability.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// The task of the workflow that asks for it.
    pub node: Option<u64>,
    /// The step of an agent that asks for it.
    step: Option<String>,
    capability: String,
    /// What it is about, in a word.
    about: String,
    /// What its agent did.
    pub agent: Option<String>,
    decided: Option<String>,
}

impl Call {
    /// What came of it.
    pub fn done(&self) -> String {
        match (&self.agent, &self.decided) {
            (Some(agent), _) => agent.clone(),
            (None, Some(decided)) => decided.clone(),
            (None, None) => format!("{} {}", self.capability, self.about).trim_end().to_owned(),
        }
    }
}

impl Timeline {
    pub(super) fn of_call(&mut self, told: &Told<'_>) -> Vec<Moment> {
        let id = told.text("call").to_owned();
        match told.name {
            "call.requested" => {
                let arguments = told.json("arguments").unwrap_or_default();
                let capability = told.text("capability").to_owned();
                let about = about(&capability, &arguments);
                let node = told.at("/owner/run").and_then(Value::as_u64);
                let step = told.at("/owner/step").and_then(Value::as_str).map(str::to_owned);
                self.calls.insert(id, Call { node, step, capability, about, ..Call::default() });
                self.summary.calls += 1;
                Vec::new()
            }
            "call.settled" => {
                self.over(told.at("/closing/effect").and_then(Value::as_str).unwrap_or_default());
                self.settled(told, &id).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn settled(&mut self, told: &Told<'_>, id: &str) -> Option<Moment> {
        let call = self.calls.get(id)?.clone();
        if told.at("/outcome/is").and_then(Value::as_str) == Some("cancelled") {
            self.calls.remove(id);
            return None;
        }
        let failed = told.at("/outcome/class").and_then(Value::as_str);
        let detail = told.said("detail").unwrap_or_default();
        let name = call.node.map(|node| self.node_name(node));
        match (name, failed) {
            // What a task of the workflow got is told when it is done.
            (Some(_), None) => None,
            // That it failed is told with what is done about it.
            (Some(name), Some(_)) => {
                self.calls.remove(id);
                self.failed = Some(name);
                None
            }
            (None, failed) => {
                self.calls.remove(id);
                let name = self.step_name(call.step.as_deref().unwrap_or_default());
                let what = match call.capability.as_str() {
                    "unknown" => "a tool that is not there".to_owned(),
                    capability => format!("{capability} {}", call.about).trim_end().to_owned(),
                };
                let about = failed.map_or(what.clone(), |class| format!("{what}: {class}: {}", one_line(detail)));
                let mut moment = self.moment(Kind::Tool, &name, about);
                moment.depth += 1;
                if failed.is_some() { Some(moment) } else { self.unless_crowded(moment) }
            }
        }
    }

    /// Name of what a call is for.
    pub(super) fn call_name(&self, id: &str) -> String {
        let Some(call) = self.calls.get(id) else { return String::new() };
        match call.node {
            Some(node) => self.node_name(node),
            None => self.step_name(call.step.as_deref().unwrap_or_default()),
        }
    }

    /// What a call is for and what it does, for a line that does not stay.
    pub(super) fn call_label(&self, id: &str) -> String {
        let what = self.calls.get(id).map(|call| format!("{} {}", call.capability, call.about)).unwrap_or_default();
        format!("{}: {}", self.call_name(id), what.trim_end())
    }

    pub(super) fn of_approval(&mut self, told: &Told<'_>) -> Vec<Moment> {
        let id = told.text("approval").to_owned();
        match told.name {
            "approval.requested" => vec![self.asked(told, &id)],
            "approval.escalated" => {
                vec![self.moment(Kind::Escalated, "", format!("nobody decided so far about {}", render::short(&id)))]
            }
            _ => {
                let Some(_) = self.asks.remove(&id) else { return Vec::new() };
                let decision = told.text("decision").replace('_', " ");
                let why = told.said("reason").map(|why| format!(": {}", one_line(why))).unwrap_or_default();
                let about = match decision.as_str() {
                    "timed out" => "nobody decided in time".to_owned(),
                    _ => format!("{decision} by {}{why}", told.text("by")),
                };
                let waiting = self.calls.iter_mut().find(|(_, call)| call.decided.as_deref() == Some(id.as_str()));
                if let Some((_, call)) = waiting {
                    call.decided = Some(about.clone());
                    // The task that asked says it when it is done.
                    if call.capability == "ask" && decision != "cancelled" {
                        return Vec::new();
                    }
                }
                vec![self.moment(Kind::Decided, "", about)]
            }
        }
    }

    fn asked(&mut self, told: &Told<'_>, id: &str) -> Moment {
        let options = told.json("options").and_then(|options| options.as_array().cloned()).unwrap_or_default();
        let ask = Ask {
            id: id.to_owned(),
            kind: told.text("kind").to_owned(),
            digest: told.text("digest").to_owned(),
            question: told.said("question").map(str::to_owned),
            value: told.json("value"),
            options: options.iter().map(shown).collect(),
        };
        let call = told.text("call");
        let name = self.call_name(call);
        if let Some(call) = self.calls.get_mut(call) {
            call.decided = Some(id.to_owned());
        }
        let mut more = ask.value.as_ref().map(lines).unwrap_or_default();
        if !ask.options.is_empty() {
            more.push(format!("one of: {}", ask.options.join(", ")));
        }
        if let Some(expires) = told.number("expires_at") {
            let left = render::duration(expires.saturating_sub(told.at_ms));
            more.push(format!("waits until {} (for {left})", render::clock(expires)));
        }
        more.push(how(&ask));
        let question = ask.question.clone().unwrap_or_else(|| "may this go on?".to_owned());
        self.asks.insert(id.to_owned(), ask);
        self.summary.asked += 1;
        self.moment(Kind::Asks, &name, question).more(more)
    }
}

/// How to answer, as commands.
fn how(ask: &Ask) -> String {
    let id = render::short(&ask.id);
    match ask.kind.as_str() {
        "question" => format!("answer: kernelos approve {id} --answer …"),
        "doubt" => format!("decide: kernelos approve {id}  |  --answer …  |  --reject --reason …"),
        _ => format!("decide: kernelos approve {id}  |  --edit …  |  --reject --reason …"),
    }
}

/// A value, in lines: as it is when it is text, else as JSON.
pub fn lines(value: &Value) -> Vec<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let clean = |line: &str| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut lines: Vec<String> = text.lines().take(VALUE_LINES).map(|line| format!("| {}", clean(line))).collect();
    let left = text.lines().count().saturating_sub(VALUE_LINES);
    if left > 0 {
        lines.push(format!("| … {left} more lines"));
    }
    lines
}

/// What a call is about, in a word.
pub fn about(capability: &str, arguments: &Value) -> String {
    let text = |name: &str| arguments.get(name).map(shown).unwrap_or_default();
    match capability {
        "http.request" => {
            let endpoint = arguments.get("endpoint").map(|it| shown(it.get("uri").unwrap_or(it))).unwrap_or_default();
            format!("{} {endpoint}", text("method").to_uppercase()).trim_start().to_owned()
        }
        "documents.read" | "documents.write" => text("path"),
        "documents.list" => text("prefix"),
        "notes.recall" => text("query"),
        "notes.remember" => text("text"),
        "agent" => text("agent"),
        _ => String::new(),
    }
}
