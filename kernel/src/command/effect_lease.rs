//! `effect.lease`: a runtime takes an effect to perform.

use super::runtime_join::lose;
use super::workspace_adopt::released;
use super::{Context, Decide, Decision, Draft};
use crate::effect;
use crate::entity::{Effect, Lease, LeaseStatus, Runtime};
use crate::event::{LeaseGranted, LostBecause};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::{BranchId, Index, Key};
use crate::reject::{Code, Rejection};
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// The longest lease, in milliseconds. A runtime that needs longer renews; one that died is noticed by then.
pub const LEASE_MS_MAX: u64 = 10 * 60 * 1000;

/// How many expired leases one command gives back.
const EXPIRED_MAX: usize = 16;

/// Take an effect to perform. The reply names it among what was made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EffectLease {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// For how long, in milliseconds.
    pub ttl_ms: u64,
    /// Which effect; the one that waits longest when absent.
    #[serde(default)]
    pub effect: Option<Id>,
}

impl Decide for EffectLease {
    const NAME: &'static str = "effect.lease";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        if self.ttl_ms == 0 || self.ttl_ms > LEASE_MS_MAX {
            return Err(Code::InvalidArgument.because(format!("ttl_ms must be 1 to {LEASE_MS_MAX}")).into());
        }
        on_main(with)?;
        released(with)?;
        alive(self.runtime, self.boot, with)?;
        let mut to = Staged::new(with);
        for lost in expired(with)? {
            lose(&mut to, lost, LostBecause::Expired)?;
        }
        let effect = match self.choose(&to) {
            // What became of leases that were over stands, although there is nothing left to take.
            Err(Halt::Reject(Rejection { code: Code::NothingToLease, .. })) if !to.is_empty() => {
                return Ok(to.decision());
            }
            chosen => chosen?,
        };
        let lease = to.read().control::<Lease>(Key::Lease(effect))?.cloned();
        let granted = LeaseGranted {
            effect,
            runtime: self.runtime,
            boot: self.boot,
            fence: lease.as_ref().map_or(1, |lease| lease.fence.saturating_add(1)),
            expires_at: with.now_ms.saturating_add(self.ttl_ms),
            in_doubt: lease.is_some_and(|lease| lease.lost.0 > 0),
        };
        let (causes, root) = (vec![effect.command], Some(effect.command));
        let read = effect::context_keys(&to.read(), effect)?;
        to.emit(Draft { causes, root, read, ..Draft::from(granted) })?;
        to.made.push(effect);
        Ok(to.decision())
    }
}

impl EffectLease {
    fn choose<V: View>(&self, to: &Staged<'_, V>) -> Result<Id, Halt> {
        if let Some(effect) = self.effect {
            return free(effect, to).map(|()| effect);
        }
        match to.read().index(Index::Ready, None, 1)?.first() {
            Some(Key::Ready(effect)) => Ok(*effect),
            _ => Err(Code::NothingToLease.because("no effect is outstanding and free").into()),
        }
    }
}

/// Whether `effect` may be leased now.
fn free<V: View>(effect: Id, to: &Staged<'_, V>) -> Result<(), Halt> {
    let Some(found) = to.read().data::<Effect>(Key::Effect(effect))? else {
        return Err(Code::NotFound.because(format!("there is no effect {effect}")).into());
    };
    if found.settled_by.is_some() {
        return Err(Code::NotOutstanding.because(format!("effect {effect} is settled")).into());
    }
    // Its timer offers it to everybody when it is time.
    if let Some(due) = *found.due {
        return Err(Code::NothingToLease.because(format!("effect {effect} is not tried again before {due}")).into());
    }
    if to.read().control::<Lease>(Key::Lease(effect))?.is_some_and(|it| *it.status == LeaseStatus::Held) {
        return Err(Code::LeaseHeld.because(format!("effect {effect} is leased")).into());
    }
    Ok(())
}

/// Effects whose leases are over, oldest first.
fn expired<V: View>(with: &Context<'_, V>) -> Result<Vec<Id>, Halt> {
    let oldest = with.read.index(Index::Expiry, None, EXPIRED_MAX)?;
    let over = oldest.into_iter().map_while(|key| match key {
        Key::Expiry(at, effect) if at <= with.now_ms => Some(effect),
        _ => None,
    });
    Ok(over.collect())
}

/// Effects run on `main` only: elsewhere, what is known of them may be older than their lease.
pub(super) fn on_main<V: View>(with: &Context<'_, V>) -> Result<(), Halt> {
    match with.line().branch {
        BranchId::Main => Ok(()),
        branch => Err(Code::BranchHoldsEffects.because(format!("{branch} is not main")).into()),
    }
}

/// Whether the runtime's process is the one that joined last.
pub(super) fn alive<V: View>(runtime: RuntimeId, boot: BootId, with: &Context<'_, V>) -> Result<(), Halt> {
    let refuse = |rejection: Rejection| Err(Halt::Reject(rejection));
    match with.read.control::<Runtime>(Key::Runtime(runtime))? {
        None => refuse(Code::NotFound.because(format!("runtime {runtime} did not join"))),
        Some(known) if *known.boot != boot => {
            refuse(Code::RuntimeRestarted.because(format!("it is {} now", *known.boot)))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;
    use crate::id::Role;
    use crate::testing::{Story, begun, boot, story_id};
    use serde_json::json;

    fn lease(it: &mut Story, ttl_ms: u64, effect: Option<Id>) {
        it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": ttl_ms, "effect": effect}));
    }

    fn granted(it: &Story) -> LeaseGranted {
        match it.event() {
            EventData::LeaseGranted(granted) => granted,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_waits_longest_is_leased_first() {
        let mut it = begun();
        let ([_, _, first], [_, _, second]) = (it.asked("first"), it.asked("second"));
        lease(&mut it, 60_000, None);
        it.then(&["lease.granted"]);
        let lease_of_first = granted(&it);
        assert_eq!((lease_of_first.effect, lease_of_first.fence, lease_of_first.in_doubt), (first, 1, false));
        assert_eq!(lease_of_first.expires_at, it.now_ms + 60_000);
        lease(&mut it, 60_000, None);
        assert_eq!(granted(&it).effect, second);
        lease(&mut it, 60_000, None);
        it.rejected(Code::NothingToLease);
    }

    #[test]
    fn not_now_is_not_remembered_for_a_request_under_a_key() {
        let mut it = begun();
        let data = json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000});
        it.when_under(1, "effect.lease", data.clone()).refused(Code::NothingToLease);
        it.asked("a question");
        it.when_under(1, "effect.lease", data).then(&["lease.granted"]);
    }

    #[test]
    fn a_lease_that_is_over_is_lost_and_its_effect_leased_again_in_doubt() {
        let mut it = begun();
        let [_, _, effect] = it.asked("a question");
        lease(&mut it, 100, None);
        let expires_at = granted(&it).expires_at;
        it.now_ms = expires_at - 2;
        lease(&mut it, 100, Some(effect));
        it.rejected(Code::LeaseHeld);
        lease(&mut it, 100, Some(effect));
        it.then(&["lease.lost", "lease.granted"]);
        assert_eq!((granted(&it).fence, granted(&it).in_doubt), (2, true));
    }

    #[test]
    fn every_lease_that_is_over_waits_again() {
        let mut it = begun();
        let effects: Vec<Id> = ["a", "b", "c"].map(|prompt| it.asked(prompt)[2]).into();
        for _ in &effects {
            lease(&mut it, 100, None);
        }
        it.now_ms += 1_000;
        lease(&mut it, 100, Some(effects[1]));
        it.then(&["lease.lost", "lease.lost", "lease.lost", "lease.granted"]);
        assert_eq!(granted(&it).effect, effects[1]);
    }

    #[test]
    fn a_settled_or_unknown_effect_is_not_leased() {
        let mut it = begun();
        let [_, _, effect] = it.asked("a question");
        it.settle("an answer");
        lease(&mut it, 100, Some(effect));
        it.rejected(Code::NotOutstanding);
        lease(&mut it, 100, Some(story_id(Role::Effect)));
        it.rejected(Code::NotFound);
    }

    #[test]
    fn a_lease_is_neither_empty_nor_endless() {
        let mut it = begun();
        it.asked("a question");
        for ttl_ms in [0, LEASE_MS_MAX + 1, 1 << 63, u64::MAX] {
            lease(&mut it, ttl_ms, None);
            it.rejected(Code::InvalidArgument);
        }
        lease(&mut it, LEASE_MS_MAX, None);
        it.then(&["lease.granted"]);
    }

    #[test]
    fn only_the_process_that_joined_last_is_given_a_lease() {
        let mut it = begun();
        it.asked("a question");
        let other = RuntimeId { slot: 9, ..it.runtime() };
        it.when("effect.lease", json!({"runtime": other, "boot": boot(1), "ttl_ms": 5})).rejected(Code::NotFound);
        it.when("effect.lease", json!({"runtime": it.runtime(), "boot": boot(2), "ttl_ms": 5}));
        it.rejected(Code::RuntimeRestarted);
    }

    #[test]
    fn a_branch_holds_its_effects() {
        let mut it = begun();
        let [_, _, effect] = it.asked("a question");
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        it.settle("an answer");
        let data = json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 5, "effect": effect});
        it.when_on(fork, "effect.lease", data).rejected(Code::BranchHoldsEffects);
    }
}
