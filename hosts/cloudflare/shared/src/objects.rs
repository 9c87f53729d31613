//! The objects of the sequencer's script, as the other Workers reach them.

use crate::directory::{AskDirectory, NAME};
use crate::fetch::sent;
use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use kernel::id::WorkspaceId;
use ports::wire::answered;
use ports::{Directory, Problem, SequencingError};
use sequencing_http::Call;
use serde::de::DeserializeOwned;
use worker::{Env, ObjectNamespace, Stub};

/// Name of the binding to the sequencers.
const SEQUENCER: &str = "SEQUENCER";
/// Name of the binding to the directory.
const DIRECTORY: &str = "DIRECTORY";

/// The sequencers: an object for each workspace.
pub struct SequencerObjects {
    objects: ObjectNamespace,
}

impl std::fmt::Debug for SequencerObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SequencerObjects")
    }
}

impl SequencerObjects {
    /// Those that the binding leads to.
    pub fn of(env: &Env) -> Result<Self, Problem> {
        let objects = env.durable_object(SEQUENCER).map_err(|_| crate::setup::unbound(SEQUENCER))?;
        Ok(Self { objects })
    }

    /// The way to the object of `workspace`.
    pub fn stub(&self, workspace: WorkspaceId) -> Result<Stub, String> {
        self.objects.get_by_name(&workspace.to_string()).map_err(|why| why.to_string())
    }
}

#[async_trait(?Send)]
impl Call for SequencerObjects {
    async fn call(&self, workspace: WorkspaceId, ask: Bytes) -> Result<Bytes, String> {
        post(&self.stub(workspace)?, "https://sequencer/", ask).await
    }
}

/// The directory: one object.
pub struct DirectoryObject {
    stub: Stub,
}

impl std::fmt::Debug for DirectoryObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirectoryObject")
    }
}

impl DirectoryObject {
    /// The one that the binding leads to.
    pub fn of(env: &Env) -> Result<Self, Problem> {
        let stub = env.durable_object(DIRECTORY).and_then(|objects| objects.get_by_name(NAME));
        Ok(Self { stub: stub.map_err(|_| crate::setup::unbound(DIRECTORY))? })
    }

    async fn ask<T: DeserializeOwned>(&self, ask: &AskDirectory) -> Result<T, SequencingError> {
        let body = serde_json::to_vec(ask).map_err(|why| SequencingError::Unavailable(why.to_string()))?;
        let answer = post(&self.stub, "https://directory/", body.into()).await;
        answered(&answer.map_err(SequencingError::Unavailable)?)
    }
}

#[async_trait(?Send)]
impl Directory for DirectoryObject {
    async fn register(&self, principal: &str, workspace: WorkspaceId) -> Result<(), SequencingError> {
        self.ask(&AskDirectory::Register { principal: principal.to_owned(), workspace }).await
    }

    async fn list(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        self.ask(&AskDirectory::List { principal: principal.to_owned() }).await
    }
}

/// What the object answers to `body`. Anything but a success is no answer.
async fn post(stub: &Stub, url: &str, body: Bytes) -> Result<Bytes, String> {
    let request = Request::post(url).body(body).map_err(|why| why.to_string())?;
    let mut response = stub.fetch_with_request(sent(&request)?).await.map_err(|why| why.to_string())?;
    let answer = response.bytes().await.map_err(|why| why.to_string())?;
    match response.status_code() {
        200 => Ok(answer.into()),
        status => Err(format!("the object answers {status}: {}", String::from_utf8_lossy(&answer))),
    }
}
