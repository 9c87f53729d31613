//! Recording a decided command: seal its content, apply its events, hash them into their streams.

use super::execute::{Decided, sealed_subject, stream_of};
use super::heads::StreamHead;
use super::{BLOBS_SPACE, KEYS_SPACE, Stop, Workspace};
use crate::apply::apply_noting;
use crate::command::Draft;
use crate::event::{BlobRef, ENVELOPE, EventData, Header, event_hash};
use crate::hash::{Domain, FORMAT, HashText, hash};
use crate::id::{BlobId, KeyId};
use crate::key::Space;
use crate::seal::{Bound, Content, DataKey, Subject, Unit, frame};
use crate::storage::{Address, Row, StoredEvent, Write};
use std::borrow::Cow;

/// A sealed unit larger than this is kept apart from its event, in bytes.
const INLINE_MAX: usize = 128 * 1024;

/// A chunk of content that is kept apart, in bytes; well below what a row may have.
const CHUNK_BYTES: usize = 512 * 1024;

/// Version of the kernel, as events name it.
const KERNEL: &str = env!("CARGO_PKG_VERSION");

/// Chunks of units that are kept apart from their event.
type Chunks = Vec<(Address, Write)>;

impl Workspace {
    pub(super) fn record(&mut self, mut decided: Decided<'_>) -> Result<(), Stop> {
        let control_seq = self.heads.stream(Space::Control).seq;
        for (subject, key) in &decided.fresh {
            self.wrap(*subject, key)?;
        }
        let mut frames = Vec::with_capacity(decided.drafts.len());
        let mut drafts = std::mem::take(&mut decided.drafts);
        for draft in &mut drafts {
            let (inline, apart) = self.seal(&decided, draft)?;
            frames.push(inline);
            self.side_writes.extend(apart);
        }
        for (nth, (draft, sealed)) in drafts.into_iter().zip(frames).enumerate() {
            self.append(&decided, nth == 0, draft, sealed, control_seq)?;
        }
        Ok(())
    }

    fn wrap(&mut self, subject: Subject, key: &DataKey) -> Result<(), Stop> {
        let wrapped =
            key.wrapped(self.id, &self.key).ok_or_else(|| Stop::Broken("a data key cannot be wrapped".into()))?;
        let row = Row { hash: hash(Domain::Row, &[&wrapped]), value: wrapped, since: self.pos() + 1 };
        self.side_writes.insert(key_address(subject, key.id()), Write::Insert(row));
        self.keys.insert(key.id(), key.clone());
        Ok(())
    }

    /// Replace the draft's content by references; give the frame of the units they commit to, and the chunks of those
    /// that are kept apart.
    fn seal(&self, decided: &Decided<'_>, draft: &mut Draft) -> Result<(Vec<u8>, Chunks), Stop> {
        let Some(subject) = sealed_subject(draft) else { return Ok((Vec::new(), Vec::new())) };
        let key = self.open_key(decided, subject)?;
        let schema = draft.data.schema();
        let (mut units, mut apart) = (Vec::new(), Vec::new());
        for (role, content) in draft.data.contents() {
            let Content::Plain(text) = &*content else { continue };
            let bound = Bound { workspace: self.id, command: decided.command, schema, role, k: 0 };
            let (bytes, hash) = bound
                .seal(key, text)
                .ok_or_else(|| Stop::Broken(format!("{role} of {} cannot be sealed", schema.0)))?;
            let mut unit = Unit { key: key.id(), hash, size: bytes.len() as u32, chunks: 0, at: None };
            if bytes.len() <= INLINE_MAX {
                units.push(bytes);
            } else {
                unit.chunks = bytes.len().div_ceil(CHUNK_BYTES) as u16;
                apart.extend(chunk_writes(BlobId(hash.0), &bytes, self.pos() + 1));
            }
            self.insight.keep(hash, subject, text);
            *content = Content::Sealed(Box::new(unit));
        }
        Ok((frame(&units), apart))
    }

    /// The subject's key: made by this command, or known before.
    fn open_key<'a>(&'a self, decided: &'a Decided<'_>, subject: Subject) -> Result<&'a DataKey, Stop> {
        if let Some((_, key)) = decided.fresh.iter().find(|(of, _)| *of == subject) {
            return Ok(key);
        }
        let known = self.key_of(subject)?.and_then(|(id, _)| self.keys.get(&id));
        known.ok_or_else(|| Stop::Broken(format!("the key of {subject} is not open")))
    }

    fn append(
        &mut self,
        decided: &Decided<'_>,
        is_first: bool,
        mut draft: Draft,
        sealed: Vec<u8>,
        control: u64,
    ) -> Result<(), Stop> {
        let stream = stream_of(&draft.data, decided.line);
        let head = self.heads.stream(stream);
        let (name, version) = draft.data.schema();
        let mut header = Header {
            v: ENVELOPE,
            format: FORMAT,
            kernel: Cow::Borrowed(KERNEL),
            workspace: self.id,
            stream,
            seq: head.seq + 1,
            pos: self.pos() + 1,
            name: Cow::Borrowed(name),
            version,
            command: decided.command,
            first: is_first.then(|| decided.first.clone()),
            causes: draft.causes,
            root: draft.root,
            actor: decided.request.actor.clone(),
            on_behalf_of: decided.request.on_behalf_of.clone(),
            authored_at: decided.request.authored_ms,
            accepted_at: decided.now_ms,
            scope: Cow::Borrowed(decided.request.command.scope()),
            read: draft.read,
            blobs: Vec::new(),
            touched: Vec::new(),
            control,
            keep: decided.keep.filter(|_| stream != Space::Control),
            previous: head.hash,
        };
        header.blobs = blobs_of(&mut draft.data);
        header.touched = apply_noting(&mut self.state, &header, &draft.data);
        if let EventData::KeyDestroyed(destroyed) = &draft.data {
            self.keys.remove(&destroyed.key);
            self.insight.forget();
            self.side_writes.insert(key_address(destroyed.subject, destroyed.key), Write::Delete);
        }
        let body =
            header.encode(&draft.data).map_err(|why| Stop::Broken(format!("{name} cannot be written: {why}")))?;
        let hash = event_hash(&body);
        self.heads.streams.insert(stream, StreamHead { seq: header.seq, hash: HashText(hash) });
        self.events.push(StoredEvent {
            pos: header.pos,
            stream: stream.to_string(),
            seq: header.seq,
            body,
            hash,
            sealed,
        });
        Ok(())
    }
}

/// Content that `data` brings and that is kept apart.
fn blobs_of(data: &mut EventData) -> Vec<BlobRef> {
    let units = data.contents().into_iter().filter_map(|(_, content)| content.unit().cloned());
    let blob = |unit: Unit| {
        let (blob, kind) = (unit.blob()?, "text/plain; charset=utf-8".to_owned());
        Some(BlobRef { blob, size: unit.size, chunks: unit.chunks, kind, key: unit.key })
    };
    units.filter_map(blob).collect()
}

fn chunk_writes(blob: BlobId, bytes: &[u8], since: u64) -> Chunks {
    let row = |chunk: &[u8]| Row { hash: hash(Domain::Row, &[chunk]), value: chunk.to_vec(), since };
    let chunks = bytes.chunks(CHUNK_BYTES).enumerate();
    chunks.map(|(nth, chunk)| (chunk_address(blob, nth as u16), Write::Put(row(chunk)))).collect()
}

/// Where a chunk of content that is kept apart is.
pub fn chunk_address(blob: BlobId, nth: u16) -> Address {
    Address::new(BLOBS_SPACE, format!("{blob}/{nth:05}"))
}

/// Where a wrapped data key is: beside the keys of things made at the same time, which are written together.
pub fn key_address(subject: Subject, key: KeyId) -> Address {
    Address::new(KEYS_SPACE, format!("{subject}/{key}"))
}
