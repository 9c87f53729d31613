//! What happens to a task, told to a person: events in, moments out.
//!
//! Pure: no clock, no terminal. Many events make one moment, and most make none; what a moment looks like is said in
//! `render.rs`, and nothing here knows of it.

mod calls;
mod moment;
mod picture;
mod read;
mod render;
mod run;
mod steps;
mod summary;
#[cfg(test)]
mod tests;

pub use calls::{about, lines};
pub use moment::{Kind, Moment};
pub use picture::{OfAll, OfTask};
pub use read::{one_line, shown};
pub use render::{Style, clock, colourful, cost, duration, line, short, strong};
pub use summary::{Ending, Summary};

use calls::Call;
use kernel::workflow::Definition;
use read::Told;
use run::Frame;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use steps::Step;

/// Names of agents and their models, by id.
pub type Names = BTreeMap<String, (String, String)>;

/// A task that is watched.
#[derive(Debug, Default)]
pub struct Timeline {
    task: String,
    definition: Option<Definition>,
    names: Names,
    /// What the log says of workflows and models, by id.
    sources: BTreeMap<String, String>,
    models: BTreeMap<String, String>,
    began_ms: Option<u64>,
    /// Tasks of the workflow that were begun and are not done, outermost first.
    frames: Vec<Frame>,
    /// A wait or a retry whose time is not known yet.
    expects: Option<run::Expects>,
    /// The task of the workflow that comes next, and the one whose call failed last.
    next: Option<u64>,
    failed: Option<String>,
    calls: BTreeMap<String, Call>,
    steps: BTreeMap<String, Step>,
    /// What is owed from outside: effects that are not over, and what they are for.
    owed: BTreeMap<String, String>,
    /// Those whose runtime was lost.
    lost: BTreeSet<String>,
    /// What waits for a person.
    asks: BTreeMap<String, Ask>,
    summary: Summary,
    /// What is being said at this moment.
    saying: String,
}

/// Something that waits for a person, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The approval.
    pub id: String,
    /// `approval`, `question` or `doubt`.
    pub kind: String,
    /// Hash over exactly what is to be decided.
    pub digest: String,
    /// What is asked.
    pub question: Option<String>,
    /// What is to be approved.
    pub value: Option<Value>,
    /// Answers to choose from.
    pub options: Vec<String>,
}

impl Timeline {
    /// Watch `task`, which performs `definition` if it is a run.
    pub fn new(task: &str, definition: Option<Definition>, names: Names) -> Self {
        Self { task: task.to_owned(), definition, names, ..Self::default() }
    }

    /// Take an event as the stream tells it; what it means to who watches.
    pub fn event(&mut self, view: &Value) -> Vec<Moment> {
        let Some(told) = Told::of(view) else { return Vec::new() };
        self.learn(&told);
        if !self.concerns(&told) {
            return Vec::new();
        }
        let began = *self.began_ms.get_or_insert(told.at_ms);
        self.summary.at_ms = told.at_ms.saturating_sub(began);
        let mut moments = self.moments(&told);
        for moment in &mut moments {
            moment.pos = told.pos;
            moment.at_ms = self.summary.at_ms;
        }
        moments
    }

    /// Take a piece of an answer; what is being said now, for a line that does not stay.
    pub fn delta(&mut self, delta: &Value) -> Option<String> {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        let label = self.owed.get(text("effect"))?.clone();
        self.saying.push_str(text("text"));
        let said: Vec<char> = self.saying.chars().collect();
        let shown: String = said.iter().skip(said.len().saturating_sub(render::SAYING_CHARS)).collect();
        Some(format!("{label}: {}", read::one_line(&shown)))
    }

    /// What is being done now, for a line that does not stay.
    pub fn doing(&self) -> Option<String> {
        if self.summary.ending.is_some() {
            return None;
        }
        self.owed.values().rev().find(|label| !label.is_empty()).cloned()
    }

    /// What waits for a person.
    pub fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.values()
    }

    /// Whether it waits for a person and for nothing else.
    pub fn only_waits_for_people(&self) -> bool {
        self.summary.ending.is_none() && !self.asks.is_empty() && self.owed.is_empty()
    }

    /// How it went so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Names, and workflows: they may stand in the log long before the task.
    fn learn(&mut self, told: &Told<'_>) {
        let (said, id) =
            (|name: &str| told.said(name).unwrap_or_default().to_owned(), |name: &str| told.text(name).to_owned());
        match told.name {
            "provider.defined" => drop(self.models.insert(id("provider"), said("model"))),
            "agent.defined" => {
                let model = self.models.get(told.text("provider")).cloned().unwrap_or_default();
                self.names.insert(id("agent"), (said("name"), model));
            }
            "workflow.defined" => drop(self.sources.insert(id("workflow"), said("source"))),
            "run.started" if told.text("task") == self.task && self.definition.is_none() => {
                let source = self.sources.get(told.text("workflow")).and_then(|it| serde_json::from_str(it).ok());
                self.definition = source.and_then(|source: Value| Definition::parse(&source).ok());
            }
            _ => {}
        }
    }

    /// Whether an event is about this task.
    fn concerns(&self, told: &Told<'_>) -> bool {
        match told.text("task") {
            "" => self.owed.contains_key(told.text("effect")) || self.asks.contains_key(told.text("approval")),
            task => task == self.task,
        }
    }

    fn moments(&mut self, told: &Told<'_>) -> Vec<Moment> {
        match told.name {
            "run.started" | "run.moved" | "run.waits" | "run.resumed" | "run.ended" => self.of_run(told),
            "call.requested" | "call.settled" | "call.edited" => self.of_call(told),
            "approval.requested" | "approval.decided" | "approval.escalated" => self.of_approval(told),
            "task.cancelled" => {
                let why = told.said("reason").unwrap_or_default();
                vec![Moment::new(Kind::Cancelled, 0, "", why)]
            }
            _ => self.of_effect(told),
        }
    }
}
