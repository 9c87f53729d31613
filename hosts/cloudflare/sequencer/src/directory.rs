//! Which principal has which workspaces.

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The one index of workspaces.
#[durable_object]
pub struct Directory;

impl DurableObject for Directory {
    fn new(_state: State, _env: Env) -> Self {
        Self
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        Response::error("the directory answers nothing yet", 501)
    }
}
