//! `effect.lease`: a runtime takes an effect to perform.

use super::runtime_join::lost_lease;
use super::{Context, Decide, Decision, Draft};
use crate::effect;
use crate::entity::{Effect, Lease, LeaseStatus, Runtime};
use crate::event::{LeaseGranted, LostBecause};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::{Index, Key};
use crate::reject::{Code, Rejection};
use crate::view::{Halt, View};
use serde::Deserialize;

/// The longest lease, in milliseconds. A runtime that needs longer renews; one that died is noticed by then.
pub const LEASE_MS_MAX: u64 = 10 * 60 * 1000;

/// How many expired leases one command gives back.
const EXPIRED_MAX: usize = 16;

/// Take an effect to perform. The reply names it among what was made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
        alive(self.runtime, self.boot, with)?;
        let expired = expired(with)?;
        let effect = self.choose(&expired, with)?;
        let lease = with.read.control::<Lease>(Key::Lease(effect))?;
        let given_back = expired.contains(&effect);
        let granted = LeaseGranted {
            effect,
            runtime: self.runtime,
            boot: self.boot,
            fence: lease.map_or(1, |lease| lease.fence.saturating_add(1)),
            expires_at: with.now_ms.saturating_add(self.ttl_ms),
            in_doubt: given_back || lease.is_some_and(|lease| lease.lost.0 > 0),
        };
        let mut drafts = Vec::with_capacity(expired.len() + 1);
        for lost in expired {
            if let Some(lease) = with.read.control::<Lease>(Key::Lease(lost))? {
                drafts.push(lost_lease(lost, lease, LostBecause::Expired));
            }
        }
        let (causes, root) = (vec![effect.command], Some(effect.command));
        drafts.push(Draft { causes, root, read: effect::context_keys(&with.read, effect)?, ..Draft::from(granted) });
        Ok(Decision { drafts, made: vec![effect] })
    }
}

impl EffectLease {
    fn choose<V: View>(&self, expired: &[Id], with: &Context<'_, V>) -> Result<Id, Halt> {
        if let Some(effect) = self.effect {
            return free(effect, expired, with).map(|()| effect);
        }
        if let Some(effect) = expired.first() {
            return Ok(*effect);
        }
        match with.read.index(Index::Ready, None, 1)?.first() {
            Some(Key::Ready(effect)) => Ok(*effect),
            _ => Err(Code::NothingToLease.because("no effect is outstanding and free").into()),
        }
    }
}

/// Whether `effect` may be leased now.
fn free<V: View>(effect: Id, expired: &[Id], with: &Context<'_, V>) -> Result<(), Halt> {
    let Some(found) = with.read.data::<Effect>(Key::Effect(effect))? else {
        return Err(Code::NotFound.because(format!("there is no effect {effect}")).into());
    };
    if found.settled_by.is_some() {
        return Err(Code::NotOutstanding.because(format!("effect {effect} is settled")).into());
    }
    let held = with.read.control::<Lease>(Key::Lease(effect))?.is_some_and(|it| *it.status == LeaseStatus::Held);
    if held && !expired.contains(&effect) {
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
