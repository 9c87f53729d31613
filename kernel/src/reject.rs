//! Rejections: why a command was refused, in one table of stable codes.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident, $name:literal, $title:literal, $hint:literal;)+) => {
        /// A stable code. Once released, a code keeps its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $code,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The code as it stands in answers and events.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// What happened, in one sentence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What to do next.
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$code => $hint,)+ }
            }
        }
    };
}

codes! {
    /// A name, text or amount is outside what it may be.
    InvalidArgument, "invalid_argument",
        "An argument is not valid.",
        "Correct the argument and send a new command.";
    /// A text holds control characters.
    ControlCharacter, "control_character",
        "A text holds control characters.",
        "Remove them; line breaks and tabs are allowed in prompts and instructions only.";
    /// A text is longer than it may be.
    TooLong, "too_long",
        "A text is too long.",
        "Shorten it, or attach it as a file.";
    /// An amount is not between 0 and 2^53-1.
    AmountOutOfRange, "amount_out_of_range",
        "An amount is outside 0 to 9007199254740991.",
        "Send an amount that every client can represent exactly.";
    /// The thing a command names does not exist here.
    NotFound, "not_found",
        "What the command names does not exist in this workspace.",
        "Check the id and the workspace.";
    /// The workspace was created before.
    AlreadyCreated, "already_created",
        "The workspace was created before.",
        "Use it, or create one with another id.";
    /// The authoring device was not enrolled.
    DeviceUnknown, "device_unknown",
        "The device is not enrolled.",
        "Enrol it with device.enroll first.";
    /// The device's counter names a command that had other bytes.
    CommandIdReused, "command_id_reused",
        "This command id was used for another command.",
        "The device was restored or copied: count on in a new incarnation.";
    /// The device's chain of commands parted from the one known here.
    DeviceForked, "device_forked",
        "The device's chain of commands does not continue the one known here.",
        "The device was restored or copied: count on in a new incarnation.";
    /// The device's command is older than what is remembered.
    CommandForgotten, "command_forgotten",
        "The command is older than what is remembered.",
        "Read the log to see what became of it.";
    /// The device left more gaps in its count than are remembered.
    TooManyGaps, "too_many_gaps",
        "Too many commands of this device are missing.",
        "Send the missing commands first.";
    /// The idempotency key was used for other bytes.
    IdempotencyKeyReused, "idempotency_key_reused",
        "The idempotency key was used for another request.",
        "Use a new key for a new request; repeat the same bytes to repeat a request.";
    /// The branch does not run effects.
    BranchHoldsEffects, "branch_holds_effects",
        "Effects do not run on this branch.",
        "Ask on main, or bring the branch home first.";
    /// The task's last step still waits for its answer.
    StepWaiting, "step_waiting",
        "The last step still waits for its answer.",
        "Wait for the answer, then ask again.";
    /// There is nothing to lease.
    NothingToLease, "nothing_to_lease",
        "No effect waits for a runtime.",
        "Ask again when there is work.";
    /// The effect is not outstanding.
    NotOutstanding, "not_outstanding",
        "The effect is not outstanding.",
        "Lease another effect.";
    /// Somebody holds the lease.
    LeaseHeld, "lease_held",
        "A runtime holds the lease.",
        "Wait until it reports or the lease expires.";
    /// The runtime joined with another boot id since.
    RuntimeRestarted, "runtime_restarted",
        "The runtime joined with another boot id since.",
        "Stop this process; the newer one goes on.";
    /// The workflow does not pass its check.
    InvalidWorkflow, "invalid_workflow",
        "The workflow does not pass its check.",
        "Correct it; `kernelos workflow check FILE` shows every mistake with its line.";
    /// Somebody decided before.
    AlreadyDecided, "already_decided",
        "This was decided before.",
        "The first decision counts; look at the task to see what came of it.";
    /// The decision is about other bytes than those that wait.
    OtherBytes, "other_bytes",
        "The decision is about other bytes than those that wait for it.",
        "Read the approval again, and decide about what it says now.";
    /// No timer is due.
    NothingDue, "nothing_due",
        "Nothing is due yet.",
        "Ask again when the next timer is due.";
    /// The workspace was imported and not adopted yet.
    EffectsHeld, "effects_held",
        "The workspace was imported, and what it owes the outside world is held.",
        "Make sure that it does not go on where it came from, then adopt it: kernelos workspace adopt.";
    /// There is nothing to adopt.
    NotHeld, "not_held",
        "The workspace holds nothing back.",
        "Only an imported workspace is adopted, and only once; only what a restore holds is released.";
    /// What was under way at a restore is held.
    WorkHeld, "work_held",
        "The workspace was restored, and what was under way then is held.",
        "Decide about each: kernelos restore list. Then release it: kernelos restore release.";
    /// Somebody has to decide first.
    WorkUndecided, "work_undecided",
        "Not everything that was under way at the restore is decided.",
        "Decide about the rest first: kernelos restore list, kernelos restore decide.";
    /// Nothing came of it that could be taken.
    NothingRecorded, "nothing_recorded",
        "Nothing is on record that came of it.",
        "Let it be done again, or give it up.";
    /// The position is not one that was answered for.
    PositionAhead, "position_ahead",
        "The position is beyond the last event.",
        "Restore to a position that the log has: kernelos log.";
    /// The branch did not exist there.
    BeforeTheBranch, "before_the_branch",
        "The branch had not begun there.",
        "Restore to a position after its beginning: kernelos log.";
    /// The position is in the midst of what one command came to.
    InsideACommand, "inside_a_command",
        "The position is in the midst of what one command came to.",
        "Restore to the position before or behind that command; both are named.";
    /// The branch is there already.
    NothingToRestore, "nothing_to_restore",
        "The branch stands there already.",
        "Nothing has to be done.";
    /// The workspace is on its way to another host.
    WorkspaceFrozen, "workspace_frozen",
        "The workspace is on its way to another host, and takes no commands.",
        "Go on with the move: kernelos workspace move; with --undo it stays where it was.";
    /// The workspace went to another host.
    WorkspaceMoved, "workspace_moved",
        "The workspace went to another host.",
        "Ask that host. What is here can still be read.";
    /// There is no room for what the command would write.
    StorageFull, "storage_full",
        "There is no room for what the command would write.",
        "Make room: kernelos workspace compact; what takes it is told by kernelos workspace space. What ends work is taken.";
    /// The workspace is on its way nowhere.
    NotFrozen, "not_frozen",
        "The workspace is not frozen.",
        "Freeze it first; if somebody undid that, begin again: kernelos workspace move.";
    /// The workspace does not stand where it was taken over.
    OtherPosition, "other_position",
        "The workspace stands elsewhere than where it was taken over.",
        "Take it over again as it is now: kernelos workspace move.";
    /// Nothing proves that an imported workspace left where it came from.
    NotLeft, "not_left",
        "Nothing proves that the workspace left where it came from.",
        "Go on with the move: kernelos workspace move. Only if that host is lost: kernelos workspace adopt --anyway.";
    /// The subject's key was destroyed.
    KeyDestroyed, "key_destroyed",
        "The key of this data was destroyed.",
        "The content is gone for ever; make a new one.";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::of(&name).ok_or_else(|| D::Error::custom("no such code"))
    }
}

/// A refusal. Nothing of the command took effect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rejection {
    /// Which rule refused.
    pub code: Code,
    /// What exactly, for a person. Holds no content of others.
    pub detail: String,
}

impl Code {
    /// The code of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// A refusal with this code.
    pub fn because(self, detail: impl Into<String>) -> Rejection {
        Rejection { code: self, detail: detail.into() }
    }
}

/// The largest amount that every client can represent exactly.
pub const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// Check an amount.
pub fn amount(name: &str, value: u64) -> Result<u64, Rejection> {
    if value > AMOUNT_MAX {
        return Err(Code::AmountOutOfRange.because(format!("{name} is {value}")));
    }
    Ok(value)
}

/// Check a one-line text: not empty, no control characters, at most `max` bytes.
pub fn line(name: &str, text: &str, max: usize) -> Result<(), Rejection> {
    check(name, text, max, |c| c.is_control())
}

/// Check a text of many lines: as [`line()`], with line breaks and tabs allowed.
pub fn lines(name: &str, text: &str, max: usize) -> Result<(), Rejection> {
    check(name, text, max, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Check a word that code looks up: lower-case letters, digits, `.`, `_` and `-`.
pub fn word(name: &str, text: &str, max: usize) -> Result<(), Rejection> {
    line(name, text, max)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if text.chars().all(fits) {
        return Ok(());
    }
    Err(Code::InvalidArgument.because(format!("{name} may hold lower-case letters, digits, '.', '_' and '-' only")))
}

fn check(name: &str, text: &str, max: usize, forbidden: impl Fn(char) -> bool) -> Result<(), Rejection> {
    if text.is_empty() {
        return Err(Code::InvalidArgument.because(format!("{name} is empty")));
    }
    if text.len() > max {
        return Err(Code::TooLong.because(format!("{name} has {} bytes; at most {max} are allowed", text.len())));
    }
    match text.chars().position(forbidden) {
        None => Ok(()),
        Some(at) => Err(Code::ControlCharacter.because(format!("{name} has one at character {}", at + 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HashText;
    use crate::id::{DeviceId, Role};
    use crate::key::{BranchId, Key, Space};
    use crate::machine::{Identity, Stop};
    use crate::seal::Subject;
    use crate::testing::{Story, begun, boot, request, story_id};
    use serde_json::json;

    /// A story that ends in `code`. A new code does not compile until it has one.
    fn ends_in(code: Code) -> Story {
        let mut it = begun();
        let (agent, runtime) = (it.agent(), it.runtime());
        match code {
            Code::InvalidArgument => it.when("task.create", json!({"title": ""})),
            Code::ControlCharacter => it.when("task.create", json!({"title": "a\u{0}b"})),
            Code::TooLong => it.when("task.create", json!({"title": "t".repeat(513)})),
            Code::AmountOutOfRange => {
                it.when("task.ask", json!({"agent": agent, "prompt": "x", "max_tokens": 1u64 << 63}))
            }
            Code::NotFound => it.when("task.ask", json!({"agent": story_id(Role::Agent), "prompt": "x"})),
            Code::AlreadyCreated => {
                it.when("workspace.create", json!({"name": "again", "public_key": HashText([1; 32])}))
            }
            Code::DeviceUnknown => {
                it.device = DeviceId([8; 16]);
                it.when_under(1, "task.create", json!({"title": "x"}))
            }
            Code::CommandIdReused | Code::DeviceForked | Code::CommandForgotten | Code::TooManyGaps => {
                counted(&mut it, code)
            }
            Code::IdempotencyKeyReused => {
                it.when_under(1, "task.create", json!({"title": "x"}));
                it.when_under(1, "task.create", json!({"title": "y"}))
            }
            Code::BranchHoldsEffects => {
                it.given("branch.fork", json!({"name": "draft"}));
                let fork = BranchId::Forked(it.made()[0]);
                it.when_on(fork, "task.ask", json!({"agent": agent, "prompt": "x"}))
            }
            Code::StepWaiting => {
                let [task, ..] = it.asked("x");
                it.when("task.ask", json!({"agent": agent, "task": task, "prompt": "x"}))
            }
            Code::NothingToLease => it.when("effect.lease", json!({"runtime": runtime, "boot": boot(1), "ttl_ms": 1})),
            Code::NotOutstanding => {
                let [.., effect] = it.asked("x");
                it.settle("y");
                it.when("effect.lease", json!({"runtime": runtime, "boot": boot(1), "ttl_ms": 1, "effect": effect}))
            }
            Code::LeaseHeld => {
                let effect = it.leased("x");
                it.when("effect.lease", json!({"runtime": runtime, "boot": boot(1), "ttl_ms": 1, "effect": effect}))
            }
            Code::RuntimeRestarted => {
                it.when("effect.lease", json!({"runtime": runtime, "boot": boot(2), "ttl_ms": 1}))
            }
            Code::InvalidWorkflow => it.when("workflow.define", json!({"source": {"document": 7}})),
            Code::AlreadyDecided | Code::OtherBytes => decided(&mut it, code),
            Code::NothingDue => it.when("timers.fire", json!({})),
            Code::EffectsHeld => it.imported_by([7; 32]).when("timers.fire", json!({})),
            Code::NotHeld => it.when("workspace.adopt", json!({})),
            Code::StorageFull => without_room(&mut it),
            Code::WorkHeld
            | Code::WorkUndecided
            | Code::NothingRecorded
            | Code::PositionAhead
            | Code::BeforeTheBranch
            | Code::InsideACommand
            | Code::NothingToRestore => restored(&mut it, code),
            Code::WorkspaceFrozen | Code::WorkspaceMoved | Code::NotFrozen | Code::OtherPosition | Code::NotLeft => {
                on_its_way(&mut it, code)
            }
            Code::KeyDestroyed => {
                it.given("key.destroy", json!({"subject": Subject::Workspace}));
                it.when("key.destroy", json!({"subject": Subject::Workspace}))
            }
        };
        it
    }

    /// There is little room.
    fn without_room(it: &mut Story) -> &mut Story {
        it.machine.take_only(crate::machine::Takes::WhatEndsWork);
        it.when("task.create", json!({"title": "x"}))
    }

    /// A person decides too late, or about something else.
    fn decided(it: &mut Story, code: Code) -> &mut Story {
        let (approval, digest) = it.asked_person("Which one?");
        if code == Code::OtherBytes {
            let data = json!({"approval": approval, "digest": HashText([0; 32]), "decision": "reject"});
            return it.when("approval.decide", data);
        }
        let data = json!({"approval": approval, "digest": digest, "decision": "answer", "value": "this one"});
        it.given("approval.decide", data.clone());
        it.when("approval.decide", data)
    }

    /// A restore that cannot be, or what is held by one.
    fn restored(it: &mut Story, code: Code) -> &mut Story {
        let whole = it.machine.pos();
        let [.., effect] = it.asked("x");
        let pos = it.machine.pos();
        match code {
            Code::PositionAhead => return it.when("branch.restore", json!({"pos": pos + 1})),
            Code::BeforeTheBranch => return it.when("branch.restore", json!({"pos": 0})),
            Code::InsideACommand => return it.when("branch.restore", json!({"pos": whole + 1})),
            Code::NothingToRestore => return it.when("branch.restore", json!({"pos": pos})),
            _ => {}
        }
        it.given("task.create", json!({"title": "a mistake"}));
        it.given("branch.restore", json!({"pos": pos}));
        match code {
            Code::NothingRecorded => it.when("work.decide", json!({"item": effect, "choice": "take"})),
            Code::WorkUndecided => it.when("work.release", json!({})),
            _ => it.when("timers.fire", json!({})),
        }
    }

    /// The workspace goes to another host.
    fn on_its_way(it: &mut Story, code: Code) -> &mut Story {
        let to = "https://there.example";
        if code != Code::NotFrozen {
            it.given("workspace.freeze", json!({"to": to}));
        }
        match code {
            Code::WorkspaceFrozen => it.when("task.create", json!({"title": "x"})),
            Code::OtherPosition => it.when("workspace.leave", json!({"to": to, "pos": 1, "roots": {}})),
            Code::NotLeft => it.imported_by([7; 32]).when("workspace.adopt", json!({})),
            Code::WorkspaceMoved => it.leaves(to).when("workspace.unfreeze", json!({})),
            _ => it.when("workspace.unfreeze", json!({})),
        }
    }

    /// A device counts wrongly.
    fn counted(it: &mut Story, code: Code) -> &mut Story {
        let mut send = |counter: u64, title: &str| {
            let command = crate::id::CommandId { device: it.device, incarnation: 1, counter };
            let identity = Identity::Device { command, previous: Some(HashText([7; 32])) };
            it.sends(request(identity, BranchId::Main, "task.create", &json!({"title": title})));
        };
        match code {
            Code::CommandIdReused => (1..=2).for_each(|n| send(1, &format!("{n}"))),
            Code::DeviceForked => (1..=2).for_each(|n| send(n, "x")),
            Code::TooManyGaps => (1..=65).for_each(|n| send(2 * n, "x")),
            _ => {
                it.when_under(1, "task.create", json!({"title": "x"}));
                let command = it.reply().command;
                let identity = Identity::Device { command, previous: None };
                it.forgets(&Key::Command(command).address(Space::Control));
                it.sends(request(identity, BranchId::Main, "task.create", &json!({"title": "x"})));
            }
        }
        it
    }

    #[test]
    fn every_code_ends_a_story() {
        for code in Code::ALL.iter().copied() {
            let it = ends_in(code);
            let came = match it.outcome() {
                Ok(reply) => reply.rejected.map(|(code, _)| code),
                Err(Stop::Refused(rejection)) => Some(rejection.code),
                Err(other) => panic!("{code:?}: {other:?}"),
            };
            assert_eq!(came, Some(code));
        }
    }

    #[test]
    fn codes_have_names_of_their_own_and_are_found_by_them() {
        let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert!(Code::ALL.iter().all(|code| Code::of(code.name()) == Some(*code)));
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), Code::of("no_such_code")), (Code::ALL.len(), None));
    }
}
