//! A branch was forked. It copies nothing.

use super::{EventType, Place};
use crate::entity::{Base, Branch, Fork};
use crate::id::Id;
use crate::key::{BranchId, Key};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A branch was forked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchForked {
    /// The branch.
    pub branch: Id,
    /// What people call it.
    pub name: Content,
    /// What it stands on.
    pub base: Base,
}

impl EventType for BranchForked {
    const NAME: &'static str = "branch.forked";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Control(Key::Branch(BranchId::Forked(self.branch))),
            Place::Control(Key::Branch(self.base.parent.branch)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let branch = BranchId::Forked(self.branch);
        let fork = Branch::new(Some(self.name.carried_at(to.pos())), Some(self.base.clone()));
        to.put_control(Key::Branch(branch), fork);
        to.edit_control::<Branch>(Key::Branch(self.base.parent.branch), |parent| {
            parent.forks.push(Fork { branch, pos: self.base.pos });
        });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("name", &mut self.name)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Branch(self.branch))
    }
}
