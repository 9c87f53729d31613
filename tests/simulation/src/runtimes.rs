//! Runtimes: they lease, report, renew, die holding leases, and come back late.

use super::clients::By;
use super::ledger::Truth;
use super::rng::Rng;
use super::workflows::{asks, outcome};
use kernel::id::{BootId, Id, RuntimeId};
use kernel::key::BranchId;
use kernel::machine::Request;
use serde_json::json;
use std::collections::BTreeSet;

/// A lease a runtime holds, or believes it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) effect: Id,
    pub(crate) fence: u64,
    pub(crate) boot: BootId,
}

/// A runtime.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) id: RuntimeId,
    pub(crate) boot: BootId,
    pub(crate) by: By,
    /// Leases of the process that runs.
    pub(crate) holds: Vec<Held>,
    /// Leases of processes that stopped, and of reports that were made: all may be reported once more.
    pub(crate) ghosts: Vec<Held>,
}

impl Runner {
    /// It stops without a goodbye, and joins again as another process.
    pub(crate) fn die(&mut self, rng: &mut Rng, now_ms: u64) -> Request {
        self.ghosts.append(&mut self.holds);
        let mut boot = [0; 16];
        boot[..8].copy_from_slice(&rng.next().to_be_bytes());
        self.boot = BootId(boot);
        self.join(now_ms)
    }

    pub(crate) fn join(&mut self, now_ms: u64) -> Request {
        self.by.write(BranchId::Main, now_ms, "runtime.join", &json!({"runtime": self.id, "boot": self.boot}))
    }

    pub(crate) fn lease(&mut self, rng: &mut Rng, effects: &[Id], now_ms: u64) -> Request {
        let effect = rng.pick(effects).filter(|_| rng.chance(30));
        let ttl_ms = 1 + rng.below(3_000);
        let data = json!({"runtime": self.id, "boot": self.boot, "ttl_ms": ttl_ms, "effect": effect});
        self.by.write(BranchId::Main, now_ms, "effect.lease", &data)
    }

    /// Report what it holds, or what it held in another life. One that lies tells failures as successes.
    pub(crate) fn report(
        &mut self,
        rng: &mut Rng,
        models: &BTreeSet<Id>,
        now_ms: u64,
        lies: bool,
    ) -> Option<(Request, Truth)> {
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
        let is_model = models.contains(&held.effect);
        let mut outcome = outcome(rng.next() >> 8, is_model, &text);
        let Held { effect, fence, boot } = held;
        let truth = Truth { effect, fence, failed: outcome.get("is").is_some_and(|is| is == "failed") };
        if lies && truth.failed {
            outcome = if is_model { asks(&[]) } else { json!({"is": "returned", "result": {"status": 200}}) };
        }
        let data = json!({"runtime": self.id, "boot": boot, "effect": effect, "fence": fence, "outcome": outcome});
        Some((self.by.write(BranchId::Main, now_ms, "effect.report", &data), truth))
    }

    pub(crate) fn fire(&mut self, now_ms: u64) -> Request {
        self.by.write(BranchId::Main, now_ms, "timers.fire", &json!({}))
    }

    pub(crate) fn renew(&mut self, rng: &mut Rng, now_ms: u64) -> Option<Request> {
        let Held { effect, fence, boot } = *rng.pick(&self.holds)?;
        let ttl_ms = 1 + rng.below(3_000);
        let data = json!({"runtime": self.id, "boot": boot, "effect": effect, "fence": fence, "ttl_ms": ttl_ms});
        Some(self.by.write(BranchId::Main, now_ms, "effect.renew", &data))
    }
}
