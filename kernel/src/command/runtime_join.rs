//! `runtime.join`: a runtime's process is there; what an earlier process of it held is lost.

use super::{Context, Decide, Decision, Draft};
use crate::entity::{Device, Lease, Runtime};
use crate::event::{LeaseLost, LostBecause, RuntimeJoined};
use crate::flow::doubt;
use crate::id::{BootId, Id, RuntimeId};
use crate::key::{Index, Key};
use crate::reject::Code;
use crate::staged::Staged;
use crate::view::{Halt, RANGE_MAX, View};
use serde::{Deserialize, Serialize};

/// A runtime's process is there. Leases of its earlier processes are given back at once, without waiting for their time.
/// A process that held more than [`RANGE_MAX`] leases is cleaned up page by page: the rest expires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeJoin {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process; random.
    pub boot: BootId,
}

impl Decide for RuntimeJoin {
    const NAME: &'static str = "runtime.join";
    const SCOPE: &'static str = "runtimes:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let device = self.runtime.device;
        if with.read.control::<Device>(Key::Device(device))?.is_none() {
            return Err(Code::DeviceUnknown.because(format!("device {device} is not enrolled")).into());
        }
        let known = with.read.control::<Runtime>(Key::Runtime(self.runtime))?;
        let restarted = known.is_some_and(|known| *known.boot != self.boot);
        let mut to = Staged::new(with);
        to.emit(RuntimeJoined { runtime: self.runtime, boot: self.boot })?;
        if restarted {
            for key in with.read.index(Index::Leased(self.runtime), None, RANGE_MAX)? {
                let Key::Leased(_, effect) = key else { continue };
                lose(&mut to, effect, LostBecause::Restarted)?;
            }
        }
        Ok(to.decision())
    }
}

/// A lease is lost: its effect waits for a runtime again, unless it must not be done twice.
pub(super) fn lose<V: View>(to: &mut Staged<'_, V>, effect: Id, because: LostBecause) -> Result<(), Halt> {
    let Some(lease) = to.read().control::<Lease>(Key::Lease(effect))?.cloned() else { return Ok(()) };
    let lost =
        LeaseLost { effect, runtime: *lease.runtime, fence: *lease.fence, expires_at: *lease.expires_at, because };
    to.emit(Draft { causes: vec![effect.command], root: Some(effect.command), ..Draft::from(lost) })?;
    doubt::may_repeat(to, effect).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::LeaseStatus;
    use crate::id::DeviceId;
    use crate::testing::{begun, boot};
    use serde_json::json;

    #[test]
    fn joining_again_by_the_same_process_loses_nothing() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.when("runtime.join", json!({"runtime": it.runtime(), "boot": boot(1)})).then(&["runtime.joined"]);
        assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().status, LeaseStatus::Held);
    }

    #[test]
    fn another_process_gives_back_all_that_the_one_before_held() {
        let mut it = begun();
        let (one, two) = (it.leased("one"), it.leased("two"));
        it.when("runtime.join", json!({"runtime": it.runtime(), "boot": boot(2)}));
        it.then(&["runtime.joined", "lease.lost", "lease.lost"]);
        for effect in [one, two] {
            assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().status, LeaseStatus::Lost);
            assert!(!it.machine_has_no(Key::Ready(effect)));
        }
    }

    #[test]
    fn what_another_runtime_holds_is_left_alone() {
        let mut it = begun();
        let effect = it.leased("a question");
        let other = RuntimeId { slot: 1, ..it.runtime() };
        it.given("runtime.join", json!({"runtime": other, "boot": boot(3)}));
        it.when("runtime.join", json!({"runtime": other, "boot": boot(4)})).then(&["runtime.joined"]);
        assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().status, LeaseStatus::Held);
    }

    #[test]
    fn a_runtime_is_on_a_device_that_is_enrolled() {
        let mut it = begun();
        let nowhere = RuntimeId { device: DeviceId([8; 16]), slot: 0 };
        it.when("runtime.join", json!({"runtime": nowhere, "boot": boot(1)})).rejected(Code::DeviceUnknown);
    }
}
