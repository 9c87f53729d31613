//! The runtime as a Durable Object for each workspace, and the Worker that wakes it.

mod workspace;

use worker::{Context, Env, Request, Response, Result, event};

/// Wakes the runtime of a workspace.
#[event(fetch)]
async fn fetch(_request: Request, _env: Env, _context: Context) -> Result<Response> {
    Response::error("the runtime is woken by nobody yet", 501)
}
