//! `branch.fork`: begin a branch. It copies nothing.

use super::{Context, Decide, Decision, NAME_MAX};
use crate::entity::Base;
use crate::event::BranchForked;
use crate::id::Role;
use crate::reject::{Code, line};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Begin a branch of the line the command works on, at its head.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchFork {
    /// What people call it.
    pub name: String,
}

impl Decide for BranchFork {
    const NAME: &'static str = "branch.fork";
    const SCOPE: &'static str = "branches:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("name", &self.name, NAME_MAX)?;
        let Some((root, pos)) = with.root else {
            return Err(Code::NotFound.because(format!("{} has no root", with.line())).into());
        };
        let branch = with.id(Role::Branch);
        let base = Base { parent: with.line(), pos, root };
        Ok(Decision::one(BranchForked { branch, name: Content::plain(&self.name), base }, vec![branch]))
    }
}
