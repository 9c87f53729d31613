//! The gateway as a Worker: the only one with a public route.
//!
//! It holds what clients hold open: a stream of events and its heartbeats. The object of the workspace has one socket for
//! each stream, and may sleep while it stays open.

mod heard;
mod setup;
mod watch;
mod watched;

use cloudflare::{Isolate, read, stream, streamed, whole};
use gateway::limits::BODY_BYTES;
use gateway::{Body, Feed, Gateway};
use http::{Method, StatusCode};
use kernel::id::WorkspaceId;
use ports::{Directory as _, Problem, Sequencing};
use setup::Setup;
use std::rc::Rc;
use watch::Watch;
use watched::Watched;
use worker::{Context, Env, Request, Response, Result, event};

/// Answers one request from outside.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    match answer(request, &env, &context).await {
        Ok(response) => response,
        Err(problem) => Ok(whole(problem.response())),
    }
}

async fn answer(request: Request, env: &Env, context: &Context) -> std::result::Result<Result<Response>, Problem> {
    let request = read(request, BODY_BYTES).await?;
    let setup = Setup::of(env, request.headers())?;
    let described = described(&request).zip(setup.principal(request.headers()));
    let watch = Rc::new(Watch::new(Rc::clone(&setup.objects)));
    let elsewhere: Rc<dyn Sequencing> = Rc::new(setup.sequencing());
    let watched = Rc::new(Watched::new(Rc::clone(&elsewhere), Rc::clone(&watch)));
    let feed = Feed { sequencing: watched, live: watch, timer: Rc::new(Isolate) };
    let gateway = Gateway {
        sequencing: &*elsewhere,
        feed: &feed,
        verifier: &setup.verifier,
        tokens: &setup.tokens,
        clock: &Isolate,
        device: setup.device,
        incarnation: 0,
        public_key: setup.public_key,
        allowed_hosts: &setup.allowed_hosts,
    };
    let (head, body) = gateway::handle(request, &gateway).await.into_parts();
    if let Some((workspace, principal)) = described.filter(|_| head.status == StatusCode::OK) {
        register(&setup, context, workspace, principal);
    }
    Ok(match body {
        Body::Whole(bytes) => Ok(whole(http::Response::from_parts(head, bytes))),
        Body::Stream(chunks) => {
            let (pump, rest) = stream();
            context.wait_until(pump.fill(chunks));
            streamed(&head, rest)
        }
    })
}

/// The workspace that `request` asks for a description of.
fn described<B>(request: &http::Request<B>) -> Option<WorkspaceId> {
    let rest = request.uri().path().strip_prefix("/v1/workspaces/");
    rest.filter(|_| request.method() == Method::GET).and_then(|workspace| workspace.parse().ok())
}

/// Write a workspace into the directory that was seen to be there. Nobody waits for it, and the next one who looks does
/// it again: so the directory becomes whole after it was lost.
fn register(setup: &Setup, context: &Context, workspace: WorkspaceId, principal: String) {
    let directory = Rc::clone(&setup.directory);
    context.wait_until(async move {
        let _ = directory.register(&principal, workspace).await;
    });
}
