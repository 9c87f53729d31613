//! Workspaces: create, list, describe.

use crate::answer::{self, Outcome};
use crate::body;
use crate::handler::Call;
use crate::identity;
use bytes::Bytes;
use http::header::{HeaderValue, LOCATION};
use http::{Response, StatusCode};
use kernel::command::{Command, Intent, NAME_MAX, WorkspaceCreate};
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{CommandId, KeyId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Request};
use kernel::reject::line;
use ports::Problem;
use ports::problem::{Fault, json};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    id: Option<WorkspaceId>,
    name: String,
}

#[derive(Serialize)]
struct Created {
    id: WorkspaceId,
    command: CommandId,
    pos: u64,
    events: u32,
}

#[derive(Serialize)]
struct Listed {
    workspaces: Vec<WorkspaceId>,
}

/// Create a workspace.
///
/// A client that works offline brings the id. Without one the id is derived from the idempotency key, so that a repetition
/// finds the workspace instead of making another; with neither, nothing would tell a repetition from a second wish.
pub async fn create(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let text = body::object(call.request)?;
    let sent: Body = body::read(text)?;
    let key = identity::key(call.request.headers())?;
    // The kernel checks the name again; checked here first, a bad one does not leave an empty workspace behind.
    line("name", &sent.name, NAME_MAX)?;
    let (workspace, key) = names(call, sent.id, key, text)?;
    let request = request(call, sent.name, key, text);

    let sequencing = call.gateway.sequencing;
    sequencing.create(workspace, call.principal).await?;
    let reply = sequencing.submit(workspace, vec![request]).await.pop();
    let reply = reply.ok_or_else(|| Fault::Unavailable.because("the sequencer did not answer"))?;
    let replayed = reply.as_ref().is_ok_and(|reply| reply.known);
    let response = match answer::outcome(None, reply) {
        Outcome::Accepted { command, pos, events, .. } => created(&Created { id: workspace, command, pos, events }),
        Outcome::Rejected { problem, .. } | Outcome::Refused { problem, .. } => problem.response(),
    };
    Ok(if replayed { answer::mark_replayed(response) } else { response })
}

/// The workspace's id, and the identity of the command that begins it.
fn names(
    call: &Call<'_>,
    id: Option<WorkspaceId>,
    key: Option<&str>,
    text: &str,
) -> Result<(WorkspaceId, KeyId), Problem> {
    match (id, key) {
        (Some(id), Some(key)) => Ok((id, identity::of_command(call.principal, key, 0))),
        (Some(id), None) => Ok((id, identity::of_creation(call.principal, text.as_bytes()))),
        (None, Some(key)) => {
            let random = identity::of_workspace(call.principal, key);
            let id = WorkspaceId::new(&call.gateway.public_key.0, &random);
            Ok((id, identity::of_command(call.principal, key, 0)))
        }
        (None, None) => {
            Err(Fault::MissingIdempotencyKey.because("the body has no id, and the request no Idempotency-Key header"))
        }
    }
}

fn request(call: &Call<'_>, name: String, key: KeyId, text: &str) -> Request {
    let gateway = call.gateway;
    Request {
        identity: Identity::Key { key, device: gateway.device, incarnation: gateway.incarnation },
        hash: HashText(hash(Domain::Command, &[text.as_bytes()])),
        actor: call.principal.to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms: gateway.clock.now_ms(),
        branch: BranchId::Main,
        command: Command::Intent(Intent::WorkspaceCreate(WorkspaceCreate { name, public_key: gateway.public_key })),
    }
}

fn created(workspace: &Created) -> Response<Bytes> {
    let mut response = json(StatusCode::CREATED, workspace);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/workspaces/{}", workspace.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The workspaces here.
pub async fn list(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let workspaces = call.gateway.sequencing.workspaces(call.principal).await?;
    Ok(json(StatusCode::OK, &Listed { workspaces }))
}

/// Where a workspace stands.
pub async fn describe(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let view = call.gateway.sequencing.describe(call.params.workspace()?).await?;
    Ok(json(StatusCode::OK, &view))
}
