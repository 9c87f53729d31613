//! A moment worth a line.

use super::read::one_line;
use serde_json::{Value, json};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The run began.
    Begun,
    /// It goes on after a failure.
    Resumed,
    /// A task of the workflow is done.
    Done,
    /// A task was passed over.
    Skipped,
    /// A branch was taken.
    Chosen,
    /// A turn of a loop begins.
    Item,
    /// An agent used a tool.
    Tool,
    /// A model is asked once more.
    SentBack,
    /// The run goes on at a time.
    Waits,
    /// An attempt failed and is repeated.
    Retry,
    /// An error was caught.
    Caught,
    /// Something failed for good.
    Failed,
    /// Another runtime goes on.
    HandedOver,
    /// A person is asked.
    Asks,
    /// Somebody else is told.
    Escalated,
    /// A person decided.
    Decided,
    /// Somebody cancelled it.
    Cancelled,
    /// An agent answered, outside of a workflow.
    Answered,
    /// It came to its end.
    Ended,
}

impl Kind {
    /// Its symbol and its word: neither depends on colour.
    pub const fn sign(self) -> (&'static str, &'static str) {
        match self {
            Self::Begun => ("▶", "begun"),
            Self::Resumed => ("▶", "resumed"),
            Self::Done => ("✓", "done"),
            Self::Skipped => ("–", "skipped"),
            Self::Chosen => ("→", "chosen"),
            Self::Item => ("▸", "item"),
            Self::Tool => ("·", "tool"),
            Self::SentBack => ("↺", "sent back"),
            Self::Waits => ("…", "waits"),
            Self::Retry => ("↻", "retry"),
            Self::Caught => ("!", "caught"),
            Self::Failed => ("✗", "failed"),
            Self::HandedOver => ("⇄", "handed over"),
            Self::Asks => ("?", "ASKS YOU"),
            Self::Escalated => ("?", "escalated"),
            Self::Decided => ("✓", "decided"),
            Self::Cancelled => ("■", "cancelled"),
            Self::Answered => ("✓", "answered"),
            Self::Ended => ("■", "ended"),
        }
    }
}

/// A moment worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Position of the event that made it.
    pub pos: u64,
    /// Since the task began, milliseconds.
    pub at_ms: u64,
    /// How deep in the workflow.
    pub depth: usize,
    /// What happened.
    pub kind: Kind,
    /// To which task of the workflow; empty when to the whole.
    pub name: String,
    /// The rest, in a line.
    pub about: String,
    /// What stands below it.
    pub more: Vec<String>,
}

impl Moment {
    /// At the time and place of the event that is taken.
    pub fn new(kind: Kind, depth: usize, name: &str, about: impl AsRef<str>) -> Self {
        let about = one_line(about.as_ref());
        Self { pos: 0, at_ms: 0, depth, kind, name: name.to_owned(), about, more: Vec::new() }
    }

    /// With lines below it.
    #[must_use]
    pub fn more(self, more: Vec<String>) -> Self {
        Self { more, ..self }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "pos": self.pos, "at_ms": self.at_ms, "what": self.kind.sign().1.to_lowercase().replace(' ', "_"),
            "name": self.name, "about": self.about, "more": self.more, "depth": self.depth,
        })
    }
}
