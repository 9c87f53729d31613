//! `kernelos import`: a workspace from a file.

use super::block_on;
use super::progress::Progress;
use super::shown::{print, print_json};
use crate::api::{Api, Method};
use crate::args::transfer::Import;
use crate::outcome::Problem;
use crate::place::Place;
use crate::transfer::{Opener, Scanned, open, scan_file};
use bytes::Bytes;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::text;
use serde::Serialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
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

pub fn run(place: &Place, import: &Import) -> Result<(), Problem> {
    // Before anybody is asked for anything: what is cut or altered is named here, and no host hears of it.
    let scanned = scan_file(&import.file)?;
    if import.check {
        return check(import, &scanned);
    }
    let api = Api::reach_to_tell(place)?;
    let base = format!("/v1/workspaces/{}", scanned.about.workspace);
    if import.discard {
        block_on(async { api.bytes(Method::DELETE, &format!("{base}/import"), &[], Bytes::new()).await })?;
        eprintln!("nothing is left of the import of {}", scanned.about.workspace);
        return Ok(());
    }
    let key = opened(import, &scanned)?;
    block_on(async {
        Sending { api: &api, base: &base, import, scanned: &scanned, key: &key }.send().await?;
        tell(import, &scanned);
        Ok(())
    })
}

/// The key of the file, which whoever wrote the file knew.
fn opened(import: &Import, scanned: &Scanned) -> Result<TransferKey, Problem> {
    let (identity, passphrase_file) = (import.identity.as_deref(), import.passphrase_file.as_deref());
    let key = open(&scanned.about, &Opener { identity, passphrase_file })?;
    if scanned.is_sealed_by(&key) {
        return Ok(key);
    }
    let what = "the file was written by somebody who does not know its key";
    Err(Problem::failed("import_altered", what, "Take another copy of the file, or export again."))
}

/// A file on its way to a host.
struct Sending<'a> {
    api: &'a Api,
    base: &'a str,
    import: &'a Import,
    scanned: &'a Scanned,
    key: &'a TransferKey,
}

impl Sending<'_> {
    async fn send(&self) -> Result<(), Problem> {
        let path = &self.import.file;
        let mut file = File::open(path).map_err(|why| unread(path, &why))?;
        let mut progress = Progress::new("imported");
        let mut offset = self.begin(&mut file).await?;
        progress.more(offset);
        let mut failures = 0;
        while offset < self.scanned.bytes {
            let bytes = part(&mut file, path, offset, SLICE)?;
            let next = match self.append(offset, bytes).await {
                // It may have been taken in all the same. Asked to begin again, the host says how far it is.
                Err(problem) if may_be_tried_again(&problem) && failures < ATTEMPTS => {
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(250 << failures)).await;
                    match self.begin(&mut file).await {
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
    async fn begin(&self, file: &mut File) -> Result<u64, Problem> {
        let head = part(file, &self.import.file, 0, self.scanned.head as u64)?;
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

    /// Whether the workspace that exists there came from this very file, and nothing happened in it since.
    async fn is_there(&self) -> bool {
        let view = self.api.get(self.base, READ_MS).await.unwrap_or_default();
        let origin = view.get("origin").cloned().unwrap_or_default();
        let held = origin.get("held").and_then(Value::as_bool).unwrap_or_default();
        held && origin.get("file") == Some(&json!(self.scanned.file))
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

fn part(file: &mut File, path: &Path, at: u64, most: u64) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.take(most).read_to_end(&mut bytes));
    read.map_err(|why| unread(path, &why))?;
    Ok(bytes.into())
}

fn unread(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed("file", format!("{}: {why}", path.display()), "")
}

fn tell(import: &Import, scanned: &Scanned) {
    let workspace = scanned.about.workspace;
    if import.json {
        print_json(&json!({ "id": workspace, "pos": scanned.about.pos }));
    } else {
        print(&format!("{workspace}\n"));
    }
    eprintln!("imported workspace {workspace}: {} events, verified by their roots", scanned.ending.events);
    eprintln!(
        "\nhint: its effects are held; when it does not go on where it came from: kernelos workspace adopt {workspace}"
    );
}

/// What there is in the file. With its key, also whether it was written by somebody who knows it.
fn check(import: &Import, scanned: &Scanned) -> Result<(), Problem> {
    let sealed = if import.identity.is_some() || import.passphrase_file.is_some() {
        opened(import, scanned)?;
        true
    } else {
        false
    };
    let (about, ending) = (&scanned.about, &scanned.ending);
    let written = chrono::DateTime::from_timestamp_millis(i64::try_from(about.written_at).unwrap_or_default());
    let written = written.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default();
    if import.json {
        print_json(&json!({
            "workspace": about.workspace, "pos": about.pos, "written_at": written, "bytes": scanned.bytes,
            "events": ending.events, "keys": ending.keys, "chunks": ending.chunks, "roots": about.roots,
            "hash": scanned.file, "sealed": sealed,
        }));
        return Ok(());
    }
    let mut told = format!(
        "workspace {}\nwritten   {written}\nevents    {}\nkeys      {}\nchunks    {}\nbytes     {}\n",
        about.workspace, ending.events, ending.keys, ending.chunks, scanned.bytes,
    );
    for (space, root) in &about.roots {
        told.push_str(&format!("root      {} of {space}\n", HashText(root.0)));
    }
    print(&told);
    let more = if sealed { "and sealed with its key" } else { "as far as can be told without its key" };
    eprintln!("the file is whole, {more}");
    Ok(())
}
