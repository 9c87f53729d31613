//! `task.create`: begin a task.

use super::{Context, Decide, Decision, NAME_MAX};
use crate::event::TaskCreated;
use crate::id::Role;
use crate::reject::line;
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Begin a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCreate {
    /// What it is about.
    pub title: String,
}

impl Decide for TaskCreate {
    const NAME: &'static str = "task.create";
    const SCOPE: &'static str = "tasks:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("title", &self.title, NAME_MAX)?;
        let task = with.id(Role::Task);
        Ok(Decision::one(TaskCreated { task, title: Content::plain(&self.title) }, vec![task]))
    }
}
