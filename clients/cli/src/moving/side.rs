//! One of the two hosts of a move.

use crate::api::{Api, Method};
use crate::commands::once;
use crate::outcome::Problem;
use async_trait::async_trait;
use bytes::Bytes;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::egress::ConnectionBody;
use ports::sequencing::WorkspaceView;
use ports::transfer::text;
use serde::Serialize;
use serde_json::{Value, json};

/// How long one question may take, in milliseconds.
const READ_MS: u64 = 30_000;

/// A host, as far as a move of one workspace needs it.
#[async_trait(?Send)]
pub trait Side {
    /// Where the workspace stands there; none when it is not there.
    async fn look(&self) -> Result<Option<WorkspaceView>, Problem>;

    /// Send a command that is meant anew.
    async fn command(&self, name: &str, data: &Value) -> Result<(), Problem>;

    /// The workspace as a file under this key, as it comes.
    async fn export(&self, key: &TransferKey) -> Result<Box<dyn ConnectionBody>, Problem>;

    /// Begin to take a file in, or find how far it is.
    async fn begin(&self, head: &[u8], key: &TransferKey) -> Result<u64, Problem>;

    /// Take in what stands in the file at an offset; how far it is then.
    async fn append(&self, offset: u64, bytes: Bytes) -> Result<u64, Problem>;

    /// Give up an import that is under way, or a copy that stands at this position and owes nothing there.
    async fn discard(&self, whole: Option<u64>) -> Result<(), Problem>;
}

/// A host that is asked over HTTP.
pub struct Far<'a> {
    api: &'a Api,
    base: String,
}

impl<'a> Far<'a> {
    /// For the workspace of that id.
    pub fn new(api: &'a Api, workspace: &str) -> Self {
        Self { api, base: format!("/v1/workspaces/{workspace}") }
    }

    fn import(&self) -> String {
        format!("{}/import", self.base)
    }
}

#[derive(Serialize)]
struct Begin<'a> {
    #[serde(with = "text::bytes")]
    head: &'a [u8],
    #[serde(with = "text::key")]
    key: &'a TransferKey,
}

#[async_trait(?Send)]
impl Side for Far<'_> {
    async fn look(&self) -> Result<Option<WorkspaceView>, Problem> {
        match self.api.get(&self.base, READ_MS).await {
            Ok(view) => serde_json::from_value(view).map(Some).map_err(unreadable),
            Err(problem) if problem.code == "workspace_not_found" => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    async fn command(&self, name: &str, data: &Value) -> Result<(), Problem> {
        once(self.api, &self.base, name, data).await.map(drop)
    }

    async fn export(&self, key: &TransferKey) -> Result<Box<dyn ConnectionBody>, Problem> {
        self.api.download(&format!("{}/export", self.base), &json!({ "key": HashText(*key.bytes()) })).await
    }

    async fn begin(&self, head: &[u8], key: &TransferKey) -> Result<u64, Problem> {
        let begin = serde_json::to_vec(&Begin { head, key }).map_err(unreadable)?;
        let headers = [("content-type", "application/json")];
        offset(&self.api.bytes(Method::POST, &self.import(), &headers, begin.into()).await?)
    }

    async fn append(&self, at: u64, bytes: Bytes) -> Result<u64, Problem> {
        let at = at.to_string();
        let headers = [("content-type", "application/partial-upload"), ("upload-offset", at.as_str())];
        offset(&self.api.bytes(Method::PATCH, &self.import(), &headers, bytes).await?)
    }

    async fn discard(&self, whole: Option<u64>) -> Result<(), Problem> {
        let path = match whole {
            Some(pos) => format!("{}?whole={pos}", self.import()),
            None => self.import(),
        };
        self.api.bytes(Method::DELETE, &path, &[], Bytes::new()).await.map(drop)
    }
}

fn offset(answer: &Value) -> Result<u64, Problem> {
    let offset = answer.get("offset").and_then(Value::as_u64);
    offset.ok_or_else(|| Problem::failed("protocol", "the host did not say how far the import is", ""))
}

fn unreadable(why: serde_json::Error) -> Problem {
    Problem::failed("protocol", format!("the host does not say where the workspace stands: {why}"), "")
}
