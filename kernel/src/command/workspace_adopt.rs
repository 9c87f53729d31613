//! `workspace.adopt`: this incarnation of an imported workspace goes on.

use super::runtime_join::lose;
use super::{Context, Decide, Decision};
use crate::entity::{Branch, Move, Origin, is_default};
use crate::event::{EventData, EventType as _, Header, LostBecause, WorkspaceAdopted, WorkspaceLeft, event_hash};
use crate::hash::HashText;
use crate::key::{BranchId, Index, Key, Space};
use crate::reject::{Code, Rejection};
use crate::staged::Staged;
use crate::view::{Halt, RANGE_MAX, View};
use serde::{Deserialize, Serialize};

/// Let go what an imported workspace holds. A person says so who knows that the workspace does not go on where it came from.
///
/// One that was frozen to come here is adopted with the proof that it left: the stored event `workspace.left`, which names
/// the event of control that the file ended with. Without it a person has to insist, and that is recorded.
///
/// A lease that stood when the file was written is held by a runtime of that other host, of which nobody here will hear:
/// it is lost, as when a runtime dies, and what may not be repeated is asked about. Of more leases than one command gives
/// back, the rest expires.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceAdopt {
    /// The event by which it left where it came from, as it is stored there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// The host it came from is lost, so that nothing can prove that it left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anyway: bool,
}

impl Decide for WorkspaceAdopt {
    const NAME: &'static str = "workspace.adopt";
    const SCOPE: &'static str = "workspace:adopt";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let origin = with.read.control::<Origin>(Key::Origin)?.filter(|origin| *origin.held);
        let Some(origin) = origin else {
            return Err(Code::NotHeld.because("its effects are not held").into());
        };
        let (left, anyway) = self.may_go_on(with.read.control::<Move>(Key::Move)?, origin)?;
        let mut to = Staged::new(with);
        to.emit(WorkspaceAdopted { incarnation: *origin.incarnation, left, anyway })?;
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

impl WorkspaceAdopt {
    /// What the event says of why it may go on here: the proof that it left, or that somebody insisted.
    fn may_go_on(&self, moving: Option<&Move>, origin: &Origin) -> Result<(Option<HashText>, bool), Rejection> {
        let Some(moving) = moving else {
            let why = "it was not on its way when the file was written, so nothing can prove that it left";
            return if self.left.is_none() { Ok((None, self.anyway)) } else { Err(Code::InvalidArgument.because(why)) };
        };
        match &self.left {
            Some(left) => proven(left, moving, origin).map(|hash| (Some(hash), false)),
            None if self.anyway => Ok((None, true)),
            None => Err(Code::NotLeft.because(format!("it was frozen on its way to {}", *moving.to))),
        }
    }
}

/// Hash of the stored event `left`, if it is the one by which the workspace left right after the file was written.
fn proven(left: &str, moving: &Move, origin: &Origin) -> Result<HashText, Rejection> {
    let no = |why: String| Code::NotLeft.because(why);
    let (header, data) =
        Header::decode(left.as_bytes()).map_err(|why| no(format!("what was sent is no event: {why}")))?;
    let EventData::WorkspaceLeft(data) = data else {
        return Err(no(format!("what was sent is an event {} and not {}", header.name, WorkspaceLeft::NAME)));
    };
    let follows = header.stream == Space::Control && Some(header.previous) == *moving.control;
    if !follows || moving.left.is_some() || data.pos != *origin.pos || header.pos != data.pos.saturating_add(1) {
        return Err(no("it left, but not as it is in the file that came here".to_owned()));
    }
    Ok(HashText(event_hash(left.as_bytes())))
}

/// Whether what the workspace owes is held, after an import or a restore: nobody may take it, and no timer goes off.
pub(super) fn released<V: View>(with: &Context<'_, V>) -> Result<(), Halt> {
    if let Some(main) = with.read.control::<Branch>(Key::Branch(BranchId::Main))?
        && *main.held
    {
        return Err(Code::WorkHeld.because(format!("main@{} was not released yet", *main.incarnation)).into());
    }
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

    /// Frozen, left, and taken in elsewhere as it was before it left, and the proof. The same story told twice has the same
    /// events, so one of them is the host that it left and the other the one it came to.
    fn moved() -> (Story, String) {
        let mut here = begun();
        here.asked("a question");
        here.given("workspace.freeze", json!({"to": "https://there.example"}));
        let mut there = begun();
        there.asked("a question");
        there.given("workspace.freeze", json!({"to": "https://there.example"}));
        here.leaves("https://there.example");
        let left = String::from_utf8(here.stored.events.last().unwrap().body.clone()).unwrap();
        there.imported_by([7; 32]);
        (there, left)
    }

    #[test]
    fn what_was_frozen_to_come_here_goes_on_with_the_proof_that_it_left() {
        let (mut it, left) = moved();
        adopts(&mut it).refused(Code::NotLeft);
        it.when("workspace.adopt", json!({"left": left})).then(&["workspace.adopted"]);
        let adopted = it.all::<WorkspaceAdopted>().remove(0);
        assert_eq!((adopted.left, adopted.anyway), (Some(HashText(event_hash(left.as_bytes()))), false));
        takes(&mut it).then(&["lease.granted"]);
        it.when("workspace.freeze", json!({"to": "https://further.example"})).then(&["workspace.frozen"]);
    }

    #[test]
    fn what_proves_something_else_proves_nothing() {
        let (mut it, left) = moved();
        let (mut other, _) = moved();
        other.given("workspace.adopt", json!({"anyway": true}));
        other.given("workspace.freeze", json!({"to": "https://there.example"}));
        other.leaves("https://there.example");
        let of_another_time = String::from_utf8(other.stored.events.last().unwrap().body.clone()).unwrap();
        let frozen = String::from_utf8(it.stored.events[it.stored.events.len() - 3].body.clone()).unwrap();
        let cut = left.strip_suffix('}').unwrap().to_owned();
        for bad in [of_another_time, frozen, cut, String::new(), "{}".to_owned()] {
            it.when("workspace.adopt", json!({"left": bad})).refused(Code::NotLeft);
        }
        it.when("workspace.adopt", json!({"left": left})).then(&["workspace.adopted"]);
    }

    #[test]
    fn whoever_insists_is_on_record() {
        let (mut it, _) = moved();
        it.when("workspace.adopt", json!({"anyway": true})).then(&["workspace.adopted"]);
        assert!(it.all::<WorkspaceAdopted>()[0].anyway);
        takes(&mut it).then(&["lease.granted"]);
    }

    #[test]
    fn a_proof_for_what_was_not_on_its_way_is_a_mistake() {
        let (_, left) = moved();
        let mut it = begun();
        it.imported_by([7; 32]);
        it.when("workspace.adopt", json!({"left": left})).rejected(Code::InvalidArgument);
        adopts(&mut it).then(&["workspace.adopted"]);
        assert_eq!(it.all::<WorkspaceAdopted>()[0], WorkspaceAdopted { incarnation: 1, left: None, anyway: false });
    }

    #[test]
    fn what_was_left_behind_and_is_taken_in_again_goes_on_only_when_somebody_insists() {
        let mut it = begun();
        it.given("workspace.freeze", json!({"to": "https://there.example"}));
        it.leaves("https://there.example");
        let left = String::from_utf8(it.stored.events.last().unwrap().body.clone()).unwrap();
        it.imported_by([7; 32]);
        adopts(&mut it).refused(Code::NotLeft);
        it.when("workspace.adopt", json!({"left": left})).refused(Code::NotLeft);
        it.when("task.create", json!({"title": "new"})).refused(Code::WorkspaceMoved);
        it.when("workspace.adopt", json!({"anyway": true})).then(&["workspace.adopted"]);
        it.when("task.create", json!({"title": "new"})).then(&["task.created"]);
    }
}
