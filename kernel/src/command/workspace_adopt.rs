//! `workspace.adopt`: this incarnation of an imported workspace goes on.

use super::runtime_join::lose;
use super::{Context, Decide, Decision};
use crate::entity::Origin;
use crate::event::{LostBecause, WorkspaceAdopted};
use crate::key::{Index, Key};
use crate::reject::Code;
use crate::staged::Staged;
use crate::view::{Halt, RANGE_MAX, View};
use serde::{Deserialize, Serialize};

/// Let go what an imported workspace holds. A person says so who knows that the workspace does not go on where it came from.
///
/// A lease that stood when the file was written is held by a runtime of that other host, of which nobody here will hear:
/// it is lost, as when a runtime dies, and what may not be repeated is asked about. Of more leases than one command gives
/// back, the rest expires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceAdopt {}

impl Decide for WorkspaceAdopt {
    const NAME: &'static str = "workspace.adopt";
    const SCOPE: &'static str = "workspace:adopt";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let origin = with.read.control::<Origin>(Key::Origin)?.filter(|origin| *origin.held);
        let Some(origin) = origin else {
            return Err(Code::NotHeld.because("its effects are not held").into());
        };
        let mut to = Staged::new(with);
        to.emit(WorkspaceAdopted { incarnation: *origin.incarnation })?;
        for key in with.read.index(Index::Expiry, None, RANGE_MAX)? {
            let Key::Expiry(_, effect) = key else { continue };
            if to.is_full() {
                break;
            }
            lose(&mut to, effect, LostBecause::Restarted)?;
        }
        Ok(to.decision())
    }
}

/// Whether what the workspace owes is held: nobody may take it, and no timer goes off.
pub(super) fn released<V: View>(with: &Context<'_, V>) -> Result<(), Halt> {
    match with.read.control::<Origin>(Key::Origin)? {
        Some(origin) if *origin.held => {
            Err(Code::EffectsHeld.because(format!("incarnation {} was not adopted yet", *origin.incarnation)).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Lease, LeaseStatus};
    use crate::key::BranchId;
    use crate::testing::{Story, begun, boot};
    use serde_json::json;

    fn adopts(it: &mut Story) -> &mut Story {
        it.when("workspace.adopt", json!({}))
    }

    fn takes(it: &mut Story) -> &mut Story {
        it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000}))
    }

    #[test]
    fn while_effects_are_held_nobody_takes_one_and_no_timer_goes_off() {
        let mut it = begun();
        it.asked_person("Which one?");
        let [.., effect] = it.asked("a question");
        let leased = it.leased("another question");
        it.imported_by([7; 32]);
        it.now_ms += 365 * 24 * 3_600_000;
        takes(&mut it).rejected(Code::EffectsHeld);
        it.when("timers.fire", json!({})).rejected(Code::EffectsHeld);
        let renewal = json!({"runtime": it.runtime(), "boot": boot(1), "effect": leased, "fence": 1, "ttl_ms": 5});
        it.when("effect.renew", renewal).rejected(Code::EffectsHeld);
        assert!(!it.machine_has_no(Key::Ready(effect)));
    }

    #[test]
    fn what_is_held_is_not_remembered_for_a_request_under_a_key() {
        let mut it = begun();
        it.asked("a question");
        it.imported_by([7; 32]);
        let data = json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000});
        it.when_under(9, "effect.lease", data.clone()).refused(Code::EffectsHeld);
        it.when_under(8, "timers.fire", json!({})).refused(Code::EffectsHeld);
        adopts(&mut it);
        it.when_under(9, "effect.lease", data).then(&["lease.granted"]);
    }

    #[test]
    fn commands_and_people_go_on_while_effects_are_held() {
        let mut it = begun();
        let (approval, digest) = it.asked_person("Which one?");
        it.imported_by([7; 32]);
        it.given("task.create", json!({"title": "new"}));
        it.asked("a question");
        let data = json!({"approval": approval, "digest": digest, "decision": "answer", "value": "this one"});
        it.given("approval.decide", data);
        it.given("branch.fork", json!({"name": "draft"}));
    }

    #[test]
    fn who_adopts_loses_the_leases_of_the_other_host_and_takes_what_waits_in_doubt() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.imported_by([7; 32]);
        adopts(&mut it).then(&["workspace.adopted", "lease.lost"]);
        assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().status, LeaseStatus::Lost);
        takes(&mut it).then(&["lease.granted"]);
        assert!(it.all::<crate::event::LeaseGranted>()[0].in_doubt);
        assert_eq!(it.data::<crate::entity::Effect>(BranchId::Main, Key::Effect(effect)).unwrap().settled_by.0, None);
    }

    #[test]
    fn only_what_was_imported_is_adopted_and_once() {
        let mut it = begun();
        adopts(&mut it).rejected(Code::NotHeld);
        it.imported_by([7; 32]);
        adopts(&mut it).then(&["workspace.adopted"]);
        adopts(&mut it).rejected(Code::NotHeld);
    }

    #[test]
    fn a_report_of_what_happened_before_the_export_still_counts() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.imported_by([7; 32]);
        it.report(effect, 1, "an answer").then(&["step.settled"]);
    }
}
