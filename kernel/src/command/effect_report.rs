//! `effect.report`: a runtime tells what came of an effect. It happened, so it is kept whatever is decided.

use super::{Context, Decide, Decision, Draft, REPORT_MAX};
use crate::entity::{DataKey, Effect, Lease, LeaseStatus, Step};
use crate::event::{Outcome, ReportLate, StepSettled};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::{BranchId, Key};
use crate::reject::{Code, Rejection, amount, word};
use crate::seal::{Content, Subject};
use crate::view::{Halt, View};
use serde::Deserialize;

/// What came of an effect. It advances the task when the reporter's lease is still the effect's newest; else it is kept
/// as late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectReport {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// The effect.
    pub effect: Id,
    /// The fencing token it holds.
    pub fence: u64,
    /// What came of it.
    pub outcome: Reported,
}

/// What came of an effect, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", deny_unknown_fields)]
pub enum Reported {
    /// The model answered.
    Answered {
        /// What it said.
        text: String,
        /// Why it stopped.
        stop: String,
        /// Tokens of the request.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens of the answer.
        #[serde(default)]
        output_tokens: u64,
    },
    /// There will be no answer.
    Failed {
        /// Kind of failure.
        class: String,
        /// What happened.
        detail: String,
    },
}

impl Decide for EffectReport {
    const NAME: &'static str = "effect.report";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        amount("fence", self.fence)?;
        self.outcome.check()?;
        let unknown = || Halt::from(Code::NotFound.because(format!("there is no effect {}", self.effect)));
        let effect = with.read.data::<Effect>(Key::Effect(self.effect))?.ok_or_else(unknown)?;
        let step = with.read.data::<Step>(Key::Step(*effect.step))?.ok_or_else(unknown)?;
        let lease = with.read.control::<Lease>(Key::Lease(self.effect))?;
        let lease = lease.ok_or_else(|| Code::NotFound.because("the effect was never leased"))?;
        let key = with.read.control::<DataKey>(Key::Subject(Subject::Task(*step.task)))?;
        let outcome =
            if key.is_some_and(|key| *key.destroyed) { self.outcome.erased() } else { self.outcome.content() };
        // Elsewhere than on `main`, what is known of the effect may be older than its lease: nothing is settled there.
        let on_main = with.line().branch == BranchId::Main;
        let data = if on_main && effect.settled_by.is_none() && self.holds(lease) {
            self.settled(*step.task, *effect.step, lease, outcome).into()
        } else {
            self.late(*step.task, outcome).into()
        };
        let (causes, root) = (vec![self.effect.command], Some(self.effect.command));
        let draft = Draft { data, causes, root, read: Vec::new() };
        Ok(Decision::one(draft, Vec::new()))
    }
}

impl EffectReport {
    /// A lost lease still has authority while nobody took the effect again: its token is the newest.
    fn holds(&self, lease: &Lease) -> bool {
        *lease.status != LeaseStatus::Closed
            && *lease.fence == self.fence
            && *lease.runtime == self.runtime
            && *lease.boot == self.boot
    }

    fn settled(&self, task: Id, step: Id, lease: &Lease, outcome: Outcome) -> StepSettled {
        StepSettled {
            task,
            step,
            effect: self.effect,
            fence: self.fence,
            runtime: self.runtime,
            expires_at: *lease.expires_at,
            outcome,
        }
    }

    fn late(&self, task: Id, outcome: Outcome) -> ReportLate {
        ReportLate { task, effect: self.effect, runtime: self.runtime, boot: self.boot, fence: self.fence, outcome }
    }
}

impl Reported {
    /// Text that came from outside is taken as it is; only its size is bounded.
    fn check(&self) -> Result<(), Rejection> {
        let (text, name) = match self {
            Self::Answered { text, stop, input_tokens, output_tokens } => {
                word("stop", stop, 32)?;
                amount("input_tokens", *input_tokens)?;
                amount("output_tokens", *output_tokens)?;
                (text, "text")
            }
            Self::Failed { class, detail } => {
                word("class", class, 32)?;
                (detail, "detail")
            }
        };
        if text.len() > REPORT_MAX {
            return Err(
                Code::TooLong.because(format!("{name} has {} bytes; at most {REPORT_MAX} are allowed", text.len()))
            );
        }
        Ok(())
    }

    /// That it happened, without what cannot be sealed any more: else its effect would be performed again and again.
    fn erased(&self) -> Outcome {
        match *self {
            Self::Answered { input_tokens, output_tokens, .. } => Outcome::Erased { input_tokens, output_tokens },
            Self::Failed { .. } => Outcome::Erased { input_tokens: 0, output_tokens: 0 },
        }
    }

    fn content(&self) -> Outcome {
        match self {
            Self::Answered { text, stop, input_tokens, output_tokens } => Outcome::Answered {
                text: Content::plain(text),
                stop: stop.clone(),
                input_tokens: *input_tokens,
                output_tokens: *output_tokens,
            },
            Self::Failed { class, detail } => Outcome::Failed { class: class.clone(), detail: Content::plain(detail) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{StepStatus, Task};
    use crate::event::EventData;
    use crate::id::Role;
    use crate::key::Space;
    use crate::testing::{Story, begun, boot, story_id};
    use serde_json::{Value, json};

    fn send(it: &mut Story, effect: Id, fence: u64, outcome: Value) {
        let data =
            json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": fence, "outcome": outcome});
        it.when("effect.report", data);
    }

    fn step_of(it: &mut Story, effect: Id) -> Step {
        it.data(BranchId::Main, Key::Step(Id { role: Role::Step, ..effect })).unwrap()
    }

    #[test]
    fn an_answer_settles_its_step_and_is_counted() {
        let mut it = begun();
        let effect = it.leased("a question");
        let answer =
            json!({"is": "answered", "text": "\u{0}as it came", "stop": "end", "input_tokens": 9, "output_tokens": 5});
        send(&mut it, effect, 1, answer);
        it.then(&["step.settled"]);
        assert_eq!(*step_of(&mut it, effect).status, StepStatus::Answered);
        let task: Task = it.data(BranchId::Main, Key::Task(Id { role: Role::Task, ..effect })).unwrap();
        assert_eq!((task.input_tokens.0, task.output_tokens.0), (9, 5));
        assert!(it.machine_has_no(Key::Ready(effect)) && it.machine_has_no(Key::Leased(it.runtime(), effect)));
    }

    #[test]
    fn a_failure_settles_its_step_too() {
        let mut it = begun();
        let effect = it.leased("a question");
        send(&mut it, effect, 1, json!({"is": "failed", "class": "rate_limited", "detail": ""}));
        it.then(&["step.settled"]);
        assert_eq!(*step_of(&mut it, effect).status, StepStatus::Failed);
    }

    #[test]
    fn a_second_report_and_a_wrong_token_are_late_and_change_no_data() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.report(effect, 2, "under a token that never was").then(&["report.late"]);
        it.report(effect, 1, "an answer").then(&["step.settled"]);
        let data = it.root(Space::MAIN);
        it.report(effect, 1, "another answer").then(&["report.late"]);
        assert_eq!(it.root(Space::MAIN), data);
        assert_eq!(it.control::<Lease>(Key::Lease(effect)).unwrap().late.0, 2);
    }

    #[test]
    fn on_a_branch_nothing_is_settled() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        let outcome = json!({"is": "answered", "text": "x", "stop": "end"});
        let data = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": 1, "outcome": outcome});
        it.when_on(fork, "effect.report", data).then(&["report.late"]);
        it.report(effect, 1, "an answer").then(&["step.settled"]);
    }

    #[test]
    fn what_a_destroyed_key_cannot_seal_is_left_out_and_the_step_is_over() {
        let mut it = begun();
        let effect = it.leased("a question");
        let task = Id { role: Role::Task, ..effect };
        it.given("key.destroy", json!({"subject": Subject::Task(task)}));
        let answer = json!({"is": "answered", "text": "secret", "stop": "end", "output_tokens": 5});
        send(&mut it, effect, 1, answer.clone());
        it.then(&["step.settled"]);
        let EventData::StepSettled(settled) = it.event() else { panic!("{:?}", it.event()) };
        assert_eq!(settled.outcome, Outcome::Erased { input_tokens: 0, output_tokens: 5 });
        assert_eq!(*step_of(&mut it, effect).status, StepStatus::Failed);
        send(&mut it, effect, 1, answer);
        it.then(&["report.late"]);
    }

    #[test]
    fn its_amounts_words_and_texts_are_within_bounds() {
        let mut it = begun();
        let effect = it.leased("a question");
        let answered = |text: &str, stop: &str, tokens: u64| json!({"is": "answered", "text": text, "stop": stop, "output_tokens": tokens});
        send(&mut it, effect, 1 << 63, answered("x", "end", 0));
        it.rejected(Code::AmountOutOfRange);
        for (outcome, code) in [
            (answered("x", "end", 1 << 63), Code::AmountOutOfRange),
            (answered("x", "end", 1 << 53), Code::AmountOutOfRange),
            (json!({"is": "answered", "text": "x", "stop": "end", "input_tokens": u64::MAX}), Code::AmountOutOfRange),
            (answered("x", "", 0), Code::InvalidArgument),
            (answered("x", "End", 0), Code::InvalidArgument),
            (answered("x", &"e".repeat(33), 0), Code::TooLong),
            (answered(&"x".repeat(REPORT_MAX + 1), "end", 0), Code::TooLong),
            (json!({"is": "failed", "class": "a b", "detail": "x"}), Code::InvalidArgument),
            (json!({"is": "failed", "class": "a", "detail": "x".repeat(REPORT_MAX + 1)}), Code::TooLong),
        ] {
            send(&mut it, effect, 1, outcome);
            it.rejected(code);
        }
        send(&mut it, effect, 1, answered(&"x".repeat(REPORT_MAX), &"e".repeat(32), (1 << 53) - 1));
        it.then(&["step.settled"]);
    }

    #[test]
    fn an_effect_that_is_unknown_or_was_never_leased_is_not_reported_on() {
        let mut it = begun();
        it.report(story_id(Role::Effect), 1, "x").rejected(Code::NotFound);
        let [_, _, effect] = it.asked("a question");
        it.report(effect, 1, "x").rejected(Code::NotFound);
    }
}
