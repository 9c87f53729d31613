//! A workspace began.

use super::{EventType, Place};
use crate::entity::{Branch, Workspace};
use crate::key::{BranchId, Key};
use crate::merge::Lww;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A workspace began; the first event of `main`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceCreated {
    /// What people call it.
    pub name: Content,
}

impl EventType for WorkspaceCreated {
    const NAME: &'static str = "workspace.created";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Workspace), Place::Control(Key::Branch(BranchId::Main))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.put(Key::Workspace, Workspace { name: Lww(Some(self.name.carried_at(to.pos()))) });
        to.put_control(Key::Branch(BranchId::Main), Branch::new(None, None));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("name", &mut self.name)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Workspace)
    }
}
