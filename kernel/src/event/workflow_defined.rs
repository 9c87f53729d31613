//! A workflow passed its check and can be run.

use super::{EventType, Place};
use crate::entity::{Name, Workflow};
use crate::id::{Id, KeyId};
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A workflow can be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowDefined {
    /// The workflow.
    pub workflow: Id,
    /// The tag of its name.
    pub named: KeyId,
    /// What people call it.
    pub name: Content,
    /// Its namespace and its version, a JSON array.
    pub document: Content,
    /// The workflow itself, JSON.
    pub source: Content,
}

impl EventType for WorkflowDefined {
    const NAME: &'static str = "workflow.defined";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Workflow(self.workflow)), Place::Data(Key::Name(self.named))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let workflow = Workflow {
            name: Lww(Some(self.name.carried_at(pos))),
            document: Lww(Some(self.document.carried_at(pos))),
            source: Exclusive(Some(self.source.carried_at(pos))),
        };
        to.put(Key::Workflow(self.workflow), workflow);
        to.put(Key::Name(self.named), Name { id: Lww(self.workflow) });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("name", &mut self.name), ("document", &mut self.document), ("source", &mut self.source)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Workflow(self.workflow))
    }
}
