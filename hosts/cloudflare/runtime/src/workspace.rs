//! One runtime process for one workspace.

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The runtime of one workspace.
#[durable_object]
pub struct WorkspaceRuntime;

impl DurableObject for WorkspaceRuntime {
    fn new(_state: State, _env: Env) -> Self {
        Self
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        Response::error("the runtime performs nothing yet", 501)
    }
}
