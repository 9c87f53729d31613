//! The agent loop: a model's answer, the tools it asks for, their results, the next model call – until there is an
//! answer, or a reason to stop.

use super::call::{self, Asked};
use super::{Fault, Outcome, backoff, is_erased};
use crate::capability;
use crate::entity::{Agent, Call, Effect, Limits, Owner, Provider, Step, StepStatus, Task, Turn};
use crate::event::{
    Closing, EffectRequested, EffectRetried, Outcome as Settled, StepRequested, StepSettled, StepStopped, TimerSet,
    TurnAnswered, Used,
};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::schema::Schema;
use crate::seal::{Content, Subject};
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde_json::{Value, json};

/// How many tools one answer may ask for.
pub const CALLS_MAX: usize = 16;
/// How often an answer that is not what was asked for is sent back.
pub const REPAIRS_MAX: u64 = 2;
/// How often in a row the very same calls with the very same results are made before the step is stopped.
pub const SAME_MAX: usize = 3;

/// A tool that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUse {
    /// The model's own name for the call.
    pub id: String,
    /// The capability.
    pub name: String,
    /// What it is given; JSON text as the model wrote it.
    pub arguments: String,
}

/// What a model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its words.
    pub text: String,
    /// The tools it asks for.
    pub calls: Vec<ToolUse>,
    /// Why it stopped.
    pub stop: String,
    /// Tokens of request and answer.
    pub tokens: (u64, u64),
    /// Whether it is taken from a line that was left, where it was counted.
    pub taken: bool,
}

/// A call asks an agent, by name.
pub fn asked<V: View>(
    to: &mut Staged<'_, V>,
    task: Id,
    call: Id,
    arguments: &Value,
) -> Result<Result<(), Fault>, Halt> {
    let name = arguments.get("agent").and_then(Value::as_str).unwrap_or_default();
    let tag = to.tag(&["agent", name])?;
    let Some(agent) = to.read().data::<crate::entity::Name>(Key::Name(tag))?.map(|name| *name.id) else {
        return Ok(Err(Fault::new("unknown_agent", 404, format!("there is no agent called {name:?}"))));
    };
    let prompt = match arguments.get("prompt") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    if let Some(Err(why)) = arguments.get("schema").map(Schema::compile) {
        return Ok(Err(Fault::new("invalid_arguments", 400, format!("the schema of the answer: {why}"))));
    }
    let (step, effect) = (to.id(Role::Step)?, to.id(Role::Effect)?);
    let schema = arguments.get("schema").map(|schema| Content::plain(schema.to_string()));
    let max_tokens = arguments.get("max_tokens").and_then(Value::as_u64);
    let asked_at = to.now_ms;
    let prompt = Content::plain(prompt);
    let previous = to.read().data::<Task>(Key::Task(task))?.and_then(|task| *task.last_step);
    to.emit(StepRequested {
        task,
        step,
        effect,
        agent,
        previous,
        prompt,
        call: Some(call),
        schema,
        asked_at,
        max_tokens,
    })?;
    Ok(Ok(()))
}

/// The model answered a step's call.
pub fn answered<V: View>(to: &mut Staged<'_, V>, step: Id, closing: Closing, said: Said) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))?.cloned() else { return Ok(()) };
    let Some(agent) = to.read().data::<Agent>(Key::Agent(*row.agent))?.cloned() else { return Ok(()) };
    let used = used(to, &agent, said.tokens)?;
    let one = Answered { step, row: &row, agent: &agent, closing, used, taken: said.taken };
    if !said.calls.is_empty() {
        return one.tools(to, said);
    }
    let schema = match row.schema.as_ref() {
        Some(schema) => to.text(Some(schema))?,
        None => to.text(agent.schema.as_ref())?,
    };
    match schema.map(|schema| structured(&said.text, &schema)) {
        Some(Err(why)) if row.repairs.0 < REPAIRS_MAX => one.send_back(to, said, &why),
        Some(Err(why)) => one.settle(
            to,
            Settled::Failed { class: "invalid_output".to_owned(), detail: Content::plain(why) },
            said.tokens,
        ),
        Some(Ok(value)) => one.settle(to, final_answer(&said, value.to_string()), said.tokens),
        None => one.settle(to, final_answer(&said, said.text.clone()), said.tokens),
    }
}

fn final_answer(said: &Said, text: String) -> Settled {
    let (input_tokens, output_tokens) = said.tokens;
    Settled::Answered { text: Content::plain(text), stop: said.stop.clone(), input_tokens, output_tokens }
}

/// A model's answer to a step, with all that is known of the step.
struct Answered<'a> {
    step: Id,
    row: &'a Step,
    agent: &'a Agent,
    closing: Closing,
    used: Used,
    taken: bool,
}

impl Answered<'_> {
    /// The model asks for tools: each is a call of its own, and they run side by side.
    fn tools<V: View>(&self, to: &mut Staged<'_, V>, said: Said) -> Result<(), Halt> {
        // What is asked for beyond the bound is left out, but for one call that says so.
        let beyond = said.calls.len().saturating_sub(CALLS_MAX);
        let mut said = said;
        said.calls.truncate(CALLS_MAX + 1);
        // The turn names its calls before they are made, in the order in which the model asked for them.
        let stuck = self.makes_no_progress(to, &said)?;
        let calls = if stuck { Vec::new() } else { to.upcoming(Role::Call, said.calls.len()) };
        self.turn(to, &said.text, calls, None)?;
        if stuck {
            let detail = format!("the same tools gave the same results {SAME_MAX} times in a row");
            return stop(to, self.step, false, "no_progress", &detail);
        }
        for (nth, tool) in said.calls.into_iter().enumerate() {
            self.tool(to, tool, if nth < CALLS_MAX { 0 } else { beyond })?;
        }
        continue_when_ready(to, self.step)
    }

    /// Ask for one tool. `beyond` says how many calls are too many, this one among them.
    fn tool<V: View>(&self, to: &mut Staged<'_, V>, tool: ToolUse, beyond: usize) -> Result<(), Halt> {
        let parsed =
            if tool.arguments.trim().is_empty() { Ok(json!({})) } else { serde_json::from_str(&tool.arguments) };
        let offered = capability::find(&tool.name).filter(|found| found.is_tool).filter(|found| {
            self.agent.tools.iter().any(|name| capability::find(name).is_some_and(|it| it.name == found.name))
        });
        let refused = match (&offered, &parsed) {
            _ if beyond > 0 => {
                Some(format!("one answer may ask for at most {CALLS_MAX} tools; {beyond} calls were left out"))
            }
            (None, _) => Some(self.unknown(&tool.name)),
            (_, Err(why)) => Some(format!("the arguments are not JSON: {why}")),
            _ => None,
        };
        let arguments = parsed.unwrap_or(Value::Null);
        let risky = offered.is_some_and(|found| {
            let listed =
                self.agent.approve.iter().any(|name| capability::find(name).is_some_and(|it| it.name == found.name));
            listed || found.is_risky(&arguments)
        });
        let asked = Asked {
            task: *self.row.task,
            owner: Owner::Step(self.step),
            capability: tool.name,
            arguments,
            tool: Some(tool.id),
            ask_first: risky,
        };
        match refused {
            Some(why) => call::refuse(to, asked, &Fault::new("refused", 400, why)),
            None => call::request(to, asked).map(|_| ()),
        }
    }

    /// What a model is told that asks for a tool it does not have.
    fn unknown(&self, name: &str) -> String {
        let shown: String = name.chars().take(64).collect();
        let tools = self.agent.tools.iter().filter_map(|tool| capability::find(tool)).map(|tool| tool.name);
        let near = crate::workflow::nearest(&shown, tools).map(|near| format!("; the nearest is {near}"));
        format!("there is no tool {shown:?} here{}", near.unwrap_or_default())
    }

    /// Whether these very calls were made in each of the turns before, and came to the very same.
    fn makes_no_progress<V: View>(&self, to: &Staged<'_, V>, said: &Said) -> Result<bool, Halt> {
        let now: Vec<(String, String)> =
            said.calls.iter().map(|tool| (canonical_name(&tool.name), canonical(&tool.arguments))).collect();
        let mut results = None;
        let mut turn = *self.row.turn;
        for _ in 1..SAME_MAX {
            let Some(row) = turn.map(|turn| to.read().data::<Turn>(Key::Turn(turn))).transpose()?.flatten() else {
                return Ok(false);
            };
            let (calls, came) = made(to, row)?;
            if calls != now || *results.get_or_insert_with(|| came.clone()) != came {
                return Ok(false);
            }
            turn = *row.previous;
        }
        Ok(true)
    }

    /// The answer is not what was asked for: the model is told why, and asked again.
    fn send_back<V: View>(&self, to: &mut Staged<'_, V>, said: Said, why: &str) -> Result<(), Halt> {
        let remark = format!("Your answer does not fit: {why}\nAnswer again with JSON that fits, and nothing else.");
        self.turn(to, &said.text, Vec::new(), Some(remark))?;
        ask_again(to, self.step)
    }

    fn turn<V: View>(
        &self,
        to: &mut Staged<'_, V>,
        text: &str,
        calls: Vec<Id>,
        remark: Option<String>,
    ) -> Result<(), Halt> {
        let turn = to.id(Role::Turn)?;
        to.emit(TurnAnswered {
            task: *self.row.task,
            step: self.step,
            turn,
            closing: self.closing,
            provider: *self.agent.provider,
            text: (!text.is_empty()).then(|| Content::plain(text)),
            calls,
            remark: remark.map(Content::plain),
            used: self.used,
            taken: self.taken,
        })
    }

    /// The step is over.
    fn settle<V: View>(&self, to: &mut Staged<'_, V>, outcome: Settled, tokens: (u64, u64)) -> Result<(), Halt> {
        let Some(runtime) = self.closing.runtime else { return Ok(()) };
        let failed = matches!(outcome, Settled::Failed { .. });
        to.emit(StepSettled {
            task: *self.row.task,
            step: self.step,
            effect: self.closing.effect,
            fence: self.closing.fence,
            runtime,
            expires_at: self.closing.expires_at,
            provider: (!self.taken && (!failed || tokens != (0, 0))).then_some(*self.agent.provider),
            cost_micros: self.used.cost_micros,
            outcome,
        })?;
        after(to, self.step)
    }
}

fn canonical_name(name: &str) -> String {
    capability::find(name).map_or(name, |found| found.name).to_owned()
}

/// JSON text in one spelling.
fn canonical(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}

/// Name and arguments of each call.
type Made = Vec<(String, String)>;

/// The calls of a turn and what they came to.
fn made<V: View>(to: &Staged<'_, V>, turn: &Turn) -> Result<(Made, Vec<String>), Halt> {
    let (mut calls, mut came) = (Vec::new(), Vec::new());
    for id in turn.calls.iter() {
        let Some(call) = to.read().data::<Call>(Key::Call(*id))? else { continue };
        calls.push((call.capability.0.clone(), call::arguments(to, call)?.to_string()));
        let result = to.text(call.result.as_ref())?;
        let failure = to.text(call.failure.as_ref().map(|failure| &failure.detail))?;
        came.push(result.or(failure).map(|text| text.to_string()).unwrap_or_default());
    }
    Ok((calls, came))
}

/// What the call used, by the provider's prices. Rounded up: what is free costs nothing, and nothing else does.
fn used<V: View>(to: &Staged<'_, V>, agent: &Agent, tokens: (u64, u64)) -> Result<Used, Halt> {
    let (input_tokens, output_tokens) = tokens;
    let provider = to.read().data::<Provider>(Key::Provider(*agent.provider))?;
    let (input, output) = provider.map_or((0, 0), |it| (*it.input_micros_per_mtok, *it.output_micros_per_mtok));
    let cost = u128::from(input_tokens) * u128::from(input) + u128::from(output_tokens) * u128::from(output);
    let cost_micros = u64::try_from(cost.div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Ok(Used { input_tokens, output_tokens, cost_micros })
}

/// The JSON that an answer holds, when it fits `schema`. Models like to put a fence around it.
fn structured(text: &str, schema: &str) -> Result<Value, String> {
    let inner = text.trim();
    let inner = inner.strip_prefix("```json").or_else(|| inner.strip_prefix("```")).unwrap_or(inner);
    let inner = inner.strip_suffix("```").unwrap_or(inner).trim();
    let value: Value = serde_json::from_str(inner).map_err(|why| format!("it is not JSON: {why}"))?;
    let schema: Value = serde_json::from_str(schema).map_err(|why| why.to_string())?;
    let violations = Schema::compile(&schema)?.violations(&value);
    if violations.is_empty() {
        return Ok(value);
    }
    Err(violations.into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect::<Vec<_>>().join("; "))
}

/// The model call of a step failed.
pub fn failed<V: View>(
    to: &mut Staged<'_, V>,
    step: Id,
    closing: Closing,
    fault: Fault,
    again: Option<Option<u64>>,
) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))?.cloned() else { return Ok(()) };
    let Some(agent) = to.read().data::<Agent>(Key::Agent(*row.agent))?.cloned() else { return Ok(()) };
    let failed = to.read().data::<Effect>(Key::Effect(closing.effect))?.map_or(0, |effect| effect.failed.0);
    if let Some(asked_ms) = again
        && failed < backoff::RETRIES_MAX
    {
        return retry(to, *row.task, closing, fault, failed, asked_ms);
    }
    let outcome = Settled::Failed { class: fault.class, detail: Content::plain(fault.detail) };
    Answered { step, row: &row, agent: &agent, closing, used: Used::default(), taken: false }.settle(
        to,
        outcome,
        (0, 0),
    )
}

/// The effect is tried again after a while.
pub fn retry<V: View>(
    to: &mut Staged<'_, V>,
    task: Id,
    closing: Closing,
    fault: Fault,
    failed: u64,
    asked_ms: Option<u64>,
) -> Result<(), Halt> {
    let not_before = to.now_ms.saturating_add(backoff::delay_ms(closing.effect, failed, asked_ms));
    let detail = Content::plain(fault.detail);
    to.emit(EffectRetried { task, closing, class: fault.class, detail, not_before })?;
    to.emit(TimerSet { at: not_before, id: closing.effect })
}

/// The step goes on once all tools of its newest turn came to something.
pub fn continue_when_ready<V: View>(to: &mut Staged<'_, V>, step: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))? else { return Ok(()) };
    if *row.status != StepStatus::Waiting {
        return Ok(());
    }
    let Some(turn) = *row.turn else { return Ok(()) };
    let calls = to.read().data::<Turn>(Key::Turn(turn))?.map(|turn| turn.calls.0.clone()).unwrap_or_default();
    for call in calls {
        if to.read().data::<Call>(Key::Call(call))?.is_none_or(|call| !call.status.is_over()) {
            return Ok(());
        }
    }
    ask_again(to, step)
}

/// The next model call of a step, unless it went as far as it may.
pub fn ask_again<V: View>(to: &mut Staged<'_, V>, step: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))?.cloned() else { return Ok(()) };
    let limits = to.read().data::<Agent>(Key::Agent(*row.agent))?.map(|agent| *agent.limits).unwrap_or_default();
    if let Some(why) = beyond(&row, limits, to.now_ms) {
        return stop(to, step, false, "limit_reached", &why);
    }
    let effect = to.id(Role::Effect)?;
    to.emit(EffectRequested { task: *row.task, effect, step: Some(step), call: None, approval: None })
}

/// Which limit a step reached.
fn beyond(step: &Step, limits: Limits, now_ms: u64) -> Option<String> {
    // The first model call came with the step itself.
    let turns = step.turns.0.saturating_add(1);
    let most = limits.turns.unwrap_or(Limits::TURNS);
    if turns >= most {
        return Some(format!("{turns} model calls were made; {most} are allowed"));
    }
    if let Some(most) = limits.tokens.filter(|most| step.tokens.0 >= *most) {
        return Some(format!("{} tokens were used; {most} are allowed", step.tokens.0));
    }
    if let Some(most) = limits.cost_micros.filter(|most| step.cost_micros.0 >= *most) {
        return Some(format!("{} millionths were spent; {most} are allowed", step.cost_micros.0));
    }
    let took = now_ms.saturating_sub(*step.asked_at);
    limits.ms.filter(|most| took >= *most).map(|most| format!("{took} ms went by; {most} are allowed"))
}

/// The step ends without an answer.
pub fn stop<V: View>(to: &mut Staged<'_, V>, step: Id, cancelled: bool, class: &str, detail: &str) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))? else { return Ok(()) };
    let (task, class) = (*row.task, class.to_owned());
    let detail = (!is_erased(to, Subject::Task(task))?).then(|| Content::plain(detail));
    to.emit(StepStopped { task, step, cancelled, class, detail })?;
    if cancelled { Ok(()) } else { after(to, step) }
}

/// The step is over: the call that waits for it goes on.
fn after<V: View>(to: &mut Staged<'_, V>, step: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(step))?.cloned() else { return Ok(()) };
    let Some(call) = *row.call else { return Ok(()) };
    let outcome: Outcome = match (&*row.status, row.failure.as_ref()) {
        (StepStatus::Answered, _) => {
            let text = to.text(row.answer.as_ref())?.unwrap_or_default();
            let structured = row.schema.is_some() || agent_has_schema(to, *row.agent)?;
            let value = structured.then(|| serde_json::from_str(&text).ok()).flatten();
            Ok(value.unwrap_or_else(|| Value::String(text.to_string())))
        }
        (_, Some(failure)) => {
            let detail = to.text(Some(&failure.detail))?.map(|text| text.to_string()).unwrap_or_default();
            Err(Fault::new(&failure.class, 502, detail))
        }
        _ => Err(Fault::new("erased", 410, "what came of it cannot be kept")),
    };
    call::finish(to, call, None, outcome)
}

fn agent_has_schema<V: View>(to: &Staged<'_, V>, agent: Id) -> Result<bool, Halt> {
    Ok(to.read().data::<Agent>(Key::Agent(agent))?.is_some_and(|agent| agent.schema.is_some()))
}
