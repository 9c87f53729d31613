//! What may happen in a history, as numbers: which command, by whom, about what.

use proptest::prelude::*;

/// A kind of command, with the odds at which histories hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `provider.define`
    Provider,
    /// `agent.define`
    Agent,
    /// `task.create`
    Create,
    /// `task.create` under an idempotency key.
    CreateUnderKey,
    /// `task.ask` in a new task.
    Ask,
    /// `task.ask` in a task there may be.
    AskOn,
    /// `effect.lease` of whatever waits.
    Lease,
    /// `effect.lease` of an effect there may be.
    LeaseNamed,
    /// `effect.renew`
    Renew,
    /// `effect.report` with an answer.
    Answer,
    /// `effect.report` without one.
    Fail,
    /// `effect.report` of a model that asks for tools.
    Tools,
    /// `effect.report` of whatever a runtime may tell.
    Told,
    /// `workflow.define`
    Workflow,
    /// `run.start`
    Run,
    /// `approval.decide`
    Decide,
    /// `timers.fire`, after a while.
    Fire,
    /// `task.cancel`
    Cancel,
    /// `task.retry`
    Retry,
    /// `egress.allow`
    Egress,
    /// `branch.fork`
    Fork,
    /// `runtime.join` with another boot id.
    Restart,
    /// `key.destroy`
    Destroy,
    /// `device.enroll` once more.
    Enroll,
    /// A new incarnation of the device, then `task.create`.
    Incarnation,
    /// A command that is refused for its arguments.
    Bad,
    /// `branch.restore` to a position there may be.
    Restore,
    /// `work.decide` about something that may have been under way.
    Settle,
    /// `work.release`
    Release,
}

impl Kind {
    const ODDS: [(u32, Self); 26] = [
        (2, Self::Provider),
        (3, Self::Agent),
        (6, Self::Create),
        (3, Self::CreateUnderKey),
        (14, Self::Ask),
        (8, Self::AskOn),
        (6, Self::Lease),
        (12, Self::LeaseNamed),
        (8, Self::Renew),
        (14, Self::Answer),
        (3, Self::Fail),
        (20, Self::Tools),
        (20, Self::Told),
        (2, Self::Workflow),
        (12, Self::Run),
        (16, Self::Decide),
        (10, Self::Fire),
        (2, Self::Cancel),
        (9, Self::Retry),
        (1, Self::Egress),
        (3, Self::Fork),
        (1, Self::Restart),
        (2, Self::Destroy),
        (1, Self::Enroll),
        (1, Self::Incarnation),
        (2, Self::Bad),
    ];

    /// The kind that `roll` falls on.
    pub fn rolled(roll: u32) -> Self {
        let total: u32 = Self::ODDS.iter().map(|(odds, _)| odds).sum();
        let mut left = roll % total;
        for (odds, kind) in Self::ODDS {
            if left < odds {
                return kind;
            }
            left -= odds;
        }
        Self::Ask
    }
}

/// One command of a history.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    /// Which command.
    pub kind: Kind,
    /// Which device authors it.
    pub device: u8,
    /// Which thing it is about.
    pub pick: u16,
    /// Which other thing, or how much.
    pub other: u16,
    /// Which branch it works on: mostly `main`.
    pub branch: u8,
    /// How far the clock moves on, in milliseconds.
    pub passes_ms: u16,
}

/// A history of `length` commands.
pub fn ops(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Op>> {
    let op = (any::<u32>(), any::<u8>(), any::<u16>(), any::<u16>(), any::<u8>(), 0u16..200);
    let op = op.prop_map(|(roll, device, pick, other, branch, passes_ms)| Op {
        kind: Kind::rolled(roll),
        device,
        pick,
        other,
        branch,
        passes_ms,
    });
    let one = op.prop_map(|op| vec![op]);
    let some = prop_oneof![60 => one, 1 => Just(scene(Kind::Tools, 3, Kind::Decide, 2)), 1 => Just(scene(Kind::Fail, 1, Kind::Retry, 0))];
    let played = proptest::collection::vec(some, length).prop_map(|all| all.into_iter().flatten().collect::<Vec<_>>());
    (played, any::<[u16; 3]>(), 0usize..12).prop_map(|(mut all, restores, each)| {
        // A third of the histories go back, and then on with what they began with.
        let more: Vec<Op> = all.iter().take(each).copied().collect();
        // To anywhere, to the beginning, where little was under way, and to anywhere again.
        let [anywhere, early, again] = restores;
        for other in [anywhere, early % 6_000, again].into_iter().filter(|_| each > 7) {
            all.extend(going_back(other));
            all.extend(&more);
        }
        all
    })
}

/// The branch goes back, somebody decides about what may have been under way, and all of it is released if it can be.
fn going_back(other: u16) -> Vec<Op> {
    let op = |kind, pick, other| Op { kind, device: (pick % 3) as u8, pick, other, branch: 255, passes_ms: 1 };
    // Every other position is in the midst of a command.
    let tries = (0..3).map(|nth| op(Kind::Restore, nth, other));
    let decisions = (0..40).map(|nth| op(Kind::Settle, nth, other.wrapping_add(nth)));
    tries.chain(decisions).chain([op(Kind::Release, 0, 0)]).collect()
}

/// What chance seldom plays: a question is asked, leased and reported, and something is done about it.
fn scene(report: Kind, reported: u16, then: Kind, how: u16) -> Vec<Op> {
    // The newest four are picked from, and this is the newest of them.
    let newest = |kind, other| Op { kind, device: 0, pick: 3, other, branch: 255, passes_ms: 1 };
    let then = Op { pick: if then == Kind::Decide { 3 } else { 0 }, ..newest(then, how) };
    vec![newest(Kind::Ask, 1), newest(Kind::LeaseNamed, 3_000), newest(report, reported), then]
}

/// A text that is told from others by `number`; every fourth is long enough to be compressed.
pub fn text(number: u16) -> String {
    let short = format!("text {number}");
    if number.is_multiple_of(4) { short.repeat(40) } else { short }
}

/// Settings of a property over histories: how many of them, and no file of earlier failures, because a failure that was
/// found becomes a story with a name.
pub fn config(histories: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 512, ..ProptestConfig::with_cases(histories) }
}
