//! One workspace, as the gateway speaks to it.

use crate::broken;
use cloudflare::{DirectoryObject, Isolate, SequencerObjects};
use kernel::command::Command;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{DeviceId, KeyId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Reply, Request as Asked};
use ports::{Clock as _, Sequencing as _, SequencingError};
use sequencing_http::ElsewhereSequencing;
use serde::Deserialize;
use serde_json::{Value, json};
use std::rc::Rc;
use worker::{Env, Request, RequestInit, Response, Result};

/// Public key of the device that writes every command.
pub const DEVICE: [u8; 32] = [7; 32];

/// Events that are read at once.
const EVENTS: usize = 512;

#[derive(Deserialize)]
struct Said {
    r#type: String,
    data: Value,
}

/// What the path says, to the workspace.
pub async fn of(workspace: WorkspaceId, what: &[&str], mut request: Request, env: &Env) -> Result<Response> {
    let objects = SequencerObjects::of(env).map_err(broken)?;
    if let ["watch" | "standing"] = what {
        let mut init = RequestInit::new();
        init.with_headers(request.headers().clone());
        let url = format!("https://sequencer/{}", what.concat());
        let request = Request::new_with_init(&url, &init)?;
        return objects.stub(workspace).map_err(broken)?.fetch_with_request(request).await;
    }
    if let ["raw"] = what {
        let mut init = RequestInit::new();
        init.with_method(worker::Method::Post).with_body(Some(request.bytes().await?.into()));
        let request = Request::new_with_init("https://sequencer/", &init)?;
        return objects.stub(workspace).map_err(broken)?.fetch_with_request(request).await;
    }
    let directory = Rc::new(DirectoryObject::of(env).map_err(broken)?);
    let sequencing = ElsewhereSequencing { call: Rc::new(objects), directory };
    let answer = match what {
        ["begin"] => begin(&sequencing, workspace).await?,
        ["commands", key] => told(send(&sequencing, workspace, key, &request.json().await?).await?),
        ["events"] => events(&sequencing, workspace).await?,
        _ => return Response::error("there is nothing here", 404),
    };
    Response::from_json(&answer)
}

/// A workspace with an agent whose provider nobody reaches.
async fn begin(sequencing: &ElsewhereSequencing, workspace: WorkspaceId) -> Result<Value> {
    sequencing.create(workspace, "owner").await.map_err(broken)?;
    let say = |name: &str, data| Said { r#type: name.to_owned(), data };
    let create = say("workspace.create", json!({"name": "w", "public_key": HashText(DEVICE)}));
    accepted(send(sequencing, workspace, "create", &create).await?)?;
    let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1", "model": "m"});
    let made = accepted(send(sequencing, workspace, "provider", &say("provider.define", provider)).await?)?;
    let agent = json!({"name": "a", "provider": made.first(), "instructions": "Be brief."});
    let made = accepted(send(sequencing, workspace, "agent", &say("agent.define", agent)).await?)?;
    Ok(json!({"workspace": workspace, "agent": made.first()}))
}

type Outcome = std::result::Result<Reply, SequencingError>;

fn accepted(outcome: Outcome) -> Result<Vec<kernel::id::Id>> {
    let reply = outcome.map_err(broken)?;
    reply.rejected.map_or(Ok(reply.made), |why| Err(broken(why)))
}

async fn send(sequencing: &ElsewhereSequencing, workspace: WorkspaceId, key: &str, said: &Said) -> Result<Outcome> {
    let outcomes = sequencing.submit(workspace, vec![asked(key, said)?]).await;
    outcomes.into_iter().next().ok_or_else(|| broken("no outcome"))
}

fn asked(key: &str, said: &Said) -> Result<Asked> {
    let text = said.data.to_string();
    let digest = hash(Domain::Identity, &[b"front", key.as_bytes()]);
    let key = KeyId(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()));
    Ok(Asked {
        identity: Identity::Key { key, device: DeviceId::of(&DEVICE), incarnation: 0 },
        hash: HashText(hash(Domain::Command, &[said.r#type.as_bytes(), b"\0", text.as_bytes()])),
        actor: "owner".to_owned(),
        on_behalf_of: Vec::new(),
        authored_ms: Isolate.now_ms(),
        branch: BranchId::Main,
        command: Command::parse(&said.r#type, &text).map_err(broken)?,
    })
}

fn told(outcome: Outcome) -> Value {
    match outcome {
        Ok(reply) => json!({
            "pos": reply.pos, "made": reply.made, "known": reply.known,
            "rejected": reply.rejected.map(|why| format!("{why:?}")),
        }),
        Err(error) => json!({"error": format!("{error:?}")}),
    }
}

async fn events(sequencing: &ElsewhereSequencing, workspace: WorkspaceId) -> Result<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut after = 0;
    loop {
        let page = sequencing.events(workspace, after, EVENTS).await.map_err(broken)?;
        let Some(last) = page.last() else { return Ok(json!(all)) };
        after = last.event.pos;
        for view in page {
            let body: Value = serde_json::from_slice(&view.event.body).map_err(broken)?;
            all.push(json!({"pos": view.event.pos, "type": body.get("type"), "title": view.content.get("title")}));
        }
    }
}
