//! The other components of this host, reached by local service chaining: no network, and nobody else can.

use crate::fetch::WasiFetch;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use kernel::id::WorkspaceId;
use ports::egress::ConnectionBody;
use ports::fetch::whole;
use ports::wire::answered;
use ports::{Directory, Fetch as _, SequencingError};
use sequencing_http::Call;
use std::cell::Cell;

/// Where the provider router is.
pub const PROVIDER_ROUTER: &str = "http://provider-router.spin.internal";
const SEQUENCER: &str = "http://sequencer.spin.internal";
const RUNTIME: &str = "http://runtime.spin.internal";

/// Paths of the sequencer: what is asked of a workspace, which follows, and which workspaces there are.
pub const ASK: &str = "/ask/";
/// See [`ASK`].
pub const WORKSPACES: &str = "/workspaces";
/// The path of the runtime by which it is woken for a workspace, which follows.
pub const WAKE: &str = "/wake/";
/// Where the runtime is asked for what is due, by whoever has the owner's token.
pub const TICK: &str = "/v1/tick";
/// A header of the sequencer's answer: something waits that a runtime can perform now.
pub const WORK_WAITS: &str = "kernelos-work-waits";

/// Most bytes of an answer: a page of events as large as they may be.
const ANSWER_BYTES_MAX: usize = 512 << 20;

/// The sequencers.
#[derive(Debug, Default)]
pub struct Sequencers {
    /// Where work waits, as far as the answers said.
    waits: Cell<Option<WorkspaceId>>,
}

impl Sequencers {
    /// The workspace of which an answer said that work waits there.
    pub fn work_waits(&self) -> Option<WorkspaceId> {
        self.waits.take()
    }
}

#[async_trait(?Send)]
impl Call for Sequencers {
    async fn call(&self, workspace: WorkspaceId, ask: Bytes) -> Result<Bytes, String> {
        let response = post(format!("{SEQUENCER}{ASK}{workspace}"), ask).await?;
        if response.headers().contains_key(WORK_WAITS) {
            self.waits.set(Some(workspace));
        }
        success(response).await
    }
}

/// One machine has one owner, and what is there is the owner's: nothing is written down.
#[async_trait(?Send)]
impl Directory for Sequencers {
    async fn register(&self, _: &str, _: WorkspaceId) -> Result<(), SequencingError> {
        Ok(())
    }

    async fn list(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        let ask = async { success(post(format!("{SEQUENCER}{WORKSPACES}"), Bytes::new()).await?).await };
        answered(&ask.await.map_err(SequencingError::Unavailable)?)
    }
}

/// Wake the runtime for `workspace`. It answers at once and works then. If it does not, the next tick does.
pub async fn wake(workspace: WorkspaceId) -> Result<(), String> {
    success(post(format!("{RUNTIME}{WAKE}{workspace}"), Bytes::new()).await?).await.map(drop)
}

/// Tick the runtime: whatever is due is begun.
pub async fn tick(token: &str) -> Result<(), String> {
    let request = Request::post(format!("{RUNTIME}{TICK}")).header(AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Bytes::new()).map_err(|why| why.to_string())?;
    success(WasiFetch.fetch(request).await?).await.map(drop)
}

async fn post(url: String, body: Bytes) -> Result<Response<Box<dyn ConnectionBody>>, String> {
    let request = Request::post(url).body(body).map_err(|why| why.to_string())?;
    WasiFetch.fetch(request).await
}

/// Anything but a success is no answer.
async fn success(response: Response<Box<dyn ConnectionBody>>) -> Result<Bytes, String> {
    let (head, mut body) = response.into_parts();
    let answer = whole(&mut *body, ANSWER_BYTES_MAX).await?;
    match head.status {
        StatusCode::OK | StatusCode::ACCEPTED => Ok(answer),
        status => Err(format!("the component answers {status}: {}", String::from_utf8_lossy(&answer))),
    }
}
