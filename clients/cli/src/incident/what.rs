//! Which events belong to an incident, found while the log is read.

use kernel::event::{EventData, Header};
use kernel::id::{CommandId, Id};
use serde_json::Value;
use std::collections::BTreeSet;

/// A piece of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// From the first event of a task to the last.
    Task(Id),
    /// These positions.
    Range(u64, u64),
}

/// Fields that name what an event is about.
const LINKS: [&str; 8] = ["task", "effect", "approval", "call", "step", "turn", "timer", "subject"];

/// Which events are about a task.
#[derive(Debug)]
pub struct Concerns {
    ids: BTreeSet<String>,
    last: Option<CommandId>,
}

impl Concerns {
    /// About that one.
    pub fn of(task: Id) -> Self {
        Self { ids: BTreeSet::from([task.to_string(), format!("task/{task}")]), last: None }
    }

    /// Whether the event is.
    pub fn take(&mut self, header: &Header, data: &EventData) -> bool {
        let data: Value = data.encode().ok().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let named: Vec<&str> = LINKS.iter().filter_map(|link| data.get(link)?.as_str()).collect();
        let task = data.get("task").and_then(Value::as_str);
        let concerns = match task {
            Some(task) => self.ids.contains(task),
            // What the kernel does itself for a call names nothing, and stands beside what asks for it.
            None if named.is_empty() => self.last == Some(header.command),
            None => named.iter().any(|id| self.ids.contains(*id)),
        };
        if concerns {
            self.ids.extend(named.into_iter().map(str::to_owned));
            self.last = Some(header.command);
        } else if self.last != Some(header.command) {
            self.last = None;
        }
        concerns
    }
}
