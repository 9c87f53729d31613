//! Read models: what there is in a workspace, and what waits in it.

use crate::handler::Call;
use crate::routes::{ALL, BACK_TO, SKIP, TASKS_LIMIT, TURN};
use bytes::Bytes;
use http::{Response, StatusCode};
use kernel::reject::Code;
use ports::Problem;
use ports::problem::{Fault, Kind, json};
use ports::views::Query;

/// A read model without parameters.
pub async fn list(call: &Call<'_>, query: Query) -> Result<Response<Bytes>, Problem> {
    let found = call.gateway.sequencing.read(call.params.workspace()?, query).await?;
    let absent = || Problem::new(Kind::Rejected(Code::NotFound), "there is nothing of this id");
    found.map(|view| json(StatusCode::OK, &view)).ok_or_else(absent)
}

/// Tasks, newest first.
pub async fn tasks(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let (skip, limit) = (call.given.number(&SKIP), call.given.number(&TASKS_LIMIT));
    list(call, Query::Tasks(skip as usize, limit as usize)).await
}

/// Approvals that wait, or all of them.
pub async fn approvals(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let all = call.given.number(&ALL) == 1;
    list(call, Query::Approvals(all)).await
}

/// What going back to a position would change.
pub async fn restore(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    list(call, Query::RestorePreview(call.given.number(&BACK_TO))).await
}

/// A document with its text.
pub async fn document(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let id =
        call.params.text().parse().map_err(|_| Fault::BadId.because("the path does not end in a document's id"))?;
    list(call, Query::Document(id)).await
}

/// What a model was told in a turn of a step.
pub async fn context(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let turn = Some(call.given.number(&TURN)).filter(|turn| *turn > 0);
    let found =
        call.gateway.sequencing.read(call.params.workspace()?, Query::Context(call.params.thing()?, turn)).await?;
    let absent = || Problem::new(Kind::Rejected(Code::NotFound), "there is no step of this id, or no such turn of it");
    found.map(|view| json(StatusCode::OK, &view)).ok_or_else(absent)
}
