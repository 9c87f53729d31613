//! `effect.renew`: a runtime needs longer.

use super::effect_lease::{LEASE_MS_MAX, alive, on_main};
use super::workspace_adopt::released;
use super::{Context, Decide, Decision, Draft};
use crate::entity::{Lease, LeaseStatus};
use crate::event::LeaseRenewed;
use crate::id::{BootId, Id, RuntimeId};
use crate::key::Key;
use crate::reject::{Code, amount};
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Hold a lease for longer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EffectRenew {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// The effect.
    pub effect: Id,
    /// The fencing token it holds.
    pub fence: u64,
    /// For how long from now, in milliseconds.
    pub ttl_ms: u64,
}

impl Decide for EffectRenew {
    const NAME: &'static str = "effect.renew";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        if self.ttl_ms == 0 || self.ttl_ms > LEASE_MS_MAX {
            return Err(Code::InvalidArgument.because(format!("ttl_ms must be 1 to {LEASE_MS_MAX}")).into());
        }
        amount("fence", self.fence)?;
        on_main(with)?;
        released(with)?;
        alive(self.runtime, self.boot, with)?;
        let lease = with.read.control::<Lease>(Key::Lease(self.effect))?;
        let held = lease.filter(|it| {
            *it.status == LeaseStatus::Held
                && *it.fence == self.fence
                && *it.runtime == self.runtime
                && *it.boot == self.boot
        });
        let Some(lease) = held else {
            return Err(Code::NotOutstanding.because("the lease is no longer held under this token").into());
        };
        let renewed = LeaseRenewed {
            effect: self.effect,
            expired_at: *lease.expires_at,
            expires_at: with.now_ms.saturating_add(self.ttl_ms).max(*lease.expires_at),
        };
        let (causes, root) = (vec![self.effect.command], Some(self.effect.command));
        Ok(Decision::one(Draft { causes, root, ..Draft::from(renewed) }, Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::BranchId;
    use crate::testing::{Story, begun, boot};
    use serde_json::json;

    fn renew(it: &mut Story, effect: Id, fence: u64, ttl_ms: u64) {
        let data =
            json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "ttl_ms": ttl_ms});
        it.when("effect.renew", data);
    }

    fn expires_at(it: &mut Story, effect: Id) -> u64 {
        *it.control::<Lease>(Key::Lease(effect)).unwrap().expires_at
    }

    #[test]
    fn a_renewed_lease_is_over_later_and_never_earlier() {
        let mut it = begun();
        let effect = it.leased("a question");
        let before = expires_at(&mut it, effect);
        renew(&mut it, effect, 1, LEASE_MS_MAX);
        it.then(&["lease.renewed"]);
        let after = expires_at(&mut it, effect);
        assert_eq!((before < after, after), (true, it.now_ms + LEASE_MS_MAX));
        renew(&mut it, effect, 1, 1);
        it.then(&["lease.renewed"]);
        assert_eq!(expires_at(&mut it, effect), after);
    }

    #[test]
    fn nobody_takes_it_before_it_is_over() {
        let mut it = begun();
        let effect = it.leased("a question");
        renew(&mut it, effect, 1, LEASE_MS_MAX);
        it.now_ms += LEASE_MS_MAX - 3;
        it.given("runtime.join", json!({"runtime": RuntimeId { slot: 1, ..it.runtime() }, "boot": boot(2)}));
        let data = json!({"runtime": RuntimeId { slot: 1, ..it.runtime() }, "boot": boot(2), "ttl_ms": 5});
        it.when("effect.lease", data.clone()).rejected(Code::NothingToLease);
        it.when("effect.lease", data).then(&["lease.lost", "lease.granted"]);
    }

    #[test]
    fn only_the_newest_token_of_a_lease_that_is_held_renews_it() {
        let mut it = begun();
        let effect = it.leased("a question");
        renew(&mut it, effect, 2, 5);
        it.rejected(Code::NotOutstanding);
        it.report(effect, 1, "an answer").then(&["step.settled"]);
        renew(&mut it, effect, 1, 5);
        it.rejected(Code::NotOutstanding);
    }

    #[test]
    fn its_amounts_are_within_bounds() {
        let mut it = begun();
        let effect = it.leased("a question");
        for ttl_ms in [0, LEASE_MS_MAX + 1, 1 << 63] {
            renew(&mut it, effect, 1, ttl_ms);
            it.rejected(Code::InvalidArgument);
        }
        renew(&mut it, effect, 1 << 63, 5);
        it.rejected(Code::AmountOutOfRange);
    }

    #[test]
    fn it_is_renewed_on_main_and_by_the_process_that_joined_last() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": 1, "ttl_ms": 5});
        it.when_on(fork, "effect.renew", data.clone()).rejected(Code::BranchHoldsEffects);
        it.given("runtime.join", json!({"runtime": it.runtime(), "boot": boot(2)}));
        it.when("effect.renew", data).rejected(Code::RuntimeRestarted);
    }
}
