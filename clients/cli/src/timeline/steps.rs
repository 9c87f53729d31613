//! Agents at work, and what the outside world owes.

use super::moment::{Kind, Moment};
use super::read::{Told, one_line};
use super::summary::Ending;
use super::{Timeline, render};
use serde_json::Value;

/// A question to an agent.
#[derive(Debug, Clone, Default)]
pub struct Step {
    agent: String,
    call: String,
    turns: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost_micros: u64,
}

impl Timeline {
    /// Everything that is about an effect, a step or a turn.
    pub(super) fn of_effect(&mut self, told: &Told<'_>) -> Vec<Moment> {
        let effect = told.text("effect").to_owned();
        match told.name {
            "step.requested" => self.step_requested(told),
            "step.resumed" => self.summary.ending = None,
            "effect.requested" => self.effect_requested(told, effect),
            "lease.lost" => drop(self.lost.insert(effect)),
            "lease.granted" if self.lost.remove(&effect) => {
                let what = self.owed.get(&effect).cloned().unwrap_or_default();
                let about = format!("{what}: another process goes on with it");
                return vec![self.moment(Kind::HandedOver, "", about)];
            }
            "effect.retried" => return vec![self.effect_retried(told, &effect)],
            "effect.closed" => self.over(&effect),
            "turn.answered" => {
                self.over(&effect);
                return self.turn(told).into_iter().collect();
            }
            "step.settled" | "step.stopped" => {
                self.over(&effect);
                return self.step_over(told).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// Nothing is owed any more.
    pub(super) fn over(&mut self, effect: &str) {
        self.owed.remove(effect);
        self.lost.remove(effect);
        self.saying.clear();
    }

    fn step_requested(&mut self, told: &Told<'_>) {
        let (agent, call) = (told.text("agent").to_owned(), told.text("call").to_owned());
        let id = told.text("step").to_owned();
        self.steps.insert(id.clone(), Step { agent, call, ..Step::default() });
        self.owed.insert(told.text("effect").to_owned(), self.step_label(&id));
    }

    fn effect_requested(&mut self, told: &Told<'_>, effect: String) {
        let label = match (told.text("step"), told.text("call")) {
            // A notice to a person is nothing that is watched.
            ("", "") => String::new(),
            ("", call) => self.call_label(call),
            (step, _) => self.step_label(step),
        };
        self.owed.insert(effect, label);
    }

    fn effect_retried(&mut self, told: &Told<'_>, effect: &str) -> Moment {
        self.saying.clear();
        self.summary.retries += 1;
        let what = self.owed.get(effect).cloned().unwrap_or_default();
        let left = told.number("not_before").unwrap_or_default().saturating_sub(told.at_ms);
        let detail = one_line(told.said("detail").unwrap_or_default());
        let (name, _) = what.split_once(": ").unwrap_or((&what, ""));
        let about = format!("again in {}: {}: {detail}", render::duration(left), told.text("class"));
        self.moment(Kind::Retry, name, about)
    }

    fn turn(&mut self, told: &Told<'_>) -> Option<Moment> {
        let id = told.text("step").to_owned();
        self.used(&id, told.number("input_tokens"), told.number("output_tokens"), told.number("cost_micros"));
        let remark = told.said("remark")?;
        let name = self.step_name(&id);
        Some(self.moment(Kind::SentBack, &name, remark))
    }

    fn step_over(&mut self, told: &Told<'_>) -> Option<Moment> {
        let id = told.text("step").to_owned();
        let number = |name: &str| told.at(&format!("/outcome/{name}")).and_then(Value::as_u64);
        if told.name == "step.settled" {
            self.used(&id, number("input_tokens"), number("output_tokens"), told.number("cost_micros"));
        }
        let about = self.step_done(&id);
        let step = self.steps.remove(&id)?;
        let class = told.at("/outcome/class").and_then(Value::as_str);
        let class = class.or_else(|| (told.name == "step.stopped").then(|| told.text("class")));
        if let Some(call) = self.calls.get_mut(&step.call) {
            call.agent = Some(about);
            return None;
        }
        let (kind, about, ending) = match class {
            None => {
                let answer = told.said("text").unwrap_or_default();
                (Kind::Answered, about, Ending::Done(Value::from(answer)))
            }
            Some(class) => {
                let detail = told.said("detail").unwrap_or_default().to_owned();
                let about = format!("{class}: {detail}");
                (Kind::Failed, about, Ending::Failed { class: class.to_owned(), title: class.to_owned(), detail })
            }
        };
        self.summary.ending = Some(ending);
        Some(self.moment(kind, "", about))
    }

    fn used(&mut self, step: &str, input: Option<u64>, output: Option<u64>, cost: Option<u64>) {
        let (input, output, cost) = (input.unwrap_or(0), output.unwrap_or(0), cost.unwrap_or(0));
        if let Some(step) = self.steps.get_mut(step) {
            step.turns += 1;
            step.input_tokens += input;
            step.output_tokens += output;
            step.cost_micros += cost;
        }
        self.summary.model_calls += 1;
        self.summary.input_tokens += input;
        self.summary.output_tokens += output;
        self.summary.cost_micros += cost;
    }

    /// Name of the task of the workflow that an agent works for.
    pub(super) fn step_name(&self, id: &str) -> String {
        self.steps.get(id).map(|step| self.call_name(&step.call)).unwrap_or_default()
    }

    fn step_label(&self, id: &str) -> String {
        let Some(step) = self.steps.get(id) else { return String::new() };
        let (name, model) = self.agent(&step.agent);
        let place = self.call_name(&step.call);
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        format!("{place}{name} asks {model}")
    }

    /// Agent, model, tokens and cost.
    fn step_done(&self, id: &str) -> String {
        let Some(step) = self.steps.get(id) else { return String::new() };
        let (name, model) = self.agent(&step.agent);
        let turns = if step.turns > 1 { format!(", {} model calls", step.turns) } else { String::new() };
        let tokens = format!("{} tokens in, {} out", step.input_tokens, step.output_tokens);
        let cost = render::cost(step.cost_micros).map(|cost| format!(", {cost}")).unwrap_or_default();
        format!("{name} with {model}{turns}, {tokens}{cost}")
    }

    fn agent(&self, id: &str) -> (String, String) {
        self.names.get(id).cloned().unwrap_or_else(|| ("an agent".to_owned(), "its model".to_owned()))
    }
}
