//! The one writer of a workspace.

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// One workspace.
#[durable_object]
pub struct WorkspaceSequencer;

impl DurableObject for WorkspaceSequencer {
    fn new(_state: State, _env: Env) -> Self {
        Self
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        Response::error("the sequencer answers nothing yet", 501)
    }
}
