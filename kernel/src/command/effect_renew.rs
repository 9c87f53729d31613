//! `effect.renew`: a runtime needs longer.

use super::effect_lease::{LEASE_MS_MAX, alive};
use super::{Context, Decide, Decision, Draft};
use crate::entity::{Lease, LeaseStatus};
use crate::event::LeaseRenewed;
use crate::id::{BootId, Id, RuntimeId};
use crate::key::Key;
use crate::reject::Code;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Hold a lease for longer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
