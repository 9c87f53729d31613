//! Runtimes: they lease, report, renew, die holding leases, and come back late.

use super::clients::By;
use super::rng::Rng;
use crate::workflows::outcome;
use kernel::id::{BootId, Id, RuntimeId};
use kernel::key::BranchId;
use kernel::machine::Request;
use serde_json::json;
use std::collections::BTreeSet;

/// A lease a runtime holds, or believes it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) effect: Id,
    pub(super) fence: u64,
    pub(super) boot: BootId,
}

/// A runtime.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) id: RuntimeId,
    pub(super) boot: BootId,
    pub(super) by: By,
    /// Leases of the process that runs.
    pub(super) holds: Vec<Held>,
    /// Leases of processes that stopped, and of reports that were made: all may be reported once more.
    pub(super) ghosts: Vec<Held>,
}

impl Runner {
    /// It stops without a goodbye, and joins again as another process.
    pub(super) fn die(&mut self, rng: &mut Rng, now_ms: u64) -> Request {
        self.ghosts.append(&mut self.holds);
        let mut boot = [0; 16];
        boot[..8].copy_from_slice(&rng.next().to_be_bytes());
        self.boot = BootId(boot);
        self.join(now_ms)
    }

    pub(super) fn join(&mut self, now_ms: u64) -> Request {
        self.by.write(BranchId::Main, now_ms, "runtime.join", &json!({"runtime": self.id, "boot": self.boot}))
    }

    pub(super) fn lease(&mut self, rng: &mut Rng, effects: &[Id], now_ms: u64) -> Request {
        let effect = rng.pick(effects).filter(|_| rng.chance(30));
        let ttl_ms = 1 + rng.below(3_000);
        let data = json!({"runtime": self.id, "boot": self.boot, "ttl_ms": ttl_ms, "effect": effect});
        self.by.write(BranchId::Main, now_ms, "effect.lease", &data)
    }

    /// Report what it holds, or what it held in another life.
    pub(super) fn report(&mut self, rng: &mut Rng, models: &BTreeSet<Id>, now_ms: u64) -> Option<Request> {
        let late = self.holds.is_empty() || rng.chance(20);
        let from = if late { &mut self.ghosts } else { &mut self.holds };
        if from.is_empty() {
            return None;
        }
        let held = from.swap_remove(rng.below(from.len() as u64) as usize);
        if rng.chance(30) {
            self.ghosts.push(held);
        }
        let text = format!("outcome {}", rng.next());
        let outcome = outcome(rng.next() >> 8, models.contains(&held.effect), &text);
        let Held { effect, fence, boot } = held;
        let data = json!({"runtime": self.id, "boot": boot, "effect": effect, "fence": fence, "outcome": outcome});
        Some(self.by.write(BranchId::Main, now_ms, "effect.report", &data))
    }

    pub(super) fn fire(&mut self, now_ms: u64) -> Request {
        self.by.write(BranchId::Main, now_ms, "timers.fire", &json!({}))
    }

    pub(super) fn renew(&mut self, rng: &mut Rng, now_ms: u64) -> Option<Request> {
        let Held { effect, fence, boot } = *rng.pick(&self.holds)?;
        let ttl_ms = 1 + rng.below(3_000);
        let data = json!({"runtime": self.id, "boot": boot, "effect": effect, "fence": fence, "ttl_ms": ttl_ms});
        Some(self.by.write(BranchId::Main, now_ms, "effect.renew", &data))
    }
}
