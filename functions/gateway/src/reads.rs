//! What can be read of a workspace: its log, its tasks, its effects.

use crate::handler::Call;
use crate::routes::{AFTER, EFFECTS_LIMIT, EVENTS_LIMIT, WAIT};
use bytes::Bytes;
use http::{Response, StatusCode};
use kernel::hash::HashText;
use kernel::id::Id;
use kernel::reject::Code;
use ports::Problem;
use ports::problem::{Fault, Kind, json};
use ports::sequencing::EventView;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// An event as it is shown.
#[derive(Serialize)]
pub struct Event<'a> {
    /// The stored bytes, as they were hashed.
    event: &'a RawValue,
    hash: HashText,
    content: &'a BTreeMap<String, Option<String>>,
}

#[derive(Serialize)]
struct Events<'a> {
    events: Vec<Event<'a>>,
    next: u64,
}

#[derive(Serialize)]
struct Effects {
    effects: Vec<Id>,
}

/// Events after a position.
pub async fn events(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let (after, limit) = (call.given.number(&AFTER), call.given.number(&EVENTS_LIMIT));
    let views = call.gateway.sequencing.events(call.params.workspace()?, after, limit as usize).await?;
    let next = views.last().map_or(after, |view| view.event.pos);
    let events = views.iter().map(event).collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, &Events { events, next }))
}

/// `view` as it is shown: the same in a list and in a stream.
pub fn event(view: &EventView) -> Result<Event<'_>, Problem> {
    let damaged = |_| Fault::Damaged.because(format!("event {} is not JSON", view.event.pos));
    let event = serde_json::from_slice(&view.event.body).map_err(damaged)?;
    Ok(Event { event, hash: HashText(view.event.hash), content: &view.content })
}

/// A task, at once or when nothing in it waits any more.
pub async fn task(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let (workspace, task) = (call.params.workspace()?, call.params.thing()?);
    let found = match call.given.number(&WAIT) {
        0 => call.gateway.sequencing.task(workspace, task).await?,
        wait_ms => call.gateway.sequencing.settled(workspace, task, wait_ms).await?,
    };
    found.map(|view| json(StatusCode::OK, &view)).ok_or_else(|| not_found("there is no task of this id"))
}

/// Effects that wait for a runtime.
pub async fn due(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let limit = call.given.number(&EFFECTS_LIMIT);
    let effects = call.gateway.sequencing.due(call.params.workspace()?, limit as usize).await?;
    Ok(json(StatusCode::OK, &Effects { effects }))
}

/// An effect, for the runtime that leased it.
pub async fn effect(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let found = call.gateway.sequencing.effect(call.params.workspace()?, call.params.thing()?).await?;
    found.map(|view| json(StatusCode::OK, &view)).ok_or_else(|| not_found("there is no leased effect of this id"))
}

fn not_found(detail: &str) -> Problem {
    Problem::new(Kind::Rejected(Code::NotFound), detail)
}
