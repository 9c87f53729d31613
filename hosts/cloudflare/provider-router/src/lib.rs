//! The provider router as a Worker, reached by service bindings only.

use worker::{Context, Env, Request, Response, Result, event};

/// Answers one call of another Worker.
#[event(fetch)]
async fn fetch(_request: Request, _env: Env, _context: Context) -> Result<Response> {
    Response::error("the router calls no model yet", 501)
}
