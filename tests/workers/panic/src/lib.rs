//! A Worker with objects that die when they are asked to: `/OBJECT/DEED`. Asked for `/worker/panic`, it dies itself.

mod object;

use worker::{Context, Env, Request, Response, Result, event};

/// Hands the request to the object that its path names.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let path = request.path();
    if path == "/worker/panic" {
        return object::die();
    }
    let name = path.split('/').nth(1).unwrap_or_default().to_owned();
    env.durable_object("OBJECTS")?.get_by_name(&name)?.fetch_with_request(request).await
}
