//! Taking one workspace into a backup: what happened since the point before, and the data keys there are now.

use super::directory::Directory;
use super::manifest::{Held, Kept, Log};
use super::part::Part;
use crate::api::Api;
use crate::outcome::Problem;
use crate::progress::Progress;
use crate::transfer::Scan;
use kernel::event::event_hash;
use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::seal::TransferKey;
use ports::transfer::{About, Frame, FrameKind, Record, records};
use serde_json::{Value, json};

/// How long one question may take, in milliseconds.
const READ_MS: u64 = 30_000;
/// How often a workspace is asked for again in which a key was destroyed meanwhile.
const ATTEMPTS: usize = 5;

/// Taking workspaces into a point of a backup.
#[derive(Clone, Copy)]
pub struct Taking<'a> {
    /// The host they are on.
    pub api: &'a Api,
    /// The backup.
    pub directory: &'a Directory,
    /// The point.
    pub point: u32,
    /// The key of the point.
    pub key: &'a TransferKey,
}

/// What was taken of a workspace.
#[derive(Debug)]
pub struct Taken {
    /// What the point holds of it.
    pub held: Held,
    /// Events that were taken.
    pub events: u64,
    /// Bytes that were written.
    pub bytes: u64,
}

/// The two files that an export is parted into.
struct Parts {
    log: Part,
    keys: Part,
    after: u64,
    last: Option<HashText>,
}

impl Taking<'_> {
    /// Take what happened in the workspace since `before`.
    pub async fn take(&self, id: WorkspaceId, before: Option<&Held>) -> Result<Taken, Problem> {
        if let Some(held) = before {
            self.goes_on(id, held).await?;
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.once(id, before).await {
                Err(problem) if problem.code == "export_overtaken" && attempts < ATTEMPTS => {}
                done => return done,
            }
        }
    }

    /// Refuse a history that does not go on where the backup ends: that of a workspace which was brought back from
    /// elsewhere. The data keys of one history would take the place of those of another.
    async fn goes_on(&self, id: WorkspaceId, held: &Held) -> Result<(), Problem> {
        let after = held.pos.saturating_sub(1);
        let path = format!("/v1/workspaces/{id}/events?after={after}&limit=1");
        let answer = self.api.get(&path, READ_MS).await?;
        let first = answer.get("events").and_then(Value::as_array).and_then(|events| events.first());
        if first.and_then(|event| event.get("hash")) == Some(&json!(held.last)) {
            return Ok(());
        }
        let what =
            format!("the host knows another history of {id} than the backup: event {} is not the same", held.pos);
        let hint = "What the backup holds of it stays. Begin another backup: kernelos backup OTHER_DIR";
        Err(Problem::failed("backup_other_history", what, hint))
    }

    async fn once(&self, id: WorkspaceId, before: Option<&Held>) -> Result<Taken, Problem> {
        let mut body = json!({ "key": HashText(*self.key.bytes()) });
        if let (Some(held), Some(body)) = (before, body.as_object_mut()) {
            body.insert("after".to_owned(), json!(held.pos));
        }
        let mut answer = self.api.download(&format!("/v1/workspaces/{id}/export"), &body).await?;
        let (mut scan, mut parts, mut progress) = (Scan::default(), None, Progress::new("backed up"));
        while let Some(piece) = answer.chunk().await.map_err(broke_off)? {
            scan.push(&piece);
            progress.more(piece.len() as u64);
            while let Some(frame) = scan.frame()? {
                self.frame(&mut parts, scan.about(), &frame)?;
            }
        }
        let scanned = scan.end().map_err(|why| if why.code == "import_cut" { broke_off(why.what) } else { why })?;
        if !scanned.is_sealed_by(self.key) {
            return Err(broke_off("what came does not end with the seal of this backup".to_owned()));
        }
        let Some(parts) = parts else { return Err(broke_off("nothing came".to_owned())) };
        self.ended(parts, &scanned.about, before)
    }

    fn frame(&self, parts: &mut Option<Parts>, about: Option<&About>, frame: &Frame) -> Result<(), Problem> {
        let Some(about) = about else { return Ok(()) };
        let parts = match parts {
            Some(parts) => parts,
            None => parts.insert(self.begin(about)?),
        };
        if frame.kind == FrameKind::Records { parts.take(&frame.raw) } else { Ok(()) }
    }

    fn begin(&self, about: &About) -> Result<Parts, Problem> {
        let log = Part::begin(self.directory, self.directory.log(about.workspace, self.point), about)?;
        let keys = Part::begin(self.directory, self.directory.keys(about.workspace, self.point), about)?;
        Ok(Parts { log, keys, after: about.after, last: None })
    }

    /// All of it came: both files are ended and read back.
    fn ended(&self, parts: Parts, about: &About, before: Option<&Held>) -> Result<Taken, Problem> {
        let Parts { log, keys, after, last } = parts;
        if after != before.map_or(0, |held| held.pos) {
            return Err(broke_off("it begins somewhere else than it was asked for".to_owned()));
        }
        let events = about.pos.saturating_sub(after);
        let log = if events == 0 {
            log.forget();
            None
        } else {
            Some(Log { after, file: log.end(self.key)? })
        };
        let keys = Kept { point: self.point, file: keys.end(self.key)? };
        let last = last.or(before.map(|held| held.last)).unwrap_or(HashText([0; 32]));
        let bytes = keys.file.bytes + log.as_ref().map_or(0, |log| log.file.bytes);
        let (pos, roots, as_of) = (about.pos, about.roots.clone(), about.written_at);
        Ok(Taken { held: Held { pos, last, roots, as_of, log, keys }, events, bytes })
    }
}

impl Parts {
    /// A frame is of one sort: keys, or what happened.
    fn take(&mut self, raw: &[u8]) -> Result<(), Problem> {
        let mut are_keys = false;
        for record in records(raw) {
            match record.map_err(|bad| broke_off(bad.to_string()))? {
                Record::Key(_) => are_keys = true,
                Record::Event(body) => self.last = Some(HashText(event_hash(body))),
                Record::Sealed(_) | Record::Chunk(_) => {}
            }
        }
        if are_keys { self.keys.take(raw) } else { self.log.take(raw) }
    }
}

fn broke_off(why: String) -> Problem {
    Problem::failed("export_cut", format!("the export broke off: {why}"), "Back up again.")
}
