//! `task.create`: begin a task.

use super::{Context, Decide, Decision, NAME_MAX};
use crate::event::TaskCreated;
use crate::id::Role;
use crate::reject::line;
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Begin a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Task;
    use crate::key::{BranchId, Key};
    use crate::reject::Code;
    use crate::testing::{begun, story_id};
    use serde_json::json;

    #[test]
    fn a_task_begins_without_a_step() {
        let mut it = begun();
        it.when("task.create", json!({"title": "groceries"})).then(&["task.created"]);
        let task: Task = it.data(BranchId::Main, Key::Task(it.made()[0])).unwrap();
        assert_eq!((*task.last_step, task.steps.0), (None, 0));
    }

    #[test]
    fn its_title_is_one_line_within_bounds() {
        let mut it = begun();
        for (title, code) in [
            (String::new(), Code::InvalidArgument),
            ("two\nlines".to_owned(), Code::ControlCharacter),
            ("\u{85}".to_owned(), Code::ControlCharacter),
            ("t".repeat(NAME_MAX + 1), Code::TooLong),
            ("ä".repeat(NAME_MAX / 2 + 1), Code::TooLong),
        ] {
            it.when("task.create", json!({"title": title})).rejected(code);
        }
        it.when("task.create", json!({"title": "ä".repeat(NAME_MAX / 2)})).then(&["task.created"]);
    }

    #[test]
    fn a_branch_that_is_not_there_has_no_tasks() {
        let nowhere = BranchId::Forked(story_id(Role::Branch));
        begun().when_on(nowhere, "task.create", json!({"title": "x"})).refused(Code::NotFound);
    }
}
