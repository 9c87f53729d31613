//! Bugs that are planted, one at a time, to see that the rules find them. They are written from the table of what must hold
//! under every fault and from the list of what nothing may turn back, and know nothing of how the rules are checked.

mod bent;
mod twists;

use super::disk::Disk;
use super::rule::Rule;
use bent::{Bent, Twist};
use testkit::broken::{Broken, Fault};
use testkit::store::Subject;
use twists::{
    AltersRecords, ClaimsNothing, CountsNothing, ForgetsLeases, ForgetsMoves, ForgetsRecords, HashesAnew, LosesChunks,
    OrdersByClock, ServesFirst, TearsAtCrash, TurnsBack, WritesRefused,
};

/// A mistake that somebody makes who is no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A runtime tells a failure of the provider as a success.
    Lies,
}

/// How a bug is planted.
enum How {
    /// A store that breaks one promise.
    Store(Fault),
    /// A store that does what a bug of the driver or the kernel would come to.
    Bent(fn() -> Box<dyn Twist>),
    /// A mistake of somebody else.
    Slip(Slip),
}

/// A bug that can be planted.
pub struct Plant {
    name: &'static str,
    breaks: Rule,
    how: How,
}

impl Plant {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it breaks, in words.
    pub fn breaks(&self) -> &'static str {
        self.breaks.says()
    }

    /// The rule that it breaks. Another may be the first to notice.
    pub fn rule(&self) -> Rule {
        self.breaks
    }

    /// The bug of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|plant| plant.name == name)
    }

    /// Every bug.
    pub fn all() -> Vec<Self> {
        let store = |name, breaks, fault| Self { name, breaks, how: How::Store(fault) };
        let bent = |name, breaks, twist: fn() -> Box<dyn Twist>| Self { name, breaks, how: How::Bent(twist) };
        vec![
            // A process is killed at any write.
            store("acks-early", Rule::Acknowledged, Fault::AcksEarly),
            store("tears-write", Rule::Whole, Fault::TearsWrite),
            bent("tears-at-crash", Rule::Whole, || Box::new(TearsAtCrash::default())),
            store("trims-early", Rule::Whole, Fault::TrimsEarly),
            // A runtime is slow and comes back.
            bent("takes-late-reports", Rule::Late, || Box::new(ServesFirst::of("lease/"))),
            // The same batch is sent twice, in another order, cut.
            store("no-dedupe", Rule::Once, Fault::NoDedupe),
            bent("forgets-records", Rule::Once, || Box::new(ForgetsRecords)),
            bent("answers-otherwise", Rule::Once, || Box::new(AltersRecords)),
            // A device is set back to an old copy.
            bent("counts-nothing", Rule::Device, || Box::new(CountsNothing)),
            // Two sequencers.
            store("forgets-head", Rule::OneHead, Fault::ForgetsHead),
            store("accepts-stale-token", Rule::OneHead, Fault::AcceptsStaleToken),
            store("deletes-any-head", Rule::OneHead, Fault::DeletesAnyHead),
            // Something is damaged.
            store("alters-row", Rule::Damage, Fault::AltersRow),
            store("drops-event", Rule::Order, Fault::DropsEvent),
            bent("hashes-anew", Rule::Damage, || Box::new(HashesAnew)),
            bent("loses-chunks", Rule::Damage, || Box::new(LosesChunks)),
            // A provider fails.
            Self { name: "lies-about-failures", breaks: Rule::Reasons, how: How::Slip(Slip::Lies) },
            // The clock jumps.
            bent("orders-by-clock", Rule::Order, || Box::new(OrdersByClock)),
            // What cannot be meant is sent.
            bent("writes-what-is-refused", Rule::Refused, || Box::new(WritesRefused::default())),
            // What no restore may turn back, item by item.
            bent("policy-back", Rule::Policy, || Box::new(TurnsBack::of("egress/"))),
            bent("grants-back", Rule::Grants, || Box::new(TurnsBack::of("device/").removing())),
            bent("revocations-back", Rule::Revocations, || Box::new(TurnsBack::of("runtime/"))),
            bent("keys-back", Rule::DestroyedKeys, || Box::new(TurnsBack::of("subject/"))),
            bent("wrapped-keys-back", Rule::DestroyedKeys, || Box::new(TurnsBack::within("keys"))),
            bent("approvals-back", Rule::UsedApprovals, || Box::new(TurnsBack::of("approval/"))),
            bent("decisions-back", Rule::UsedApprovals, || Box::new(TurnsBack::of("restored/"))),
            bent("spend-back", Rule::Spend, || Box::new(TurnsBack::of("usage/"))),
            bent("leases-back", Rule::Fencing, || Box::new(TurnsBack::of("lease/"))),
            bent("grants-twice", Rule::Fencing, || Box::new(ForgetsLeases)),
            bent("dedupe-back", Rule::Dedupe, || Box::new(TurnsBack::within("dedupe").removing())),
            bent("records-back", Rule::Dedupe, || Box::new(TurnsBack::of("command/").removing())),
            bent("denials-back", Rule::Denials, || Box::new(TurnsBack::of("command/").forgiving())),
            bent("branches-back", Rule::Incarnations, || Box::new(TurnsBack::of("branch/"))),
            bent("counts-back", Rule::Incarnations, || Box::new(TurnsBack::of("chain/"))),
            // A workspace is on its way to another host.
            bent("at-home-twice", Rule::Travels, || Box::new(ForgetsMoves)),
            bent("owned-by-two", Rule::Ownership, || Box::new(ClaimsNothing)),
        ]
    }

    pub(crate) fn over(&self, disk: Disk) -> Box<dyn Subject> {
        match &self.how {
            How::Store(fault) => Box::new(Broken::new(disk, *fault)),
            How::Bent(twist) => Box::new(Bent::new(disk, twist())),
            How::Slip(_) => Box::new(disk),
        }
    }

    pub(crate) fn slip(&self) -> Option<Slip> {
        match self.how {
            How::Slip(slip) => Some(slip),
            How::Store(_) | How::Bent(_) => None,
        }
    }
}
