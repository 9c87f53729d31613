//! The gateway as a Worker: the only one with a public route.

use worker::{Context, Env, Request, Response, Result, event};

/// Answers one request from outside.
#[event(fetch)]
async fn fetch(_request: Request, env: Env, _context: Context) -> Result<Response> {
    let object = env.durable_object("SEQUENCER")?.get_by_name("none")?;
    object.fetch_with_str("https://sequencer/").await
}
