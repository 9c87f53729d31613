//! Read models that a projector keeps: searching, listing, how they stand, and making them anew.

use crate::body;
use crate::handler::Call;
use crate::routes::{BEFORE, ENTRIES_LIMIT, WAIT_FOR};
use bytes::Bytes;
use http::{Response, StatusCode};
use kernel::reject::Code;
use ports::Problem;
use ports::problem::{Kind, json};
use ports::read_models::{ItemKind, Model, ModelsAsk, ModelsAsked, PAGE_MAX};
use serde::Deserialize;

/// Hits of an answer when the request does not say.
const HITS_USUALLY: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    /// What is looked for.
    query: String,
    /// Only these kinds.
    #[serde(default)]
    kinds: Vec<ItemKind>,
    /// Hits to pass over.
    #[serde(default)]
    skip: usize,
    /// Most hits.
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebuild {}

/// What fits a query. It stands in the body, so that what people look for is in no address that somebody writes down.
pub async fn search(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let Search { query, kinds, skip, limit } = body::read(body::object(call.request)?)?;
    let limit = limit.unwrap_or(HITS_USUALLY);
    if !(1..=PAGE_MAX).contains(&limit) {
        let why = format!("limit must be a whole number from 1 to {PAGE_MAX}");
        return Err(Problem::new(Kind::Rejected(Code::InvalidArgument), why));
    }
    asked(call, StatusCode::OK, ModelsAsked::Search { query, kinds, skip, limit }).await
}

/// How the models stand.
pub async fn stand(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    asked(call, StatusCode::OK, ModelsAsked::Stand).await
}

/// Have them made anew.
pub async fn rebuild(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let Rebuild {} = body::read(body::object(call.request)?)?;
    asked(call, StatusCode::ACCEPTED, ModelsAsked::Rebuild).await
}

/// Entries of a model.
pub async fn entries(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    listed(call, None).await
}

/// Entries of a model that are of one thing.
pub async fn entries_of(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    listed(call, Some(call.params.second().to_owned())).await
}

async fn listed(call: &Call<'_>, of: Option<String>) -> Result<Response<Bytes>, Problem> {
    let names = Model::ALL.map(Model::name).join(", ");
    let absent = |_| Problem::new(Kind::Rejected(Code::NotFound), format!("the models that can be listed are {names}"));
    let model: Model = call.params.text().parse().map_err(absent)?;
    let (before, limit) = (call.given.said(&BEFORE), call.given.number(&ENTRIES_LIMIT) as usize);
    asked(call, StatusCode::OK, ModelsAsked::Entries { model, of, before, limit }).await
}

async fn asked(call: &Call<'_>, status: StatusCode, asked: ModelsAsked) -> Result<Response<Bytes>, Problem> {
    let ask = ModelsAsk { asked, wait_for: call.given.said(&WAIT_FOR) };
    let view = call.gateway.sequencing.models(call.params.workspace()?, ask).await?;
    Ok(json(status, &view))
}
