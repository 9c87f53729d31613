//! Whether a provider works, before it is defined or at any time after.

use crate::body;
use crate::handler::Call;
use crate::limits::VERIFY_MS;
use bytes::Bytes;
use http::{Response, StatusCode};
use ports::Problem;
use ports::problem::json;
use ports::provider::ProviderEntry;

/// Ask the provider in the body. That it does not work is an answer, not a problem of this request.
pub async fn provider(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let entry: ProviderEntry = body::read(body::object(call.request)?)?;
    // What is asked for a workspace that is not there is a mistake, and would be paid for.
    call.gateway.sequencing.describe(call.params.workspace()?).await?;
    let entry = ProviderEntry { timeout_ms: entry.timeout_ms.min(VERIFY_MS), ..entry };
    Ok(json(StatusCode::OK, &call.gateway.verifier.verify(&entry).await))
}
