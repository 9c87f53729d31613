//! How much room there is, looked at seldom, and what is not taken when there is little.

use crate::{Failure, Sequencer};
use kernel::machine::{BLOBS_SPACE, Takes};
use kernel::segment::SEGMENTS_SPACE;
use kernel::snapshot::{CHUNKS_SPACE, SNAPSHOTS_SPACE};
use kernel::storage::{Batch, Write};
use ports::Space;
use ports::space::{PartsView, Room, SpaceView};

/// Room is looked at again after so many commits, or so many bytes.
const COMMITS: u32 = 64;
const BYTES: usize = 1 << 20;

/// What is known of the room.
#[derive(Debug, Default)]
pub(crate) struct KnownRoom {
    /// What the store said last; none before it was asked.
    known: Option<Room>,
    commits: u32,
    bytes: usize,
}

impl KnownRoom {
    /// Note what was committed.
    pub(crate) fn note(&mut self, batch: &Batch) {
        let events: usize = batch.events.iter().map(|event| event.body.len() + event.sealed.len()).sum();
        let row = |write: &Write| match write {
            Write::Put(row) | Write::Insert(row) => row.value.len(),
            Write::Delete => 0,
        };
        self.commits = self.commits.saturating_add(1);
        self.bytes =
            self.bytes.saturating_add(events + batch.writes.iter().map(|(_, write)| row(write)).sum::<usize>());
    }

    fn is_known(&self) -> bool {
        let is_young = self.commits < COMMITS && self.bytes < BYTES;
        self.known.is_some_and(|room| is_young && room <= Room::Scarce)
    }
}

impl Sequencer {
    /// Look whether there is room, unless that is known; from then on the workspace takes what there is room for. Where
    /// there is little it is looked at each time: it may have been made meanwhile.
    pub(crate) async fn look_at_room(&mut self) -> Room {
        if let Some(room) = self.room.known.filter(|_| self.room.is_known()) {
            return room;
        }
        // What cannot be asked now holds up no command; if there is no room, the commit says so.
        match self.store.space(&self.name()).await {
            Ok(space) => self.note_room(space),
            Err(_) => self.room.known.unwrap_or_default(),
        }
    }

    fn note_room(&mut self, space: Space) -> Room {
        let room = Room::of(space);
        self.room = KnownRoom { known: Some(room), commits: 0, bytes: 0 };
        self.take_what_fits();
        room
    }

    /// Tell the machine, which may be another than before.
    pub(crate) fn take_what_fits(&mut self) {
        self.workspace.take_only(match self.room.known {
            Some(Room::Full) => Takes::WhatEndsWork,
            Some(Room::None) => Takes::Nothing,
            Some(Room::Enough | Room::Scarce) | None => Takes::Everything,
        });
    }

    /// How much room the workspace takes, and what takes it. This looks at everything there is.
    pub async fn space(&mut self) -> Result<SpaceView, Failure> {
        self.exists()?;
        let space = self.store.space(&self.name()).await?;
        let (room, sizes) = (self.note_room(space), self.store.sizes(&self.name()).await?);
        let mut parts = PartsView { log: sizes.log, ..PartsView::default() };
        for (space, bytes) in sizes.spaces {
            let part = match space.as_str() {
                SEGMENTS_SPACE => &mut parts.segments,
                CHUNKS_SPACE | SNAPSHOTS_SPACE => &mut parts.snapshots,
                BLOBS_SPACE => &mut parts.content,
                _ => &mut parts.rows,
            };
            *part = part.saturating_add(bytes);
        }
        let all = [parts.log, parts.segments, parts.rows, parts.snapshots, parts.content].iter().sum();
        let used = if space == Space::default() { all } else { space.used };
        Ok(SpaceView { room, used, limit: space.limit, packed_to: self.packed_to().await?, parts })
    }
}
