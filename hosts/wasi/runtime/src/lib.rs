//! The runtime as a component: woken for a workspace, it performs what is owed there until nothing is left.
//!
//! One instance at a time works for a workspace; that it does stands in the database for a short time, and is written
//! anew while it works. If it dies, the next tick finds the workspace due and another takes over, as any process of a
//! runtime that follows another one.

mod shift;
mod tick;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kernel::id::WorkspaceId;
use ports::Problem;
use ports::problem::Fault;
use wasi_shared::wasi::exports::http::incoming_handler::Guest;
use wasi_shared::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasi_shared::{TICK, WAKE, read, run, whole};

/// A body that nobody reads.
const BODY_BYTES_MAX: usize = 1 << 10;

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        run(serve(request, out));
    }
}

wasi_shared::wasi::http::proxy::export!(Component with_types_in wasi_shared::wasi);

/// Answer one request.
async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let request = match read(request, BODY_BYTES_MAX).await {
        Ok(request) => request,
        Err(problem) => return whole(out, problem.response()).await,
    };
    if request.uri().path() == TICK {
        let answer = tick::answer(&request).await;
        return whole(out, answer.unwrap_or_else(|problem| problem.response())).await;
    }
    match woken_for(&request) {
        Err(problem) => whole(out, problem.response()).await,
        Ok(workspace) => {
            let mut accepted = Response::new(Bytes::new());
            *accepted.status_mut() = StatusCode::ACCEPTED;
            whole(out, accepted).await;
            // Nobody waits for it, and what it leaves is for the next tick.
            let _ = shift::work(workspace).await;
        }
    }
}

fn woken_for(request: &Request<Bytes>) -> Result<WorkspaceId, Problem> {
    let id = request.uri().path().strip_prefix(WAKE).and_then(|id| id.parse().ok());
    id.ok_or_else(|| Fault::UnknownRoute.because(format!("the runtime is woken at {WAKE} and ticked at {TICK}")))
}
