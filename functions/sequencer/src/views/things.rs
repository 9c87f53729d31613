//! What a workspace has at hand.

use super::{keys, open, value};
use kernel::capability::{BUILT_IN, TRUST};
use kernel::entity::{Agent, Document, Egress, Name, Provider, Usage, Workflow};
use kernel::id::{Id, KeyId};
use kernel::key::{Index, Key};
use kernel::machine::{Stop, Workspace};
use kernel::view::View as _;
use ports::views::{AgentView, CapabilityView, DocumentView, EgressView, ProviderView, UsageView, WorkflowView};
use serde_json::{Value, json};

/// Agents, in the order of their ids.
pub fn agents(workspace: &Workspace) -> Result<Vec<AgentView>, Stop> {
    let mut views = Vec::new();
    for key in keys(workspace, Index::Agents, false)? {
        let (Key::Agent(id), Some(agent)) = (key, workspace.read(workspace.main()?).data::<Agent>(key)?) else {
            continue;
        };
        let name = open(workspace, agent.name.as_ref())?;
        views.push(AgentView {
            id,
            provider: *agent.provider,
            instructions: open(workspace, agent.instructions.0.as_ref())?,
            tools: agent.tools.0.clone(),
            approve: agent.approve.0.clone(),
            limits: *agent.limits,
            current: is_current(workspace, "agent", name.as_deref(), id)?,
            name,
        });
    }
    Ok(views)
}

/// Providers, in the order of their ids.
pub fn providers(workspace: &Workspace) -> Result<Vec<ProviderView>, Stop> {
    let mut views = Vec::new();
    for key in keys(workspace, Index::Providers, false)? {
        let Key::Provider(id) = key else { continue };
        let Some(provider) = workspace.read(workspace.main()?).data::<Provider>(key)? else { continue };
        let name = open(workspace, provider.name.as_ref())?;
        views.push(ProviderView {
            id,
            dialect: provider.dialect.0.clone(),
            base_url: open(workspace, provider.base_url.as_ref())?,
            model: open(workspace, provider.model.as_ref())?,
            key_ref: open(workspace, provider.key_ref.as_ref())?,
            timeout_ms: *provider.timeout_ms,
            allow_plain_http: *provider.allow_plain_http,
            input_micros_per_mtok: *provider.input_micros_per_mtok,
            output_micros_per_mtok: *provider.output_micros_per_mtok,
            current: is_current(workspace, "provider", name.as_deref(), id)?,
            name,
        });
    }
    Ok(views)
}

/// Workflows, in the order of their ids.
pub fn workflows(workspace: &Workspace) -> Result<Vec<WorkflowView>, Stop> {
    let mut views = Vec::new();
    for key in keys(workspace, Index::Workflows, false)? {
        let Key::Workflow(id) = key else { continue };
        let Some(workflow) = workspace.read(workspace.main()?).data::<Workflow>(key)? else { continue };
        let document = open(workspace, workflow.document.as_ref())?;
        let document: Vec<String> = document.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default();
        let name = open(workspace, workflow.name.as_ref())?;
        views.push(WorkflowView {
            id,
            namespace: document.first().cloned(),
            version: document.get(1).cloned(),
            current: is_current(workspace, "workflow", name.as_deref(), id)?,
            name,
        });
    }
    Ok(views)
}

/// Whether a name stands for this thing and not for one that was defined later.
fn is_current(workspace: &Workspace, kind: &str, name: Option<&str>, id: Id) -> Result<bool, Stop> {
    let Some(name) = name else { return Ok(false) };
    let tag = workspace.tag(&[kind, name])?;
    Ok(workspace.read(workspace.main()?).data::<Name>(Key::Name(tag))?.is_some_and(|name| *name.id == id))
}

/// What can be asked for.
pub fn capabilities() -> Vec<CapabilityView> {
    let schema = |text: &str| serde_json::from_str(text).unwrap_or_default();
    let view = |it: &kernel::capability::Capability| CapabilityView {
        name: it.name.to_owned(),
        version: it.version.to_owned(),
        description: it.description.to_owned(),
        input: schema(it.input),
        output: schema(it.output),
        idempotency: value(&it.idempotency).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default(),
        offered_by: it.offered_by.name().to_owned(),
        trust: TRUST.to_owned(),
    };
    BUILT_IN.iter().map(view).collect()
}

/// What was used, by provider and together.
pub fn usage(workspace: &Workspace) -> Result<Value, Stop> {
    let read = workspace.read(workspace.main()?);
    let (mut views, mut total) = (Vec::new(), UsageView::default());
    for key in keys(workspace, Index::Usage, true)? {
        let (Key::Usage(id), Some(usage)) = (key, read.control::<Usage>(key)?) else { continue };
        let name = read.data::<Provider>(Key::Provider(id))?.and_then(|provider| provider.name.0.clone());
        let view = UsageView {
            provider: Some(id),
            name: open(workspace, name.as_ref())?,
            calls: usage.calls.0,
            input_tokens: usage.input_tokens.0,
            output_tokens: usage.output_tokens.0,
            cost_micros: usage.cost_micros.0,
        };
        total.calls = total.calls.saturating_add(view.calls);
        total.input_tokens = total.input_tokens.saturating_add(view.input_tokens);
        total.output_tokens = total.output_tokens.saturating_add(view.output_tokens);
        total.cost_micros = total.cost_micros.saturating_add(view.cost_micros);
        views.push(view);
    }
    Ok(json!({"providers": value(&views)?, "total": value(&total)?}))
}

/// Where requests may go: what the newest `egress.allow` said.
pub fn egress(workspace: &Workspace) -> Result<EgressView, Stop> {
    let row = workspace.read(workspace.main()?).control::<Egress>(Key::Egress)?;
    let rules = open(workspace, row.and_then(|egress| egress.rules.0.as_ref()))?.unwrap_or_default();
    // Rules that were never given, or whose key was destroyed, let nothing out.
    Ok(serde_json::from_str(&rules).unwrap_or_default())
}

/// Documents, by path.
pub fn documents(workspace: &Workspace) -> Result<Vec<DocumentView>, Stop> {
    let mut views = Vec::new();
    for key in keys(workspace, Index::Documents, false)? {
        let Key::Document(id) = key else { continue };
        views.extend(one(workspace, id, false)?);
    }
    views.sort_by(|one: &DocumentView, other| one.path.cmp(&other.path));
    Ok(views)
}

/// One document, with its text.
pub fn document(workspace: &Workspace, id: KeyId) -> Result<Option<DocumentView>, Stop> {
    one(workspace, id, true)
}

fn one(workspace: &Workspace, id: KeyId, with_text: bool) -> Result<Option<DocumentView>, Stop> {
    let Some(row) = workspace.read(workspace.main()?).data::<Document>(Key::Document(id))? else { return Ok(None) };
    let text = row.text.0.as_ref().filter(|_| with_text);
    Ok(Some(DocumentView {
        id,
        path: open(workspace, row.path.as_ref())?,
        version: *row.version,
        bytes: *row.bytes,
        text: open(workspace, text)?,
    }))
}
