//! Reading: what others may see of a workspace, content opened. Nothing here writes.

use crate::{Failure, Sequencer};
use kernel::effect;
use kernel::entity::{Effect, Lease, Step, Task, Workspace as WorkspaceEntity};
use kernel::id::Id;
use kernel::key::{Key, Line, Space};
use kernel::machine::{Revealed, Stop, Workspace};
use kernel::seal::Content;
use ports::provider::{Message, ModelRequest, ProviderEntry, Speaker};
use ports::sequencing::{EffectView, EventView, FailureView, StepView, TaskView, WorkspaceView};
use std::collections::BTreeMap;

/// How long a provider may take for one call, in milliseconds.
const CALL_MS_MAX: u64 = 120_000;

impl Sequencer {
    /// Where the workspace stands.
    pub async fn describe(&mut self) -> Result<WorkspaceView, Failure> {
        self.ask(|workspace| {
            let entity = workspace.read(Line::default()).data::<WorkspaceEntity>(Key::Workspace)?;
            let name = entity.and_then(|entity| entity.name.0.clone());
            let mut roots = BTreeMap::new();
            for space in [Space::Control].into_iter().chain(workspace.heads().streams.keys().copied()) {
                roots.insert(space, workspace.root(space)?);
            }
            Ok(WorkspaceView {
                id: workspace.id(),
                name: open(workspace, name.as_ref())?,
                pos: workspace.pos(),
                format: workspace.heads().format,
                roots,
            })
        })
        .await
    }

    /// A task with its newest steps.
    pub async fn task(&mut self, id: Id) -> Result<Option<TaskView>, Failure> {
        self.ask(|workspace| task(workspace, id)).await
    }

    /// Effects that wait for a runtime.
    pub async fn due(&mut self, limit: usize) -> Result<Vec<Id>, Failure> {
        self.ask(|workspace| Ok(effect::effects(&workspace.read(Line::default()), limit)?)).await
    }

    /// When the first lease is over.
    pub async fn next_expiry(&mut self) -> Result<Option<u64>, Failure> {
        self.ask(|workspace| Ok(effect::next_expiry(&workspace.read(Line::default()))?)).await
    }

    /// A leased effect.
    pub async fn effect(&mut self, id: Id) -> Result<Option<EffectView>, Failure> {
        self.ask(|workspace| effect_view(workspace, id)).await
    }

    /// Committed events after a position.
    pub async fn events(&mut self, after: u64, limit: usize) -> Result<Vec<EventView>, Failure> {
        let mut views = Vec::new();
        for event in self.store.events(&self.name(), after, limit).await? {
            let opened = self.ask(|workspace| workspace.reveal_event(&event)).await?;
            let content = opened.into_iter().map(|(role, _, revealed)| (role.to_owned(), text(revealed))).collect();
            views.push(EventView { event, content });
        }
        Ok(views)
    }
}

fn task(workspace: &Workspace, id: Id) -> Result<Option<TaskView>, Stop> {
    let read = workspace.read(Line::default());
    let Some(task) = read.data::<Task>(Key::Task(id))? else { return Ok(None) };
    let mut steps = Vec::new();
    let mut next = *task.last_step;
    while let Some(step) = next
        && steps.len() < effect::CONTEXT_STEPS_MAX
    {
        let Some((view, previous)) = step_view(workspace, step)? else { break };
        steps.push(view);
        next = previous;
    }
    steps.reverse();
    Ok(Some(TaskView {
        id,
        title: open(workspace, task.title.as_ref())?,
        steps,
        input_tokens: task.input_tokens.0,
        output_tokens: task.output_tokens.0,
    }))
}

fn step_view(workspace: &Workspace, id: Id) -> Result<Option<(StepView, Option<Id>)>, Stop> {
    let read = workspace.read(Line::default());
    let Some(step) = read.data::<Step>(Key::Step(id))? else { return Ok(None) };
    let lease = read.control::<Lease>(Key::Lease(*step.effect))?;
    let failure = match step.failure.as_ref() {
        Some(failure) => {
            Some(FailureView { class: failure.class.clone(), detail: open(workspace, Some(&failure.detail))? })
        }
        None => None,
    };
    let view = StepView {
        id,
        agent: *step.agent,
        effect: *step.effect,
        status: *step.status,
        prompt: open(workspace, step.prompt.as_ref())?,
        answer: open(workspace, step.answer.as_ref())?,
        failure,
        attempts: lease.map_or(0, |lease| *lease.fence),
        lost: lease.map_or(0, |lease| lease.lost.0),
        late: lease.map_or(0, |lease| lease.late.0),
    };
    Ok(Some((view, *step.previous)))
}

fn effect_view(workspace: &Workspace, id: Id) -> Result<Option<EffectView>, Stop> {
    let read = workspace.read(Line::default());
    if read.data::<Effect>(Key::Effect(id))?.is_none_or(|effect| effect.settled_by.is_some()) {
        return Ok(None);
    }
    let Some(lease) = read.control::<Lease>(Key::Lease(id))? else { return Ok(None) };
    let Some(call) = effect::call(&read, id)? else { return Ok(None) };
    let mut messages = Vec::new();
    let mut say = |speaker, content: Option<&Content>| -> Result<(), Stop> {
        messages.extend(open(workspace, content)?.map(|text| Message {
            speaker,
            text,
            calls: Vec::new(),
            call_id: None,
        }));
        Ok(())
    };
    say(Speaker::System, call.instructions.as_ref())?;
    for (prompt, answer) in &call.turns {
        say(Speaker::User, Some(prompt))?;
        say(Speaker::Assistant, answer.as_ref())?;
    }
    let model = open(workspace, call.model.as_ref())?.unwrap_or_default();
    Ok(Some(EffectView {
        effect: id,
        fence: *lease.fence,
        expires_at: *lease.expires_at,
        in_doubt: lease.lost.0 > 0,
        idempotency_key: format!("{}.{id}", workspace.id()),
        provider: ProviderEntry {
            dialect: call.dialect.clone(),
            base_url: open(workspace, call.base_url.as_ref())?.unwrap_or_default(),
            key_ref: open(workspace, call.key_ref.as_ref())?,
            model: model.clone(),
            timeout_ms: CALL_MS_MAX,
            allow_plain_http: false,
        },
        request: ModelRequest { model, messages, tools: Vec::new(), max_tokens: call.max_tokens, schema: None },
    }))
}

fn open(workspace: &Workspace, content: Option<&Content>) -> Result<Option<String>, Stop> {
    content.map_or(Ok(None), |content| workspace.reveal(content).map(text))
}

fn text(revealed: Revealed) -> Option<String> {
    match revealed {
        Revealed::Text(text) => Some(text),
        Revealed::Destroyed => None,
    }
}
