//! The runtime as a Durable Object for each workspace, and the Worker that wakes it.
//!
//! Whoever commits something to do says `POST /wake/{workspace}` and waits for nothing. The object sets an alarm that
//! rings at once; its handler performs what is owed until nothing is left. When the object is taken down meanwhile, the
//! platform calls the handler again, and its next process gets back what the one before it held.

mod notices;
mod pieces;
mod process;
mod wake;
mod workspace;

use cloudflare::setup::unbound;
use cloudflare::whole;
use worker::{Context, Env, Request, Response, Result, event};

/// Name of the binding to the runtimes' objects.
const RUNTIME: &str = "RUNTIME";

/// Passes a wake on to the runtime of its workspace.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let workspace = match wake::workspace(&request) {
        Ok(workspace) => workspace,
        Err(problem) => return Ok(whole(problem.response())),
    };
    let Ok(objects) = env.durable_object(RUNTIME) else { return Ok(whole(unbound(RUNTIME).response())) };
    objects.get_by_name(&workspace.to_string())?.fetch_with_request(request).await
}
