//! `effect.report`: a runtime tells what came of an effect. It happened, so it is kept whatever is decided.

use super::{Context, Decide, Decision, Draft, REPORT_MAX, effect_left};
use crate::effect::task_of;
use crate::entity::{Call, DataKey, Effect, Idempotency, Lease, LeaseStatus, Step};
use crate::event::{Closing, EffectClosed, Outcome, ReportLate, StepSettled};
use crate::flow::agent::{self, Said, ToolUse};
use crate::flow::{Fault, call, cancel, doubt};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::{BranchId, Key};
use crate::reject::{Code, Rejection, amount, word};
use crate::seal::{Content, Subject};
use crate::staged::Staged;
use crate::view::{Halt, Reader, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What came of an effect. It advances the task when the reporter's lease is still the effect's newest; else it is kept
/// as late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", deny_unknown_fields)]
pub enum Reported {
    /// The model answered.
    Answered {
        /// What it said.
        text: String,
        /// The tools it asks for.
        #[serde(default)]
        calls: Vec<ReportedCall>,
        /// Why it stopped.
        stop: String,
        /// Tokens of the request.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens of the answer.
        #[serde(default)]
        output_tokens: u64,
    },
    /// A capability gave a result.
    Returned {
        /// The result.
        result: Value,
    },
    /// There is no answer.
    Failed {
        /// Kind of failure.
        class: String,
        /// What happened.
        detail: String,
        /// Whether trying again may help.
        #[serde(default)]
        retriable: bool,
        /// How long to wait before that, when somebody said so, in milliseconds.
        #[serde(default)]
        retry_after_ms: Option<u64>,
        /// Whether something was sent, so that it may have taken place.
        #[serde(default)]
        sent: bool,
    },
}

/// A tool that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedCall {
    /// The model's own name for the call.
    pub id: String,
    /// The capability.
    pub name: String,
    /// What it is given, as the model wrote it.
    pub arguments: String,
}

impl Decide for EffectReport {
    const NAME: &'static str = "effect.report";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        amount("fence", self.fence)?;
        self.outcome.check()?;
        let unknown = || Halt::from(Code::NotFound.because(format!("there is no effect {}", self.effect)));
        let here = with.read.data::<Effect>(Key::Effect(self.effect))?.map(|effect| (effect, with.line()));
        // One that was asked for on a line that was left since is known there.
        let known = here.map_or_else(|| effect_left(&with.read, self.effect), |here| Ok(Some(here)))?;
        let (effect, line) = known.ok_or_else(unknown)?;
        let task = task_of(&Reader::new(with.read.view(), line), effect)?.ok_or_else(unknown)?;
        let lease = with.read.control::<Lease>(Key::Lease(self.effect))?;
        let lease = lease.ok_or_else(|| Code::NotFound.because("the effect was never leased"))?;
        let key = with.read.control::<DataKey>(Key::Subject(Subject::Task(task)))?;
        let erased = key.is_some_and(|key| *key.destroyed);
        // Elsewhere than on `main`, what is known of the effect may be older than its lease: nothing is settled there.
        let on_main = line.branch == BranchId::Main && line == with.line();
        if !on_main || effect.settled_by.is_some() || !self.holds(lease) {
            let outcome = if erased { self.outcome.erased() } else { self.outcome.content() };
            let (causes, root) = (vec![self.effect.command], Some(self.effect.command));
            let draft = Draft { data: self.late(task, outcome).into(), causes, root, read: Vec::new() };
            return Ok(Decision::one(draft, Vec::new()));
        }
        let mut to = Staged::new(with);
        to.caused_by(self.effect.command);
        let closing = Closing::of(self.effect, Some(lease));
        match (*effect.step, *effect.call) {
            _ if erased => self.erase(&mut to, task, effect, closing)?,
            (Some(step), _) => self.model(&mut to, step, closing)?,
            (None, Some(call)) => self.capability(&mut to, call, effect, closing)?,
            (None, None) => self.notice(&mut to, task, effect, closing)?,
        }
        Ok(to.decision())
    }
}

impl EffectReport {
    /// Whether the reporter's lease is the newest of the effect, and not over yet.
    pub(crate) fn is_in_time<V: View>(&self, read: &Reader<'_, V>, now_ms: u64) -> Result<bool, Halt> {
        let lease = read.control::<Lease>(Key::Lease(self.effect))?;
        let on_main = read.line().branch == BranchId::Main;
        let held =
            |lease: &Lease| self.holds(lease) && *lease.status == LeaseStatus::Held && *lease.expires_at > now_ms;
        Ok(on_main && lease.is_some_and(held))
    }

    /// A lost lease still has authority while nobody took the effect again: its token is the newest.
    fn holds(&self, lease: &Lease) -> bool {
        *lease.status != LeaseStatus::Closed
            && *lease.fence == self.fence
            && *lease.runtime == self.runtime
            && *lease.boot == self.boot
    }

    /// That it happened, without what cannot be sealed any more: else its effect would be performed again and again.
    fn erase<V: View>(&self, to: &mut Staged<'_, V>, task: Id, effect: &Effect, closing: Closing) -> Result<(), Halt> {
        let Some(step) = *effect.step else {
            to.emit(EffectClosed { closing })?;
            return cancel::task(to, task);
        };
        let agent = to.read().data::<Step>(Key::Step(step))?.map(|step| *step.agent);
        let agent = agent.map(|agent| to.read().data::<crate::entity::Agent>(Key::Agent(agent)).map(|it| it.cloned()));
        let provider = agent.transpose()?.flatten().map(|agent| *agent.provider);
        to.emit(StepSettled {
            task,
            step,
            effect: self.effect,
            fence: self.fence,
            runtime: self.runtime,
            expires_at: closing.expires_at,
            provider,
            cost_micros: 0,
            outcome: self.outcome.erased(),
        })?;
        // Nothing can follow from it either: what else the task waits for is given up.
        cancel::task(to, task)
    }

    fn model<V: View>(&self, to: &mut Staged<'_, V>, step: Id, closing: Closing) -> Result<(), Halt> {
        match &self.outcome {
            Reported::Answered { text, calls, stop, input_tokens, output_tokens } => {
                let tool = |it: &ReportedCall| {
                    let (id, name, arguments) = (it.id.clone(), it.name.clone(), it.arguments.clone());
                    ToolUse { id, name, arguments }
                };
                let calls = calls.iter().map(tool).collect();
                let tokens = (*input_tokens, *output_tokens);
                agent::answered(
                    to,
                    step,
                    closing,
                    Said { text: text.clone(), calls, stop: stop.clone(), tokens, taken: false },
                )
            }
            Reported::Returned { .. } => {
                let fault = Fault::new("protocol", 502, "the runtime reported a result where a model was to answer");
                agent::failed(to, step, closing, fault, None)
            }
            Reported::Failed { class, detail, retriable, retry_after_ms, .. } => {
                let again = retriable.then_some(*retry_after_ms);
                agent::failed(to, step, closing, Fault::new(class, 502, detail), again)
            }
        }
    }

    fn capability<V: View>(
        &self,
        to: &mut Staged<'_, V>,
        id: Id,
        effect: &Effect,
        closing: Closing,
    ) -> Result<(), Halt> {
        let Some(row) = to.read().data::<Call>(Key::Call(id))?.cloned() else { return Ok(()) };
        match &self.outcome {
            Reported::Returned { result } => {
                let arguments = call::arguments(to, &row)?;
                call::finish(to, id, Some(closing), call::result_of(&row.capability, &arguments, result.clone()))
            }
            Reported::Answered { .. } => {
                let fault = Fault::new("protocol", 502, "the runtime reported a model's answer where a result was due");
                call::finish(to, id, Some(closing), Err(fault))
            }
            // Nobody knows whether it took place, and it must not be done twice.
            Reported::Failed { sent: true, .. } if *row.idempotency != Idempotency::Retry => {
                doubt::may_repeat(to, self.effect).map(|_| ())
            }
            Reported::Failed { class, detail, retriable, retry_after_ms, .. } => {
                let fault = Fault::new(class, 502, detail);
                if *retriable && effect.failed.0 < call::RETRIES_MAX {
                    return agent::retry(to, *row.task, closing, fault, effect.failed.0, *retry_after_ms);
                }
                call::finish(to, id, Some(closing), Err(fault))
            }
        }
    }

    /// Somebody was told, or cannot be: the approval waits either way.
    fn notice<V: View>(&self, to: &mut Staged<'_, V>, task: Id, effect: &Effect, closing: Closing) -> Result<(), Halt> {
        match &self.outcome {
            Reported::Failed { class, detail, retriable: true, retry_after_ms, .. }
                if effect.failed.0 < call::RETRIES_MAX =>
            {
                agent::retry(to, task, closing, Fault::new(class, 502, detail), effect.failed.0, *retry_after_ms)
            }
            _ => to.emit(EffectClosed { closing }),
        }
    }

    fn late(&self, task: Id, outcome: Outcome) -> ReportLate {
        ReportLate { task, effect: self.effect, runtime: self.runtime, boot: self.boot, fence: self.fence, outcome }
    }
}

impl Reported {
    /// Text that came from outside is taken as it is; only its size is bounded.
    fn check(&self) -> Result<(), Rejection> {
        let (size, name) = match self {
            Self::Answered { text, calls, stop, input_tokens, output_tokens } => {
                word("stop", stop, 32)?;
                amount("input_tokens", *input_tokens)?;
                amount("output_tokens", *output_tokens)?;
                let size = |it: &ReportedCall| it.id.len() + it.name.len() + it.arguments.len();
                (text.len() + calls.iter().map(size).sum::<usize>(), "text")
            }
            Self::Returned { result } => (result.to_string().len(), "result"),
            Self::Failed { class, detail, retry_after_ms, .. } => {
                word("class", class, 32)?;
                amount("retry_after_ms", retry_after_ms.unwrap_or(0))?;
                (detail.len(), "detail")
            }
        };
        if size > REPORT_MAX {
            return Err(Code::TooLong.because(format!("{name} has {size} bytes; at most {REPORT_MAX} are allowed")));
        }
        Ok(())
    }

    fn erased(&self) -> Outcome {
        match *self {
            Self::Answered { input_tokens, output_tokens, .. } => Outcome::Erased { input_tokens, output_tokens },
            Self::Returned { .. } | Self::Failed { .. } => Outcome::Erased { input_tokens: 0, output_tokens: 0 },
        }
    }

    fn content(&self) -> Outcome {
        match self {
            Self::Answered { text, stop, input_tokens, output_tokens, .. } => Outcome::Answered {
                text: Content::plain(text),
                stop: stop.clone(),
                input_tokens: *input_tokens,
                output_tokens: *output_tokens,
            },
            Self::Returned { result } => Outcome::Returned { result: Content::plain(result.to_string()) },
            Self::Failed { class, detail, .. } => {
                Outcome::Failed { class: class.clone(), detail: Content::plain(detail) }
            }
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
