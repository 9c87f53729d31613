//! `key.destroy`: make a subject's content unreadable, for ever and everywhere.

use super::{Context, Decide, Decision};
use crate::entity::DataKey;
use crate::event::KeyDestroyed;
use crate::key::Key;
use crate::reject::Code;
use crate::seal::Subject;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Destroy a subject's data key. No hash changes; what the key sealed can never be read again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDestroy {
    /// The subject.
    pub subject: Subject,
}

impl Decide for KeyDestroy {
    const NAME: &'static str = "key.destroy";
    const SCOPE: &'static str = "keys:destroy";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        match with.read.control::<DataKey>(Key::Subject(self.subject))? {
            None => Err(Code::NotFound.because(format!("{} has no key", self.subject)).into()),
            Some(key) if *key.destroyed => {
                Err(Code::KeyDestroyed.because(format!("the key of {} is gone already", self.subject)).into())
            }
            Some(key) => Ok(Decision::one(KeyDestroyed { subject: self.subject, key: *key.key }, Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::BranchId;
    use crate::machine::KEYS_SPACE;
    use crate::testing::{Story, begun};
    use serde_json::json;

    fn destroy(it: &mut Story, subject: Subject) -> &mut Story {
        it.when("key.destroy", json!({"subject": subject}))
    }

    fn keys(it: &Story) -> usize {
        it.stored.rows.keys().filter(|at| at.space == KEYS_SPACE).count()
    }

    #[test]
    fn the_wrapped_key_goes_and_nothing_new_is_sealed() {
        let mut it = begun();
        let [task, ..] = it.asked("a question");
        it.settle("an answer");
        let before = keys(&it);
        destroy(&mut it, Subject::Task(task)).then(&["key.destroyed"]);
        assert_eq!(keys(&it), before - 1);
        it.when("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "more"})).rejected(Code::KeyDestroyed);
        destroy(&mut it, Subject::Task(task)).rejected(Code::KeyDestroyed);
    }

    #[test]
    fn every_kind_of_subject_can_be_destroyed() {
        let mut it = begun();
        it.given("branch.fork", json!({"name": "draft"}));
        let branch = it.made()[0];
        let (agent, provider) = (it.agent(), it.provider());
        for subject in [Subject::Branch(branch), Subject::Agent(agent), Subject::Provider(provider), Subject::Workspace]
        {
            destroy(&mut it, subject).then(&["key.destroyed"]);
        }
        assert_eq!(keys(&it), 0);
    }

    #[test]
    fn on_a_branch_it_is_destroyed_for_all() {
        let mut it = begun();
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        let subject = Subject::Agent(it.agent());
        it.when_on(fork, "key.destroy", json!({"subject": subject})).then(&["key.destroyed"]);
        destroy(&mut it, subject).rejected(Code::KeyDestroyed);
    }

    #[test]
    fn a_subject_without_a_key_has_none_to_destroy() {
        let mut it = begun();
        let nobody = Subject::Task(it.agent());
        destroy(&mut it, nobody).rejected(Code::NotFound);
    }
}
