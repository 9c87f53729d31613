//! An effect, for the runtime that leased it.

use kernel::capability::Capability;
use kernel::context::Message as Told;
use kernel::effect::{self, ModelCall, Work as Owed};
use kernel::entity::{Approval, ApprovalKind, Call, Decision, Effect, Lease};
use kernel::id::Id;
use kernel::key::Key;
use kernel::machine::{Stop, Workspace};
use ports::provider::{Message, ModelRequest, ProviderEntry, Speaker, Tool, ToolCall};
use ports::sequencing::{EffectView, Notice, Work};

/// How long a provider may take for one call when it does not say, in milliseconds.
const CALL_MS_USUALLY: u64 = 120_000;

/// What a runtime needs to perform the effect; none when it is settled or was never leased.
pub fn effect_view(workspace: &Workspace, id: Id) -> Result<Option<EffectView>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(row) = read.data::<Effect>(Key::Effect(id))?.filter(|effect| effect.settled_by.is_none()) else {
        return Ok(None);
    };
    let Some(lease) = read.control::<Lease>(Key::Lease(id))? else { return Ok(None) };
    let (Some(task), Some(owed)) = (effect::task_of(&read, row)?, effect::work(&read, id)?) else { return Ok(None) };
    Ok(Some(EffectView {
        effect: id,
        task,
        fence: *lease.fence,
        expires_at: *lease.expires_at,
        in_doubt: lease.lost.0 > 0,
        idempotency_key: format!("{}.{}", workspace.id(), named(workspace, row, id)?),
        work: work(owed),
    }))
}

/// What the idempotency key names: the call, so that one which a person lets be done again is still the same one; the
/// effect where there is no call, or where that person gave other bytes.
fn named(workspace: &Workspace, effect: &Effect, id: Id) -> Result<Id, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(call) = *effect.call else { return Ok(id) };
    let Some(row) = read.data::<Call>(Key::Call(call))? else { return Ok(id) };
    let Some(asked) = *row.approval else { return Ok(call) };
    let asked = read.control::<Approval>(Key::Approval(asked))?;
    let is_other = asked.is_some_and(|it| *it.kind == ApprovalKind::Doubt && *it.decision == Some(Decision::Edited));
    Ok(if is_other { id } else { call })
}

fn work(owed: Owed) -> Work {
    match owed {
        Owed::Model(call) => model(*call),
        Owed::Capability(it) => {
            Work::Capability { capability: it.capability, arguments: it.arguments, egress: it.egress }
        }
        Owed::Notice(it) => Work::Notice(Notice {
            approval: it.approval,
            kind: it.kind,
            digest: it.digest,
            question: it.question,
            value: it.value,
            escalated_to: it.escalated_to,
        }),
        Owed::Moot(_) => Work::Moot,
    }
}

fn model(call: ModelCall) -> Work {
    let provider = ProviderEntry {
        dialect: call.dialect,
        base_url: call.base_url,
        key_ref: call.key_ref,
        model: call.model.clone(),
        timeout_ms: call.timeout_ms.unwrap_or(CALL_MS_USUALLY),
        allow_plain_http: call.allow_plain_http,
        private: call.private,
    };
    let told = call.told;
    let request = ModelRequest {
        model: call.model,
        messages: told.messages.into_iter().map(message).collect(),
        tools: told.tools.into_iter().map(tool).collect(),
        max_tokens: told.max_tokens,
        schema: told.schema,
    };
    Work::Model { provider, request }
}

/// A tool as it is offered to a model.
pub fn tool(it: &Capability) -> Tool {
    Tool {
        name: it.name.to_owned(),
        description: it.description.to_owned(),
        parameters: serde_json::from_str(it.input).unwrap_or_default(),
    }
}

/// A message as a model is told it.
pub fn message(told: Told) -> Message {
    let said = |speaker, text| Message { speaker, text, calls: Vec::new(), call_id: None };
    match told {
        Told::System(text) => said(Speaker::System, text),
        Told::User(text) => said(Speaker::User, text),
        Told::Tool(id, text) => Message { call_id: Some(id), ..said(Speaker::Tool, text) },
        Told::Assistant(text, calls) => {
            let call = |(id, name, arguments)| ToolCall { id, name, arguments };
            Message { calls: calls.into_iter().map(call).collect(), ..said(Speaker::Assistant, text) }
        }
    }
}
