//! Giving a workspace away as a file, a slice at a time. Nothing here writes.

use crate::{Failure, Sequencer, broken};
use kernel::event::{EventData, Header};
use kernel::key::{Key, Space};
use kernel::machine::{BLOBS_SPACE, KEYS_SPACE, chunk_address, subject_named};
use kernel::reject::Code;
use kernel::storage::Row as Stored;
use kernel::view::Want;
use ports::StoreError;
use ports::problem::Fault;
use ports::transfer::{self, About, Ending, ExportAsk, ExportCursor, ExportSlice, FILE_FORMAT, FrameKind};
use ports::transfer::{KeyAbout, MAGIC, Next, PART_FORMAT, RAW_BYTES_MAX, Record, Row};

/// A frame of events is full at this many bytes; a larger record has a frame for itself.
const FRAME_BYTES: usize = 256 * 1024;
/// Events read in one go. Few, because each may be as large as a row.
const EVENTS: usize = 32;
/// Keys read in one go.
const KEYS: usize = 256;
/// Above every key of a space.
const END: &str = "\u{7f}";

impl Sequencer {
    /// The next slice of the workspace as a file: one frame.
    pub async fn export(&mut self, ask: &ExportAsk) -> Result<ExportSlice, Failure> {
        let Some(cursor) = &ask.cursor else { return self.beginning(ask).await };
        self.exists()?;
        let mut cursor = cursor.clone();
        match cursor.next.clone() {
            Next::Event { after, sealed } => self.events_of(&mut cursor, after, sealed).await,
            Next::Key(after) => self.keys_of(ask, &mut cursor, &after).await,
            Next::Chunk(after) => self.chunk_of(&mut cursor, &after).await,
            Next::ChunkOf { after, skip } => self.chunk_of_event(&mut cursor, after, skip).await,
            Next::Ending => self.ending_of(ask, cursor).await,
        }
    }

    async fn beginning(&mut self, ask: &ExportAsk) -> Result<ExportSlice, Failure> {
        let view = self.describe().await?;
        if view.pos == 0 {
            return Err(Failure::Store(StoreError::NoWorkspace));
        }
        if view.moving.is_some() && view.origin.is_some_and(|origin| origin.held) {
            // Two copies of one journey would both wait for the same proof.
            let why = "it came here to stay, and was not adopted yet";
            return Err(Failure::Refused(Code::WorkspaceFrozen.because(why)));
        }
        if ask.after > view.pos {
            let why = format!("the last event is {}", view.pos);
            return Err(Failure::Refused(Code::PositionAhead.because(why)));
        }
        let about = About {
            file: if ask.after == 0 { FILE_FORMAT } else { PART_FORMAT },
            format: view.format,
            kernel: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: view.id,
            after: ask.after,
            pos: view.pos,
            roots: view.roots.clone(),
            written_at: ask.written_at,
            key: KeyAbout { check: ask.key.check(view.id), age: ask.wrapped.clone() },
        };
        let mut chain = transfer::begin();
        let frame = transfer::write(&mut chain, FrameKind::About, &written(&about)?);
        let next = match ask.after {
            after if after == view.pos => Next::Key(String::new()),
            after => Next::Event { after, sealed: false },
        };
        let cursor = ExportCursor { pos: view.pos, roots: view.roots, chain, next, keys: 0, chunks: 0 };
        Ok(ExportSlice { bytes: [MAGIC, &frame].concat(), next: Some(cursor) })
    }

    /// Events as they are stored, and before each its sealed units. Units that do not fit into one frame with their event
    /// stand at the end of the one before.
    async fn events_of(
        &mut self,
        cursor: &mut ExportCursor,
        mut after: u64,
        mut sealed: bool,
    ) -> Result<ExportSlice, Failure> {
        let page = self.store.events(&self.name(), after, EVENTS).await?;
        let mut raw = Vec::new();
        for event in page.iter().filter(|event| event.pos <= cursor.pos) {
            let units = (!sealed && !event.sealed.is_empty()).then_some(Record::Sealed(&event.sealed));
            let body = Record::Event(&event.body);
            let size = raw.len() + units.as_ref().map_or(0, Record::size) + body.size();
            let fits = size <= if raw.is_empty() { RAW_BYTES_MAX } else { FRAME_BYTES };
            if !fits && !raw.is_empty() {
                break;
            }
            if let Some(units) = units {
                units.write(&mut raw);
                sealed = true;
            }
            if !fits {
                break;
            }
            body.write(&mut raw);
            (after, sealed) = (event.pos, false);
        }
        cursor.next = if after == cursor.pos { Next::Key(String::new()) } else { Next::Event { after, sealed } };
        if raw.is_empty() {
            return Err(StoreError::Damaged { what: format!("event {} is not there", after + 1) }.into());
        }
        Ok(slice(cursor, &raw))
    }

    /// Data keys of up to the position, wrapped under the key of the file.
    async fn keys_of(
        &mut self,
        ask: &ExportAsk,
        cursor: &mut ExportCursor,
        after: &str,
    ) -> Result<ExportSlice, Failure> {
        let page = self.store.range(&self.name(), KEYS_SPACE, after, END, KEYS).await?;
        cursor.next = match page.last() {
            Some((last, _)) if page.len() == KEYS => Next::Key(last.clone()),
            _ if ask.after == 0 => Next::Chunk(String::new()),
            _ => Next::ChunkOf { after: ask.after, skip: 0 },
        };
        let subjects = page.iter().filter_map(|(at, _)| subject_named(at)).map(Key::Subject).collect();
        self.load(Want::Rows(Space::Control, subjects)).await?;
        let mut raw = Vec::new();
        for (at, row) in page.iter().filter(|(_, row)| row.since <= cursor.pos) {
            let given = self.ask(|workspace| workspace.give_key(at, &row.value, &ask.key)).await?;
            let Some(value) = given else { continue };
            Record::Key(Row { since: row.since, at, value: &value }).write(&mut raw);
            cursor.keys += 1;
        }
        // The rows of keys are read for this only, and there is one for every subject there ever was.
        self.forget();
        Ok(slice(cursor, &raw))
    }

    /// The next chunk of large content of up to the position.
    async fn chunk_of(&mut self, cursor: &mut ExportCursor, after: &str) -> Result<ExportSlice, Failure> {
        let page: Vec<(String, Stored)> = self.store.range(&self.name(), BLOBS_SPACE, after, END, 1).await?;
        let Some((at, row)) = page.first() else {
            cursor.next = Next::Ending;
            return Ok(ExportSlice { bytes: Vec::new(), next: Some(cursor.clone()) });
        };
        cursor.next = Next::Chunk(at.clone());
        if row.since > cursor.pos {
            return Ok(ExportSlice { bytes: Vec::new(), next: Some(cursor.clone()) });
        }
        let mut raw = Vec::new();
        Record::Chunk(Row { since: row.since, at, value: &row.value }).write(&mut raw);
        cursor.chunks += 1;
        Ok(slice(cursor, &raw))
    }

    /// The next chunk of large content that events of a part brought, found by the events: what came before is not read.
    async fn chunk_of_event(
        &mut self,
        cursor: &mut ExportCursor,
        mut after: u64,
        mut skip: u64,
    ) -> Result<ExportSlice, Failure> {
        let page = self.store.events(&self.name(), after, if skip == 0 { EVENTS } else { 1 }).await?;
        for event in page.iter().filter(|event| event.pos <= cursor.pos) {
            let (header, _) = Header::decode(&event.body).map_err(|why| unreadable(event.pos, why))?;
            let chunks = header.blobs.iter().flat_map(|blob| (0..blob.chunks).map(|nth| chunk_address(blob.blob, nth)));
            for at in chunks.skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
                skip += 1;
                let found = self.store.rows(&self.name(), std::slice::from_ref(&at)).await?;
                let Some(row) = found.into_iter().next().flatten() else { continue };
                let mut raw = Vec::new();
                Record::Chunk(Row { since: row.since, at: &at.key, value: &row.value }).write(&mut raw);
                cursor.chunks += 1;
                cursor.next = Next::ChunkOf { after, skip };
                return Ok(slice(cursor, &raw));
            }
            (after, skip) = (event.pos, 0);
        }
        cursor.next = if after >= cursor.pos { Next::Ending } else { Next::ChunkOf { after, skip: 0 } };
        Ok(ExportSlice { bytes: Vec::new(), next: Some(cursor.clone()) })
    }

    async fn ending_of(&mut self, ask: &ExportAsk, mut cursor: ExportCursor) -> Result<ExportSlice, Failure> {
        self.nothing_was_destroyed_after(cursor.pos).await?;
        let (keys, chunks, roots) = (cursor.keys, cursor.chunks, cursor.roots);
        let ending = Ending {
            events: cursor.pos.saturating_sub(ask.after),
            keys,
            chunks,
            roots,
            seal: ask.key.seal(&cursor.chain),
        };
        let bytes = transfer::write(&mut cursor.chain, FrameKind::Ending, &written(&ending)?);
        Ok(ExportSlice { bytes, next: None })
    }

    /// A key that was destroyed while the file was written is missing from it, although its log does not say so.
    async fn nothing_was_destroyed_after(&mut self, mut pos: u64) -> Result<(), Failure> {
        loop {
            let page = self.store.events(&self.name(), pos, EVENTS).await?;
            for event in &page {
                pos = event.pos;
                let decoded = Header::decode(&event.body).map_err(|why| unreadable(pos, why))?;
                if let (_, EventData::KeyDestroyed(it)) = decoded {
                    let why = format!("the key of {} was destroyed by event {pos}", it.subject);
                    return Err(Failure::Transfer(Fault::ExportOvertaken, why));
                }
            }
            if page.len() < EVENTS {
                return Ok(());
            }
        }
    }
}

fn slice(cursor: &mut ExportCursor, raw: &[u8]) -> ExportSlice {
    let bytes = if raw.is_empty() { Vec::new() } else { transfer::write(&mut cursor.chain, FrameKind::Records, raw) };
    ExportSlice { bytes, next: Some(cursor.clone()) }
}

fn unreadable(pos: u64, why: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: format!("event {pos}: {why}") }
}

fn written(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|why| broken(kernel::machine::Stop::Broken(why.to_string())))
}
