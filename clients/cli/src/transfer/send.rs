//! A file on its way to a host, a slice at a time.

use crate::api::{Api, Method};
use crate::outcome::Problem;
use crate::progress::Progress;
use bytes::Bytes;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::text;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes of one request: at least one whole frame, and no more than any host takes.
const SLICE: u64 = 1 << 20;
/// How often a slice is sent again when nobody answers.
const ATTEMPTS: u32 = 6;
/// How long one question may take, in milliseconds.
const READ_MS: u64 = 30_000;

#[derive(Serialize)]
struct Begin<'a> {
    #[serde(with = "text::bytes")]
    head: &'a [u8],
    #[serde(with = "text::key")]
    key: &'a TransferKey,
}

/// A file, wherever it comes from.
pub trait Slices {
    /// The file up to the end of its first frame.
    fn head(&mut self) -> Result<Bytes, Problem>;

    /// What stands at an offset: so many bytes, and fewer only at the end.
    fn slice(&mut self, at: u64, most: u64) -> Result<Bytes, Problem>;
}

/// A file on its way to a host.
pub struct Sending<'a> {
    /// The host.
    pub api: &'a Api,
    /// The path of the workspace there.
    pub base: String,
    /// The key of the file.
    pub key: &'a TransferKey,
    /// How many bytes the file has.
    pub bytes: u64,
    /// Hash over the file.
    pub file: HashText,
    /// What is said of it while it goes on.
    pub doing: &'static str,
}

impl Sending<'_> {
    /// Send the file; the workspace exists then. What was sent of this very file before is not sent again.
    pub async fn send(&self, source: &mut dyn Slices) -> Result<(), Problem> {
        let mut progress = Progress::new(self.doing);
        let mut offset = self.begin(source).await?;
        progress.more(offset);
        let mut failures = 0;
        while offset < self.bytes {
            let bytes = source.slice(offset, SLICE)?;
            let next = match self.append(offset, bytes).await {
                // It may have been taken in all the same. Asked to begin again, the host says how far it is.
                Err(problem) if may_be_tried_again(&problem) && failures < ATTEMPTS => {
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(250 << failures)).await;
                    match self.begin(source).await {
                        // Only the answer to the last slice was lost.
                        Err(problem) if problem.code == "workspace_exists" && self.is_there().await => return Ok(()),
                        begun => begun?,
                    }
                }
                Err(problem) => return Err(self.gave_up(problem).await),
                Ok(next) => next,
            };
            if next > offset {
                failures = 0;
            }
            progress.more(next.saturating_sub(offset));
            offset = next;
        }
        Ok(())
    }

    /// Begin, or find out how far it is.
    async fn begin(&self, source: &mut dyn Slices) -> Result<u64, Problem> {
        let head = source.head()?;
        let begin = serde_json::to_vec(&Begin { head: &head, key: self.key });
        let begin = begin.map_err(|why| Problem::failed("protocol", why.to_string(), ""))?;
        let headers = [("content-type", "application/json")];
        offset(&self.api.bytes(Method::POST, &self.path(), &headers, begin.into()).await?)
    }

    async fn append(&self, at: u64, bytes: Bytes) -> Result<u64, Problem> {
        let at = at.to_string();
        let headers = [("content-type", "application/partial-upload"), ("upload-offset", at.as_str())];
        offset(&self.api.bytes(Method::PATCH, &self.path(), &headers, bytes).await?)
    }

    /// What the host does not take as it is, it will not take later: nothing of it stays behind.
    async fn gave_up(&self, problem: Problem) -> Problem {
        if ["import_altered", "import_version"].contains(&problem.code.as_str()) {
            let _ = self.api.bytes(Method::DELETE, &self.path(), &[], Bytes::new()).await;
        }
        problem
    }

    /// Whether the workspace that exists there came from this very file and was not adopted yet.
    pub async fn is_there(&self) -> bool {
        let view = self.api.get(&self.base, READ_MS).await.unwrap_or_default();
        let origin = view.get("origin").cloned().unwrap_or_default();
        let held = origin.get("held").and_then(Value::as_bool).unwrap_or_default();
        held && origin.get("file") == Some(&json!(self.file))
    }

    fn path(&self) -> String {
        format!("{}/import", self.base)
    }
}

fn may_be_tried_again(problem: &Problem) -> bool {
    ["host_unreachable", "unavailable", "import_offset"].contains(&problem.code.as_str())
}

fn offset(answer: &Value) -> Result<u64, Problem> {
    let offset = answer.get("offset").and_then(Value::as_u64);
    offset.ok_or_else(|| Problem::failed("protocol", "the host did not say how far the import is", ""))
}
