//! Snapshots of a workspace: which there are, and making one.

use crate::body;
use crate::handler::Call;
use bytes::Bytes;
use http::{Response, StatusCode};
use ports::problem::json;
use ports::{Problem, SnapshotView};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Snapshots {
    snapshots: Vec<SnapshotView>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSnapshot {
    /// Of all rows, whatever the snapshot before says.
    #[serde(default)]
    whole: bool,
}

/// The snapshots there are, the oldest first.
pub async fn list(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let snapshots = call.gateway.sequencing.snapshots(call.params.workspace()?).await?;
    Ok(json(StatusCode::OK, &Snapshots { snapshots }))
}

/// Make a snapshot of the workspace as it is. Where there is one of its position, that is the answer.
pub async fn make(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let NewSnapshot { whole } = body::read(body::object(call.request)?)?;
    let made = call.gateway.sequencing.snapshot(call.params.workspace()?, whole).await?;
    Ok(json(StatusCode::CREATED, &made))
}
