//! What the log says while it is put together: which keys live, which content has to be there.

use crate::backup::damaged;
use crate::backup::plan::Plan;
use crate::outcome::Problem;
use kernel::event::{BlobRef, EventData, Header, event_hash};
use kernel::hash::HashText;
use kernel::id::KeyId;
use kernel::machine::{chunk_address, key_address, subject_named};
use kernel::seal::Subject;
use ports::transfer::{About, Frame, Record, records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the log said so far.
#[derive(Default)]
pub struct State {
    /// How many events there are.
    pub events: u64,
    /// How many data keys were given.
    pub keys: u64,
    /// Chunks of large content; in the order of their names once the log is whole.
    pub chunks: Vec<At>,
    /// Hash of the last event.
    last: Option<HashText>,
    /// The data key of each subject, where it stands, but those that were destroyed.
    made: BTreeMap<Subject, (KeyId, String)>,
    /// Those that were given.
    given: BTreeSet<String>,
    /// Large content that events brought.
    large: Vec<BlobRef>,
}

/// Where a chunk stands.
pub struct At {
    /// Its name.
    pub name: String,
    /// In which piece of the log.
    pub piece: usize,
    /// Where its frame begins there.
    pub offset: u64,
    /// Hash over what stands before the frame.
    pub chain: HashText,
}

impl State {
    /// Whether a piece that is about `about` comes next.
    pub fn follows(&self, path: &Path, about: &About, plan: &Plan) -> Result<(), Problem> {
        if about.workspace == plan.workspace && about.after == self.events {
            return Ok(());
        }
        let (workspace, after) = (about.workspace, about.after);
        Err(damaged(path, format!("it goes on behind event {after} of {workspace}, and that is not what comes next")))
    }

    /// Take a frame of the log; whether it is of events.
    pub fn take(
        &mut self,
        path: &Path,
        piece: usize,
        (offset, chain): (u64, HashText),
        frame: &Frame,
    ) -> Result<bool, Problem> {
        let mut are_events = false;
        for record in records(&frame.raw) {
            match record.map_err(|bad| damaged(path, bad))? {
                Record::Sealed(_) => are_events = true,
                Record::Event(body) => {
                    are_events = true;
                    self.event(path, body)?;
                }
                Record::Chunk(row) => self.chunks.push(At { name: row.at.to_owned(), piece, offset, chain }),
                Record::Key(_) => return Err(damaged(path, "there are data keys in it")),
            }
        }
        Ok(are_events)
    }

    fn event(&mut self, path: &Path, body: &[u8]) -> Result<(), Problem> {
        let (header, data) = Header::decode(body).map_err(|why| damaged(path, why))?;
        self.events += 1;
        if header.pos != self.events {
            return Err(damaged(path, format!("event {} stands where {} should", header.pos, self.events)));
        }
        self.last = Some(HashText(event_hash(body)));
        self.large.extend(header.blobs);
        match data {
            EventData::KeyCreated(it) => {
                self.made.insert(it.subject, (it.key, key_address(it.subject, it.key).key));
            }
            EventData::KeyDestroyed(it) => drop(self.made.remove(&it.subject)),
            _ => {}
        }
        Ok(())
    }

    /// Whether the pieces are all there is up to the point.
    pub fn log_is_whole(&mut self, plan: &Plan) -> Result<(), Problem> {
        self.chunks.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        if self.events == plan.held.pos && self.last == Some(plan.held.last) {
            return Ok(());
        }
        let path = plan.logs.last().map(|(path, _)| path.as_path()).unwrap_or(Path::new(""));
        let (events, pos) = (self.events, plan.held.pos);
        Err(damaged(path, format!("it ends at event {events}, and not with the event {pos} that the manifest names")))
    }

    /// The data keys in a frame that the log knows as living.
    pub fn living(&mut self, path: &Path, frame: &Frame) -> Result<Vec<u8>, Problem> {
        let mut raw = Vec::new();
        for record in records(&frame.raw) {
            let record = record.map_err(|bad| damaged(path, bad))?;
            let Record::Key(row) = &record else {
                return Err(damaged(path, "there is something else than data keys in it"));
            };
            if self.lives(row.at) && self.given.insert(row.at.to_owned()) {
                record.write(&mut raw);
                self.keys += 1;
            }
        }
        Ok(raw)
    }

    fn lives(&self, at: &str) -> bool {
        let key = subject_named(at).and_then(|subject| self.made.get(&subject));
        key.is_some_and(|(_, living)| living == at)
    }

    /// Whether every key is there that lives as of the point. One that is not was destroyed since, and stays it.
    pub fn keys_are_all(&self, path: &Path, plan: &Plan) -> Result<(), Problem> {
        let missing = self.made.iter().find(|(_, (_, at))| !self.given.contains(at));
        let Some((subject, _)) = missing else { return Ok(()) };
        if plan.is_newest {
            return Err(damaged(path, format!("the key of {subject} is missing")));
        }
        let hint = "Restore the newest point, and go back in the workspace itself: kernelos restore --at POS. Keys that \
                    were destroyed stay destroyed there.";
        let what = format!("the key of {subject} was destroyed after point {}, and does not come back", plan.point);
        Err(Problem::failed("key_destroyed_since", what, hint))
    }

    /// Whether all large content is there but that whose key was destroyed.
    pub fn chunks_are_all(&self, plan: &Plan) -> Result<(), Problem> {
        let there: BTreeSet<&str> = self.chunks.iter().map(|at| at.name.as_str()).collect();
        let living: BTreeSet<KeyId> = self.made.values().map(|(key, _)| *key).collect();
        for blob in self.large.iter().filter(|blob| living.contains(&blob.key)) {
            let missing =
                (0..blob.chunks).map(|nth| chunk_address(blob.blob, nth).key).find(|at| !there.contains(&**at));
            if let Some(at) = missing {
                let path = plan.logs.last().map(|(path, _)| path.as_path()).unwrap_or(Path::new(""));
                return Err(damaged(path, format!("the chunk {at} is in no piece of the log")));
            }
        }
        Ok(())
    }
}
