//! What has to hold, whatever happens: one rule for each row of what must hold under every fault, and one for each item that
//! nothing may ever turn back.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident, $says:literal;)+) => {
        /// A rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $rule,)+
        }

        impl Rule {
            /// The rule in words.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$rule => $says,)+ }
            }
        }
    };
}

rules! {
    /// A process was killed: what was answered is there.
    Acknowledged, "what was acknowledged is in the log";
    /// A process was killed: nothing is there by half.
    Whole, "what was not acknowledged is wholly there or not at all";
    /// A runtime came back late.
    Late, "a late report advances nothing and is kept";
    /// A batch was sent twice, in another order, or cut.
    Once, "a command has one effect and one reply, however often it is sent";
    /// A device was set back.
    Device, "a device that was set back counts on in another incarnation";
    /// Two sequencers.
    OneHead, "of two sequencers one wins, and the other writes nothing";
    /// Something was damaged.
    Damage, "damage is found when it is read, named, and passed over";
    /// A provider failed.
    Reasons, "what failed outside stands as failed in the log";
    /// Clocks jumped.
    Order, "order comes from the log and never from a clock";
    /// What cannot be meant was sent.
    Refused, "what is refused changes no data";
    /// State is what the events lead to.
    Roots, "live, replayed from empty and from every snapshot there are the same roots";
    /// Nothing sleeps for ever.
    Stranded, "whatever is not over waits for something that is there";
    /// A store, a sequencer or a runtime answered what it must not answer.
    Answers, "whoever asks is answered, or told what can be told";
    /// A workspace went to another host.
    Travels, "a workspace is at home on one host at a time";
    /// Control: where requests may go.
    Policy, "a policy changes by its own command alone";
    /// Control: who may author commands.
    Grants, "what was granted stays granted";
    /// Control: what was revoked.
    Revocations, "what was revoked stays revoked";
    /// Control: keys.
    DestroyedKeys, "a destroyed key stays destroyed";
    /// Control: approvals.
    UsedApprovals, "a used approval stays used";
    /// Control: spend.
    Spend, "what was spent stays spent";
    /// Control: leases and their tokens.
    Fencing, "a fencing token only rises";
    /// Control: what was sent before.
    Dedupe, "what was sent before is known for ever";
    /// Control: refusals.
    Denials, "what was denied stays denied";
    /// Control: incarnations of branches, and of devices.
    Incarnations, "an incarnation only rises";
    /// Control: who owns the workspace.
    Ownership, "ownership only passes on";
}

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The rule.
    pub rule: Rule,
    /// How it did not hold.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  broken: {}", self.what, self.rule.says())
    }
}

/// Whether everything held so far.
pub(crate) type Held = Result<(), Wrong>;

impl Rule {
    /// It did not hold.
    pub(crate) fn broken<T>(self, what: impl Into<String>) -> Result<T, Wrong> {
        Err(self.by(what))
    }

    /// The same as a value.
    pub(crate) fn by(self, what: impl Into<String>) -> Wrong {
        Wrong { rule: self, what: what.into() }
    }

    /// It has to hold.
    pub(crate) fn must(self, holds: bool, what: impl FnOnce() -> String) -> Held {
        if holds { Ok(()) } else { Err(self.by(what())) }
    }
}
