//! Taking in what another host recorded: the same events, applied to the same effect, with nothing decided again.
//!
//! What comes is checked like in a replay, but against rows that are loaded as they are needed, so that a workspace of any
//! size is taken in with little memory. Something that does not fit is said in words; the machine is then to be dropped,
//! because half of it may be applied.

use super::heads::StreamHead;
use super::record::key_address;
use super::roots::row_hash;
use super::{Stop, Workspace};
use crate::apply::apply_noting;
use crate::entity::{Base, DataKey as DataKeyEntity};
use crate::event::{BlobRef, EventData, Header, Place, Undecodable, event_hash};
use crate::fit::{content_is_whole, follows};
use crate::hash::HashText;
use crate::id::KeyId;
use crate::key::{Key, Line, Space};
use crate::seal::{DataKey, Subject, TransferKey};
use crate::storage::{Address, Row, StoredEvent, Write};
use crate::view::{Answer, Lookup as _, Want};
use std::collections::BTreeMap;

/// An event from elsewhere, read.
#[derive(Debug)]
pub struct Incoming {
    header: Header,
    data: EventData,
    stored: StoredEvent,
}

/// What an event that was taken in brings with it.
#[derive(Debug, Default)]
pub struct Taken {
    /// Whether a data key was made by it, which has to come, too.
    pub key_made: bool,
    /// Whether a data key was destroyed by it, which must not come.
    pub key_destroyed: bool,
    /// Content that is kept apart and has to come, too.
    pub blobs: Vec<BlobRef>,
    /// Whose content is not there any more: the key of this subject has to be destroyed.
    pub dropped: Option<Subject>,
}

impl Incoming {
    /// Read stored bytes and the sealed units beside them.
    pub fn read(body: Vec<u8>, sealed: Vec<u8>) -> Result<Self, Undecodable> {
        let (header, data) = Header::decode(&body)?;
        let (pos, seq, hash) = (header.pos, header.seq, event_hash(&body));
        let stored = StoredEvent { pos, stream: header.stream.to_string(), seq, body, hash, sealed };
        Ok(Self { header, data, stored })
    }

    /// Where it says that it stands.
    pub fn pos(&self) -> u64 {
        self.header.pos
    }
}

impl Workspace {
    /// Rows that taking in `events` asks for and that are not in memory, to be loaded together.
    pub fn wanted_by(&self, events: &[Incoming]) -> Vec<Want> {
        let mut missing: BTreeMap<Space, Vec<Key>> = BTreeMap::new();
        for Incoming { header, data, .. } in events {
            for place in header.places(data) {
                let (space, key) = match place {
                    Place::Data(key) => (Space::Data(header.line()), key),
                    Place::Control(key) => (Space::Control, key),
                };
                if matches!(self.state.get(space, &key), Answer::Missing) {
                    missing.entry(space).or_default().push(key);
                }
            }
        }
        let wants = missing.into_iter().map(|(space, mut keys)| {
            keys.sort_unstable();
            keys.dedup();
            Want::Rows(space, keys)
        });
        wants.collect()
    }

    /// Take in the next event.
    pub fn take(&mut self, event: &mut Incoming) -> Result<Result<Taken, String>, Stop> {
        let Incoming { header, data, stored } = event;
        let fits = follows(&self.heads, self.id, header, stored).and_then(|()| content_is_whole(data, stored));
        let dropped = match fits {
            Ok(dropped) => dropped,
            Err(why) => return Ok(Err(why)),
        };
        for place in header.places(data) {
            self.is_loaded(place, header.line())?;
        }
        if let EventData::BranchRestored(restored) = data {
            let Base { parent, pos, root } = &restored.base;
            if self.past(*parent, *pos)?.root != *root {
                return Ok(Err(format!("{parent} had another root at event {pos}")));
            }
        }
        if apply_noting(&mut self.state, header, data) != header.touched {
            return Ok(Err("it does not touch what it says it touched".to_owned()));
        }
        self.heads.streams.insert(header.stream, StreamHead { seq: header.seq, hash: HashText(stored.hash) });
        self.events.push(stored.clone());
        Ok(Ok(Taken {
            key_made: matches!(data, EventData::KeyCreated(_)),
            key_destroyed: matches!(data, EventData::KeyDestroyed(_)),
            blobs: header.blobs.clone(),
            dropped,
        }))
    }

    /// Take in a data key that is wrapped under `transfer`, stored elsewhere at `at` in the space of keys.
    pub fn take_key(
        &mut self,
        at: &str,
        wrapped: &[u8],
        since: u64,
        transfer: &TransferKey,
    ) -> Result<Result<(), String>, Stop> {
        let Some((subject, id)) = key_named(at) else { return Ok(Err("it is not named like a key".to_owned())) };
        let Some(check) = self.living_key(subject, id)? else {
            return Ok(Err(format!("no event made it, or it was destroyed: {at}")));
        };
        let Ok(key) = DataKey::unwrap(id, wrapped, self.id, &transfer.wrapping(), &check) else {
            return Ok(Err(format!("it is not the key that the log commits to: {at}")));
        };
        let value =
            key.wrapped(self.id, &self.key).ok_or_else(|| Stop::Broken("a data key cannot be wrapped".into()))?;
        let row = Row { hash: row_hash(&value), value, since };
        self.write_aside(key_address(subject, id), Write::Insert(row));
        Ok(Ok(()))
    }

    /// The data key stored at `at`, wrapped under `transfer` instead of the workspace's key; none when it was destroyed.
    pub fn give_key(&self, at: &str, wrapped: &[u8], transfer: &TransferKey) -> Result<Option<Vec<u8>>, Stop> {
        let altered = || Stop::Broken(format!("the wrapped key {at} was altered"));
        let (subject, id) = key_named(at).ok_or_else(altered)?;
        let Some(check) = self.living_key(subject, id)? else { return Ok(None) };
        let key = DataKey::unwrap(id, wrapped, self.id, &self.key, &check).map_err(|_| altered())?;
        key.wrapped(self.id, &transfer.wrapping()).map(Some).ok_or_else(altered)
    }

    /// Whether the key of `subject` was destroyed.
    pub fn is_destroyed(&self, subject: Subject) -> Result<bool, Stop> {
        let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
        Ok(key.is_some_and(|key| *key.destroyed))
    }

    /// Write this beside the log with the next commit.
    pub fn write_aside(&mut self, at: Address, write: Write) {
        self.side_writes.insert(at, write);
    }

    /// Remove the events up to a position from the log with the next commit: they are kept elsewhere.
    pub fn trim(&mut self, pos: u64) {
        self.trim = Some(pos);
    }

    /// What will be written there, beside the log, with the next commit.
    pub fn aside(&self, at: &Address) -> Option<&Write> {
        self.side_writes.get(at)
    }

    /// The commitment to the key of that id, if it is the subject's and was not destroyed.
    fn living_key(&self, subject: Subject, id: KeyId) -> Result<Option<HashText>, Stop> {
        let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
        Ok(key.filter(|key| *key.key == id && !*key.destroyed).map(|key| *key.check))
    }
}

/// The subject and the id of a key that is stored at `at`.
fn key_named(at: &str) -> Option<(Subject, KeyId)> {
    let (subject, id) = at.rsplit_once('/')?;
    Some((subject.parse().ok()?, id.parse().ok()?))
}

/// The subject of a key that is stored at `at`: its row has to be loaded before the key is taken or given.
pub fn subject_named(at: &str) -> Option<Subject> {
    key_named(at).map(|(subject, _)| subject)
}
