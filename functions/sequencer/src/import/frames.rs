//! Frames of records: each is taken in whole, and is a commit.

use super::altered;
use super::mark::{Sort, Underway, blob, dropped, row, sealed};
use crate::{Failure, Sequencer, broken};
use kernel::event::{BlobRef, Undecodable};
use kernel::hash::{Domain, Hashing};
use kernel::id::BlobId;
use kernel::key::{Key, Space};
use kernel::machine::{Incoming, Stop, chunk_address, row_hash, subject_named};
use kernel::storage::{Address, Row as Stored, Write};
use kernel::view::Want;
use ports::StoreError;
use ports::problem::Fault;
use ports::transfer::{self, Frame, ImportStand, Record, Row};

impl Sequencer {
    /// Take in a frame of records: of events, of keys or of chunks.
    pub(super) async fn take_frame(&mut self, frame: &Frame) -> Result<ImportStand, Failure> {
        let mut next = self.underway()?.behind(frame.size, frame.chain);
        let records: Vec<Record<'_>> =
            transfer::records(&frame.raw).collect::<Result<_, _>>().map_err(super::refused)?;
        let sort = match records.first() {
            Some(Record::Sealed(_) | Record::Event(_)) => Sort::Events,
            Some(Record::Key(_)) => Sort::Keys,
            Some(Record::Chunk(_)) => Sort::Chunks,
            None => return Err(altered("a frame is empty")),
        };
        self.in_order(&mut next, sort)?;
        match sort {
            Sort::Events => self.take_events(&mut next, &records).await?,
            Sort::Keys => self.take_keys(&mut next, &records).await?,
            Sort::Chunks => self.take_chunks(&mut next, &records).await?,
        }
        self.keep(next).await
    }

    /// Keys come behind all events, and chunks behind all keys.
    fn in_order(&self, next: &mut Underway, sort: Sort) -> Result<(), Failure> {
        if sort < next.sort {
            return Err(altered("its records are not in order"));
        }
        if sort > Sort::Events {
            self.events_are_whole(next)?;
        }
        if sort > next.sort {
            (next.sort, next.last) = (sort, String::new());
        }
        Ok(())
    }

    pub(super) fn events_are_whole(&self, next: &Underway) -> Result<(), Failure> {
        let (here, there) = (self.workspace().pos(), next.about.pos);
        if here != there || next.sealed {
            return Err(altered(&format!("its events end at {here}, and it says that it goes up to {there}")));
        }
        Ok(())
    }

    async fn take_events(&mut self, next: &mut Underway, records: &[Record<'_>]) -> Result<(), Failure> {
        let mut units = self.units_kept(next).await?;
        let mut events = Vec::with_capacity(records.len());
        for record in records {
            match record {
                Record::Sealed(bytes) if units.is_none() => units = Some(bytes.to_vec()),
                Record::Event(body) => {
                    let read = Incoming::read(body.to_vec(), units.take().unwrap_or_default());
                    events.push(read.map_err(|why| undecodable(&why))?);
                }
                _ => return Err(altered("its records are not in order")),
            }
        }
        if let Some(units) = units {
            self.workspace.write_aside(sealed(), Write::Put(row(units)));
            next.sealed = true;
        }
        for want in self.workspace.wanted_by(&events) {
            self.load(want).await?;
        }
        for event in &mut events {
            self.take_event(next, event).await?;
        }
        Ok(())
    }

    /// Sealed units that stood at the end of the frame before.
    async fn units_kept(&mut self, next: &mut Underway) -> Result<Option<Vec<u8>>, Failure> {
        if !next.sealed {
            return Ok(None);
        }
        let row = self.kept_row(&sealed()).await?;
        let row = row.ok_or_else(|| StoreError::Damaged { what: "the sealed units an import keeps".to_owned() })?;
        self.workspace.write_aside(sealed(), Write::Delete);
        next.sealed = false;
        Ok(Some(row.value))
    }

    async fn take_event(&mut self, next: &mut Underway, event: &mut Incoming) -> Result<(), Failure> {
        let pos = event.pos();
        if pos > next.about.pos {
            return Err(altered(&format!("event {pos} stands behind the position up to which it goes")));
        }
        let taken = self.ask_anyway(|workspace| workspace.take(event)).await?;
        let taken = taken.map_err(|why| altered(&format!("event {pos}: {why}")))?;
        next.keys_due += u64::from(taken.key_made);
        next.keys_due = next.keys_due.saturating_sub(u64::from(taken.key_destroyed));
        for it in taken.blobs {
            let value = serde_json::to_vec(&it).map_err(|why| broken(Stop::Broken(why.to_string())))?;
            self.workspace.write_aside(blob(it.blob), Write::Put(row(value)));
        }
        if let Some(subject) = taken.dropped {
            self.workspace.write_aside(dropped(subject), Write::Put(row(Vec::new())));
        }
        Ok(())
    }

    async fn take_keys(&mut self, next: &mut Underway, records: &[Record<'_>]) -> Result<(), Failure> {
        let transfer = next.key(&self.key)?;
        let subjects = records.iter().filter_map(|record| match record {
            Record::Key(row) => subject_named(row.at).map(Key::Subject),
            _ => None,
        });
        self.load(Want::Rows(Space::Control, subjects.collect())).await?;
        for record in records {
            let Record::Key(Row { since, at, value }) = record else {
                return Err(altered("its records are not in order"));
            };
            ascends(next, at)?;
            let taken = self.ask_anyway(|workspace| workspace.take_key(at, value, *since, &transfer)).await?;
            taken.map_err(|why| altered(&format!("a data key: {why}")))?;
            next.keys += 1;
        }
        Ok(())
    }

    async fn take_chunks(&mut self, next: &mut Underway, records: &[Record<'_>]) -> Result<(), Failure> {
        for record in records {
            let Record::Chunk(chunk) = record else { return Err(altered("its records are not in order")) };
            ascends(next, chunk.at)?;
            self.take_chunk(chunk).await?;
            next.chunks += 1;
        }
        Ok(())
    }

    async fn take_chunk(&mut self, chunk: &Row<'_>) -> Result<(), Failure> {
        let named = chunk.at.split_once('/').and_then(|(id, nth)| Some((id.parse().ok()?, nth.parse::<u16>().ok()?)));
        let Some((id, nth)) = named else { return Err(altered("a chunk is not named like one")) };
        let address = chunk_address(id, nth);
        let Some(due) = self.kept_row(&blob(id)).await?.filter(|_| address.key == chunk.at) else {
            return Err(altered(&format!("no event brought the chunk {}", chunk.at)));
        };
        let due: BlobRef = serde_json::from_slice(&due.value)
            .map_err(|why| StoreError::Damaged { what: format!("what an import keeps of {id}: {why}") })?;
        if nth >= due.chunks {
            return Err(altered(&format!("no event brought the chunk {}", chunk.at)));
        }
        if nth.saturating_add(1) == due.chunks {
            self.is_whole(&due, chunk.value).await?;
            self.workspace.write_aside(blob(id), Write::Delete);
        }
        let value = chunk.value.to_vec();
        self.workspace
            .write_aside(address, Write::Insert(Stored { hash: row_hash(&value), value, since: chunk.since }));
        Ok(())
    }

    /// Whether the chunks before `last`, one after the other, and `last` are what the log commits to.
    async fn is_whole(&self, blob: &BlobRef, last: &[u8]) -> Result<(), Failure> {
        let mut hashing = Hashing::begin(Domain::Unit);
        for nth in 0..blob.chunks.saturating_sub(1) {
            let chunk = self.chunk(blob.blob, nth).await?;
            let missing = || altered(&format!("chunk {nth} of {} is not there", blob.blob));
            hashing.update(&chunk.ok_or_else(missing)?);
        }
        hashing.update(last);
        if hashing.end() == blob.blob.0 {
            return Ok(());
        }
        Err(altered(&format!("the chunks of {} are not what the log commits to", blob.blob)))
    }

    /// A chunk that was taken in: with this frame, or before.
    async fn chunk(&self, id: BlobId, nth: u16) -> Result<Option<Vec<u8>>, Failure> {
        let at: Address = chunk_address(id, nth);
        if let Some(Write::Insert(row)) = self.workspace().aside(&at) {
            return Ok(Some(row.value.clone()));
        }
        Ok(self.kept_row(&at).await?.map(|row| row.value))
    }
}

/// Keys and chunks stand in the order in which they are stored, so none comes twice.
fn ascends(next: &mut Underway, at: &str) -> Result<(), Failure> {
    if *at <= *next.last {
        return Err(altered("its records are not in order"));
    }
    next.last = at.to_owned();
    Ok(())
}

fn undecodable(why: &Undecodable) -> Failure {
    match why {
        Undecodable::Type(_) | Undecodable::Version(_) => Failure::Transfer(Fault::ImportVersion, why.to_string()),
        Undecodable::Envelope(_) | Undecodable::Data(_) => altered(&why.to_string()),
    }
}
