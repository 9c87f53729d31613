//! `branch.fork`: begin a branch. It copies nothing.

use super::{Context, Decide, Decision, NAME_MAX};
use crate::entity::{Base, Branch};
use crate::event::BranchForked;
use crate::id::Role;
use crate::key::Key;
use crate::reject::{Code, line};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Live forks of one branch: they stand in one row of its.
const FORKS_MAX: usize = 1_024;

/// Begin a branch of the line the command works on, at its head.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
        let parent = with.read.control::<Branch>(Key::Branch(with.line().branch))?;
        if parent.is_some_and(|parent| parent.forks.len() >= FORKS_MAX) {
            return Err(Code::InvalidArgument.because(format!("{} has {FORKS_MAX} forks already", with.line())).into());
        }
        let branch = with.id(Role::Branch);
        let base = Base { parent: with.line(), pos, root };
        Ok(Decision::one(BranchForked { branch, name: Content::plain(&self.name), base }, vec![branch]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Branch, Task};
    use crate::event::EventData;
    use crate::key::{BranchId, Key, Line, Space};
    use crate::testing::{Story, begun, story_id};
    use serde_json::json;

    fn forked(it: &mut Story, from: BranchId) -> BranchId {
        it.when_on(from, "branch.fork", json!({"name": "draft"})).then(&["branch.forked"]);
        BranchId::Forked(it.made()[0])
    }

    #[test]
    fn a_fork_stands_on_its_parent_as_it_is_and_copies_nothing() {
        let mut it = begun();
        let (pos, root) = (it.machine.pos(), it.root(Space::MAIN));
        let fork = forked(&mut it, BranchId::Main);
        let EventData::BranchForked(event) = it.event() else { panic!("{:?}", it.event()) };
        assert_eq!(event.base, crate::entity::Base { parent: Line::default(), pos, root });
        assert_eq!(it.root(Space::MAIN), root);
        let main: Branch = it.control(Key::Branch(BranchId::Main)).unwrap();
        assert_eq!(main.forks.0.len(), 1);
        assert!(it.data::<crate::entity::Agent>(fork, Key::Agent(it.agent())).is_some());
    }

    #[test]
    fn what_happens_on_one_side_is_not_seen_on_the_other() {
        let mut it = begun();
        let [task, ..] = it.asked("before");
        let fork = forked(&mut it, BranchId::Main);
        it.settle("an answer");
        it.given("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "after"}));
        let steps = |it: &mut Story, branch| it.data::<Task>(branch, Key::Task(task)).unwrap().steps.0;
        assert_eq!((steps(&mut it, BranchId::Main), steps(&mut it, fork)), (2, 1));

        it.when_on(fork, "task.create", json!({"title": "on the fork"})).then(&["task.created"]);
        let there = Key::Task(it.made()[0]);
        assert!(it.data::<Task>(fork, there).is_some());
        assert!(it.data::<Task>(BranchId::Main, there).is_none());
    }

    #[test]
    fn a_fork_of_a_fork_sees_both_as_they_were() {
        let mut it = begun();
        it.given("task.create", json!({"title": "on main"}));
        let on_main = Key::Task(it.made()[0]);
        let one = forked(&mut it, BranchId::Main);
        it.when_on(one, "task.create", json!({"title": "on one"}));
        let on_one = Key::Task(it.made()[0]);
        let two = forked(&mut it, one);
        it.when_on(one, "task.create", json!({"title": "later on one"}));
        let later = Key::Task(it.made()[0]);
        let mut sees = |key| it.data::<Task>(two, key).is_some();
        assert_eq!((sees(on_main), sees(on_one), sees(later)), (true, true, false));
    }

    #[test]
    fn its_name_is_within_bounds_and_its_parent_exists() {
        let mut it = begun();
        it.when("branch.fork", json!({"name": "a\u{0}b"})).rejected(Code::ControlCharacter);
        it.when("branch.fork", json!({"name": "n".repeat(NAME_MAX + 1)})).rejected(Code::TooLong);
        let nowhere = BranchId::Forked(story_id(Role::Branch));
        it.when_on(nowhere, "branch.fork", json!({"name": "x"})).refused(Code::NotFound);
    }
}
