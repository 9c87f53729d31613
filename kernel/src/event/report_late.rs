//! A report came under a lease that is no longer the effect's: kept, and without authority.

use super::{EventType, Outcome, Place};
use crate::entity::Lease;
use crate::id::{BootId, Id, RuntimeId};
use crate::key::Key;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A report came too late. What it observed is kept; it advances nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLate {
    /// The task.
    pub task: Id,
    /// The effect.
    pub effect: Id,
    /// The runtime that reports.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// The fencing token it reports under.
    pub fence: u64,
    /// What it observed.
    pub outcome: Outcome,
}

impl EventType for ReportLate {
    const NAME: &'static str = "report.late";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Lease(self.effect))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Lease>(Key::Lease(self.effect), |lease| lease.late.add(1));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.outcome.contents()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
