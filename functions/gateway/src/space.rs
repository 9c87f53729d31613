//! How much room a workspace takes, and making room.

use crate::body;
use crate::handler::Call;
use bytes::Bytes;
use http::{Response, StatusCode};
use ports::Problem;
use ports::problem::json;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compaction {}

/// How much room the workspace takes, and what takes it.
pub async fn space(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    Ok(json(StatusCode::OK, &call.gateway.sequencing.space(call.params.workspace()?).await?))
}

/// Pack what may be packed, and remove what nothing refers to.
pub async fn compact(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let Compaction {} = body::read(body::object(call.request)?)?;
    Ok(json(StatusCode::OK, &call.gateway.sequencing.compact(call.params.workspace()?).await?))
}
