//! The projection: what an event does to which entries of which model. A pure function of the event and those entries.

use crate::draft::{Draft, STEPS, Source, StepLine, TaskLine};
use crate::telling;
use chrono::DateTime;
use kernel::entity::{RunStatus, StepStatus};
use kernel::event::{
    EventData, Header, Outcome, RunOutcome, RunStarted, StepRequested, StepSettled, StepStopped, TaskCreated,
    TurnAnswered, Used,
};
use kernel::id::Id;
use ports::read_models::{AgentEntry, Entry, ItemKind, Model, TaskEntry, UsageEntry};
use ports::views::{TaskKind, TaskStatus};

/// Entries that have to be at hand before an event is projected: by model and key.
pub fn needs(header: &Header, data: &EventData) -> Vec<(&'static str, String)> {
    let task = |id: &Id| (Model::Tasks.name(), id.to_string());
    let step = |id: &Id| (STEPS, id.to_string());
    let mut needs = match data {
        EventData::RunStarted(it) => vec![task(&it.task)],
        EventData::StepRequested(it) => vec![task(&it.task), (Model::Agents.name(), it.agent.to_string())],
        EventData::TurnAnswered(it) => vec![task(&it.task), step(&it.step)],
        EventData::StepSettled(it) => vec![task(&it.task), step(&it.step)],
        EventData::StepStopped(it) => vec![task(&it.task), step(&it.step)],
        EventData::StepResumed(it) => vec![task(&it.task)],
        EventData::RunEnded(it) => vec![task(&it.task)],
        EventData::RunResumed(it) => vec![task(&it.task)],
        EventData::CallAsks(it) => vec![task(&it.task)],
        EventData::CallSettled(it) => vec![task(&it.task)],
        EventData::EffectRequested(it) => vec![task(&it.task)],
        EventData::TaskCancelled(it) => vec![task(&it.task)],
        _ => Vec::new(),
    };
    needs.extend(charged(data).map(|(provider, _)| (Model::Usage.name(), usage_key(header, provider))));
    needs
}

/// Agents whose entries have to be at hand, once the steps are.
pub fn agents_of(draft: &Draft, data: &EventData) -> Option<(&'static str, String)> {
    let step = match data {
        EventData::TurnAnswered(it) => it.step,
        EventData::StepSettled(it) => it.step,
        EventData::StepStopped(it) => it.step,
        _ => return None,
    };
    draft.steps.get(&step.to_string()).map(|step| (Model::Agents.name(), step.agent.to_string()))
}

/// Project an event. `counts` says whether it led to what `main` is now: what is spent, told and forgotten is so anyway.
pub fn project(draft: &mut Draft, header: &Header, data: &EventData, counts: bool) {
    if let Some((provider, used)) = charged(data) {
        charge(draft, header, provider, &used);
    }
    if let Some(told) = telling::tell(header, data) {
        draft.timeline.push(told);
    }
    if let EventData::KeyDestroyed(it) = data {
        draft.forgotten.insert(it.subject);
        draft.items.retain(|_, source| source.subject != it.subject);
    }
    if counts {
        find(draft, header, data);
        follow(draft, header, data);
    }
}

/// What is used of which provider.
fn charged(data: &EventData) -> Option<(Id, Used)> {
    match data {
        EventData::TurnAnswered(it) => (!it.taken).then_some((it.provider, it.used)),
        EventData::StepSettled(it) => it.provider.map(|provider| (provider, used(it))),
        _ => None,
    }
}

fn used(it: &StepSettled) -> Used {
    let (input_tokens, output_tokens) = match it.outcome {
        Outcome::Answered { input_tokens, output_tokens, .. } | Outcome::Erased { input_tokens, output_tokens } => {
            (input_tokens, output_tokens)
        }
        Outcome::Returned { .. } | Outcome::Failed { .. } => (0, 0),
    };
    Used { input_tokens, output_tokens, cost_micros: it.cost_micros }
}

fn day(header: &Header) -> String {
    let time = i64::try_from(header.accepted_at).ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
}

fn usage_key(header: &Header, provider: Id) -> String {
    format!("{}/{provider}", day(header))
}

fn charge(draft: &mut Draft, header: &Header, provider: Id, used: &Used) {
    let key = usage_key(header, provider);
    if draft.usage.get(&key).is_none() {
        let (day, pos) = (day(header), header.pos);
        let none = UsageEntry { day, provider, calls: 0, input_tokens: 0, output_tokens: 0, cost_micros: 0, pos };
        draft.usage.put(key.clone(), none);
    }
    draft.usage.edit(&key, |entry| {
        entry.calls += 1;
        add([&mut entry.input_tokens, &mut entry.output_tokens, &mut entry.cost_micros], used);
        entry.pos = header.pos;
    });
}

fn add(to: [&mut u64; 3], used: &Used) {
    let [input, output, cost] = to;
    *input = input.saturating_add(used.input_tokens);
    *output = output.saturating_add(used.output_tokens);
    *cost = cost.saturating_add(used.cost_micros);
}

/// What of an event can be found, each with the field that says it.
pub fn field_of(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Agent | ItemKind::Workflow => "name",
        ItemKind::Answer | ItemKind::Document | ItemKind::Note => "text",
        ItemKind::Outcome => "output",
        ItemKind::Prompt => "prompt",
        ItemKind::Task => "title",
    }
}

/// Note what can be found.
fn find(draft: &mut Draft, header: &Header, data: &EventData) {
    let Some(subject) = data.subject() else { return };
    let (kind, key, task) = match data {
        EventData::AgentDefined(it) => (ItemKind::Agent, it.agent.to_string(), None),
        EventData::WorkflowDefined(it) => (ItemKind::Workflow, it.workflow.to_string(), None),
        EventData::DocumentWritten(it) => (ItemKind::Document, it.document.to_string(), None),
        EventData::NoteRemembered(it) => (ItemKind::Note, it.note.to_string(), None),
        EventData::TaskCreated(it) => (ItemKind::Task, it.task.to_string(), Some(it.task)),
        EventData::StepRequested(it) => (ItemKind::Prompt, it.step.to_string(), Some(it.task)),
        EventData::TurnAnswered(it) if it.text.is_some() => (ItemKind::Answer, it.turn.to_string(), Some(it.task)),
        EventData::StepSettled(it) if matches!(it.outcome, Outcome::Answered { .. }) => {
            (ItemKind::Answer, it.step.to_string(), Some(it.task))
        }
        EventData::RunEnded(it) if matches!(it.outcome, RunOutcome::Done { .. }) => {
            (ItemKind::Outcome, it.task.to_string(), Some(it.task))
        }
        _ => return,
    };
    draft.items.insert((kind, key), Source { subject, task, pos: header.pos, at: header.accepted_at });
}

/// Follow tasks and agents.
fn follow(draft: &mut Draft, header: &Header, data: &EventData) {
    match data {
        EventData::TaskCreated(it) => began(draft, header, it),
        EventData::RunStarted(it) => runs(draft, header, it),
        EventData::AgentDefined(it) => {
            let entry = agent(it.agent, it.provider, header);
            draft.agents.put(it.agent.to_string(), entry);
        }
        EventData::StepRequested(it) => asked(draft, header, it),
        EventData::TurnAnswered(it) => turned(draft, header, it),
        EventData::StepSettled(it) => settled(draft, header, it),
        EventData::StepStopped(it) => stopped(draft, header, it),
        EventData::StepResumed(it) => on(draft, header, it.task, |task| {
            task.step = if task.last_step == Some(it.step) { Some(StepStatus::Waiting) } else { task.step };
        }),
        EventData::RunEnded(it) => on(draft, header, it.task, |task| {
            task.run = Some(match it.outcome {
                RunOutcome::Done { .. } => RunStatus::Done,
                RunOutcome::Failed { .. } => RunStatus::Failed,
                RunOutcome::Cancelled => RunStatus::Cancelled,
            });
        }),
        EventData::RunResumed(it) => on(draft, header, it.task, |task| task.run = Some(RunStatus::Running)),
        EventData::CallAsks(it) => on(draft, header, it.task, |task| {
            task.asking.insert(it.call);
        }),
        EventData::CallSettled(it) => answered_for(draft, header, it.task, it.call),
        EventData::EffectRequested(it) => {
            if let Some(call) = it.call {
                answered_for(draft, header, it.task, call);
            }
        }
        EventData::TaskCancelled(it) => on(draft, header, it.task, |task| task.cancelled = true),
        _ => {}
    }
}

/// Change a task, and say where it stands then.
fn on(draft: &mut Draft, header: &Header, task: Id, change: impl FnOnce(&mut TaskLine)) {
    draft.tasks.edit(&task.to_string(), |task| {
        change(task);
        (task.entry.changed_at, task.entry.pos) = (header.accepted_at, header.pos);
        task.entry.status = status(task);
    });
}

/// The same as of rows: what ended counts first, then what waits for a person.
fn status(task: &TaskLine) -> TaskStatus {
    if task.cancelled {
        return TaskStatus::Cancelled;
    }
    match (task.run, task.step) {
        (Some(RunStatus::Done), _) => return TaskStatus::Done,
        (Some(RunStatus::Failed), _) => return TaskStatus::Failed,
        (Some(RunStatus::Cancelled), _) => return TaskStatus::Cancelled,
        (Some(RunStatus::Running), _) | (None, Some(StepStatus::Waiting)) => {}
        (None, None) => return TaskStatus::Open,
        (None, Some(StepStatus::Answered)) => return TaskStatus::Done,
        (None, Some(StepStatus::Failed)) => return TaskStatus::Failed,
        (None, Some(StepStatus::Cancelled)) => return TaskStatus::Cancelled,
    }
    if task.asking.is_empty() { TaskStatus::Running } else { TaskStatus::Waiting }
}

fn answered_for(draft: &mut Draft, header: &Header, task: Id, call: Id) {
    if draft.tasks.get(&task.to_string()).is_some_and(|task| task.asking.contains(&call)) {
        on(draft, header, task, |task| {
            task.asking.remove(&call);
        });
    }
}

fn began(draft: &mut Draft, header: &Header, it: &TaskCreated) {
    let entry = TaskEntry {
        id: it.task,
        titled_by: header.pos,
        kind: TaskKind::Conversation,
        status: TaskStatus::Open,
        workflow: None,
        agent: None,
        steps: 0,
        input_tokens: 0,
        output_tokens: 0,
        cost_micros: 0,
        began_at: header.accepted_at,
        changed_at: header.accepted_at,
        pos: header.pos,
    };
    let (last_step, step, run) = (None, None, None);
    let line = TaskLine { entry, last_step, step, run, asking: [].into(), cancelled: false };
    draft.tasks.put(it.task.to_string(), line);
}

fn runs(draft: &mut Draft, header: &Header, it: &RunStarted) {
    on(draft, header, it.task, |task| {
        task.run = Some(RunStatus::Running);
        task.entry.kind = TaskKind::Run;
        task.entry.workflow = Some(it.workflow);
    });
}

fn agent(id: Id, provider: Id, header: &Header) -> AgentEntry {
    AgentEntry {
        id,
        named_by: header.pos,
        provider,
        asked: 0,
        answered: 0,
        failed: 0,
        calls: 0,
        input_tokens: 0,
        output_tokens: 0,
        cost_micros: 0,
        defined_at: header.accepted_at,
        asked_at: None,
        pos: header.pos,
    }
}

fn asked(draft: &mut Draft, header: &Header, it: &StepRequested) {
    on(draft, header, it.task, |task| {
        (task.last_step, task.step) = (Some(it.step), Some(StepStatus::Waiting));
        task.entry.steps += 1;
        task.entry.agent = Some(it.agent);
    });
    draft.steps.put(it.step.to_string(), StepLine { agent: it.agent, pos: header.pos });
    draft.agents.edit(&it.agent.to_string(), |agent| {
        agent.asked += 1;
        (agent.asked_at, agent.pos) = (Some(header.accepted_at), header.pos);
    });
}

/// Change the agent that was asked in a step.
fn on_agent(draft: &mut Draft, header: &Header, step: Id, change: impl FnOnce(&mut AgentEntry)) {
    let Some(agent) = draft.steps.get(&step.to_string()).map(|step| step.agent.to_string()) else { return };
    draft.agents.edit(&agent, |agent| {
        change(agent);
        agent.pos = header.pos;
    });
}

fn turned(draft: &mut Draft, header: &Header, it: &TurnAnswered) {
    on(draft, header, it.task, |task| {
        let entry = &mut task.entry;
        add([&mut entry.input_tokens, &mut entry.output_tokens, &mut entry.cost_micros], &it.used);
    });
    on_agent(draft, header, it.step, |agent| {
        agent.calls += 1;
        add([&mut agent.input_tokens, &mut agent.output_tokens, &mut agent.cost_micros], &it.used);
    });
}

fn settled(draft: &mut Draft, header: &Header, it: &StepSettled) {
    let (used, answered) = (used(it), matches!(it.outcome, Outcome::Answered { .. }));
    on(draft, header, it.task, |task| {
        if task.last_step == Some(it.step) {
            task.step = Some(if answered { StepStatus::Answered } else { StepStatus::Failed });
        }
        let entry = &mut task.entry;
        add([&mut entry.input_tokens, &mut entry.output_tokens, &mut entry.cost_micros], &used);
    });
    on_agent(draft, header, it.step, |agent| {
        agent.calls += u64::from(it.provider.is_some());
        *(if answered { &mut agent.answered } else { &mut agent.failed }) += 1;
        add([&mut agent.input_tokens, &mut agent.output_tokens, &mut agent.cost_micros], &used);
    });
    // What was answered comes to no other end.
    if answered {
        draft.steps.remove(&it.step.to_string());
    }
}

fn stopped(draft: &mut Draft, header: &Header, it: &StepStopped) {
    let status = if it.cancelled { StepStatus::Cancelled } else { StepStatus::Failed };
    on(draft, header, it.task, |task| {
        task.step = if task.last_step == Some(it.step) { Some(status) } else { task.step };
    });
    on_agent(draft, header, it.step, |agent| agent.failed += u64::from(!it.cancelled));
}

/// The entry of the timeline under an event's position: keys are ordered like positions.
pub fn timeline_key(pos: u64) -> String {
    format!("{pos:020}")
}

/// An entry of the timeline.
pub fn timeline_entry(pos: u64, task: Option<Id>, value: String) -> Entry {
    let (model, key) = (Model::Timeline.name().to_owned(), timeline_key(pos));
    Entry { model, key, of: task.map(|task| task.to_string()), pos, value: Some(value) }
}
