//! `GET /v1/workspaces/{workspace}/events` for those who accept a stream: what is in the log, and then what happens.
//!
//! A stream says nothing that the list does not say, but for deltas, which nobody keeps. Its place is the position of the
//! last event handed on, so that whoever comes back with that misses nothing and gets nothing twice.

mod block;
mod follow;

use crate::gateway::Feed;
use crate::handler::{Call, Chunks};
use crate::query::Number;
use crate::routes::{AFTER, EVENTS_LIMIT};
use follow::Follow;
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use kernel::id::WorkspaceId;
use kernel::reject::{AMOUNT_MAX, Code};
use ports::Problem;
use ports::problem::Kind;

/// Media type of a stream.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Where a client was when its last stream ended. It stands above the query: a browser that comes back repeats that.
pub const LAST_EVENT_ID: Number = Number {
    name: "last-event-id",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Position of the last event already read from a stream. It stands above the parameter after.",
};

/// Whether `headers` ask for a stream, by name: what accepts anything gets the list.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(is_stream)
}

fn is_stream(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(MEDIA_TYPE));
    let refused = |part: &str| part.strip_prefix("q=").is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty());
    named && !parts.any(refused)
}

/// Events after a position, and those that are committed from now on.
///
/// What is wrong from the beginning is a problem. What goes wrong later ends the stream: a client that comes back is told.
pub async fn events(call: &Call<'_>) -> Result<Response<Chunks>, Problem> {
    let workspace = call.params.workspace()?;
    if call.given.said(&EVENTS_LIMIT).is_some() {
        return Err(invalid("a stream takes no limit; it goes on until the client closes it"));
    }
    let after = place(call)?;
    let feed = call.gateway.feed.clone();
    let end = feed.sequencing.moved(workspace, 0, 0).await?;
    if after > end {
        return Err(invalid(format!("the log ends at position {end}; there is nothing after {after} to go on from")));
    }
    Ok(response(begin(feed, workspace, after, end).await?))
}

fn place(call: &Call<'_>) -> Result<u64, Problem> {
    let mut sent = call.request.headers().get_all(LAST_EVENT_ID.name).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(call.given.number(&AFTER)),
        (Some(only), None) => LAST_EVENT_ID.read(only.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Err(invalid("last-event-id is given twice")),
    }
}

async fn begin(feed: Feed, workspace: WorkspaceId, after: u64, end: u64) -> Result<Chunks, Problem> {
    let (follow, first) = Follow::begin(feed, workspace, after, end).await?;
    let rest = unfold(follow, |mut follow| async move {
        let chunk = follow.chunk().await?;
        Some((chunk, follow))
    });
    Ok(futures_util::stream::iter([first]).chain(rest).boxed_local())
}

fn response(chunks: Chunks) -> Response<Chunks> {
    let mut response = Response::new(chunks);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers before they pass them on would hold a stream back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Rejected(Code::InvalidArgument), detail)
}
