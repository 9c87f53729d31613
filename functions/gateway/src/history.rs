//! The past of a workspace: an entity as it was, what changed, and why. Each is read in slices, and the workspace does
//! other work between two of them.

use crate::handler::Call;
use crate::limits::HISTORY_SLICES;
use crate::routes::{AT, DIFF_LIMIT, DIFF_SKIP, FROM, TO};
use bytes::Bytes;
use http::{Response, StatusCode};
use kernel::key::Key;
use kernel::reject::Code;
use ports::Problem;
use ports::history::{Asked, HistoryAsk, HistorySlice, Of};
use ports::problem::{Fault, Kind, json};

/// An entity as it was, or as it is.
pub async fn state(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let (kind, id) = (call.params.text(), call.params.second());
    let id = if id == "-" { String::new() } else { id.replace("%2F", "/").replace("%2f", "/") };
    let key: Key = format!("{kind}/{id}").parse().map_err(|_| {
        Fault::BadId.because("the path does not end in the kind and the id of an entity, like task/ and a task's id")
    })?;
    let at = call.given.said(&AT);
    let absent = at.map_or_else(|| format!("there is no {key}"), |at| format!("there was no {key} at {at}"));
    whole(call, Asked::State { key: key.to_string(), at }, &absent).await
}

/// What changed between two positions.
pub async fn diff(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let (from, to) = (call.given.number(&FROM), call.given.said(&TO));
    let (skip, limit) = (call.given.number(&DIFF_SKIP) as usize, call.given.number(&DIFF_LIMIT) as usize);
    whole(call, Asked::Diff { from, to, skip, limit }, "nothing is there").await
}

/// Why something is as it is.
pub async fn why(call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
    let text = call.params.text();
    let position =
        || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok().map(Of::Event)).flatten();
    let of = position().or_else(|| text.parse().ok().map(Of::Thing));
    let of = of.ok_or_else(|| Fault::BadId.because("the path ends neither in a position nor in the id of a thing"))?;
    whole(call, Asked::Why(of), &format!("there is no {text}")).await
}

/// The whole answer, slice by slice.
async fn whole(call: &Call<'_>, asked: Asked, absent: &str) -> Result<Response<Bytes>, Problem> {
    let (workspace, mut so_far) = (call.params.workspace()?, None);
    for _ in 0..HISTORY_SLICES {
        match call.gateway.sequencing.history(workspace, HistoryAsk { asked: asked.clone(), so_far }).await? {
            HistorySlice::Answer(Some(view)) => return Ok(json(StatusCode::OK, &view)),
            HistorySlice::Answer(None) => return Err(Problem::new(Kind::Rejected(Code::NotFound), absent)),
            HistorySlice::More(next) => so_far = Some(next),
        }
    }
    Err(Fault::Unavailable.because("the log is too long to read this far back in one request"))
}
