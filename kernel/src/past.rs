//! A few entities as they were at a position.
//!
//! [`crate::replay::Replay`] arrives at everything that a workspace's events lead to, and holds all of it. Whoever asks
//! what one entity was needs no more of it than the events that name that entity: what an event does to a row follows from
//! the event and that row alone. So this replays the few rows that are wanted, in memory that does not grow with the
//! workspace, and can be parted anywhere.

use crate::apply::apply;
use crate::entity::{Branch, Entity};
use crate::event::{Header, Place, event_hash};
use crate::id::WorkspaceId;
use crate::key::{BranchId, Key, Line, Space};
use crate::machine::row_hash;
use crate::state::{State, Supplied};
use crate::storage::StoredEvent;
use crate::view::{Answer, Found, Lookup as _, resolve};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The row that says what the lines of `main` stand on.
const MAIN: Key = Key::Branch(BranchId::Main);

/// A few entities as they were at a position.
#[derive(Debug)]
pub struct Past {
    workspace: WorkspaceId,
    pos: u64,
    wanted: BTreeSet<Key>,
    /// What the lines of `main` stand on, as it is known today: what a line stands on never changes.
    main: Branch,
    state: State,
}

/// The same, to go on with later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRows {
    /// The position.
    pub pos: u64,
    /// Rows, each with the position of the event that changed it last, as it is encoded.
    pub rows: Vec<(Space, Key, u64, String)>,
}

impl Past {
    /// `wanted` before the first event after `pos`, where none of them is there yet. `main` is the branch's row of today.
    pub fn new(workspace: WorkspaceId, wanted: BTreeSet<Key>, pos: u64, main: &Branch) -> Self {
        let mut pins: BTreeMap<Line, BTreeSet<u64>> = BTreeMap::new();
        for base in main.restores(BranchId::Main) {
            pins.entry(base.parent).or_default().insert(base.pos);
        }
        let mut past = Self { workspace, pos, wanted, main: main.clone(), state: State::complete_with(pins) };
        past.know_main();
        past
    }

    /// `wanted` as `from` has them. The error says which row cannot be read.
    pub fn resume(
        workspace: WorkspaceId,
        wanted: BTreeSet<Key>,
        from: &PastRows,
        main: &Branch,
    ) -> Result<Self, String> {
        let mut past = Self::new(workspace, wanted, from.pos, main);
        for (space, key, since, value) in &from.rows {
            let entity = Entity::decode(key, value.as_bytes()).map_err(|why| format!("row {space}/{key}: {why}"))?;
            match *space {
                Space::Kept(line) => past.state.supply_pinned(line, *key, *since, entity),
                space => {
                    let row = Supplied { entity, since: *since, hash: row_hash(value.as_bytes()) };
                    past.state.rows_mut(space).supply(*key, Some(row));
                }
            }
        }
        Ok(past)
    }

    /// The last event that was taken.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    /// Take the next event. What is wrong with it is said in words.
    pub fn event(&mut self, stored: &StoredEvent) -> Result<(), String> {
        if event_hash(&stored.body) != stored.hash {
            return Err("its hash does not fit its bytes".to_owned());
        }
        let (header, data) = Header::decode(&stored.body).map_err(|why| why.to_string())?;
        if stored.pos != self.pos + 1 || header.pos != stored.pos || header.workspace != self.workspace {
            return Err(format!("it is not the event at position {} of this workspace", self.pos + 1));
        }
        self.pos = stored.pos;
        if header.places(&data).iter().any(|place| self.wants(place)) {
            apply(&mut self.state, &header, &data);
            let wanted = &self.wanted;
            self.state.keep_only(|key| wanted.contains(key));
            self.know_main();
        }
        Ok(())
    }

    /// The entity under `key` as `main` and control had it; none when it was not there, or is not among what is wanted.
    pub fn get(&self, key: &Key) -> Option<Found<'_>> {
        match space_of(key, self.main())? {
            Space::Data(line) => resolve(&self.state, line, key).ok().flatten(),
            space => match self.state.get(space, key) {
                Answer::Present(found) => Some(found),
                Answer::Absent | Answer::Missing => None,
            },
        }
    }

    /// The rows, to go on with later.
    pub fn rows(&self) -> Result<PastRows, String> {
        let mut rows = Vec::new();
        for (space, of_space) in self.state.spaces() {
            for (key, entity, since) in of_space.present().filter(|(key, ..)| self.wanted.contains(key)) {
                rows.push((space, *key, since, encoded(entity)?));
            }
        }
        for (line, key, since, entity) in self.state.pinned_versions() {
            rows.push((Space::Kept(line), key, since, encoded(entity)?));
        }
        Ok(PastRows { pos: self.pos, rows })
    }

    /// What `main` was.
    fn main(&self) -> Line {
        Line { branch: BranchId::Main, incarnation: self.main.incarnation_at(self.pos) }
    }

    /// Reads and changes of a line need to know what it stands on. Where that row is itself what is wanted, it says as much as
    /// there is to know at its position.
    fn know_main(&mut self) {
        if !self.wanted.contains(&MAIN) {
            let row = Supplied { entity: Entity::Branch(self.main.clone()), since: 0, hash: [0; 32] };
            self.state.rows_mut(Space::Control).supply(MAIN, Some(row));
        }
    }

    fn wants(&self, place: &Place) -> bool {
        let (Place::Data(key) | Place::Control(key)) = place;
        self.wanted.contains(key)
    }
}

fn encoded(entity: &Entity) -> Result<String, String> {
    let bytes = entity.encode().map_err(|why| format!("a replayed row cannot be written: {why}"))?;
    String::from_utf8(bytes).map_err(|why| format!("a replayed row is no text: {why}"))
}

/// Where the entity under `key` lives: in control, or in the data of `line`; none for what an idempotency key stands for.
pub fn space_of(key: &Key, line: Line) -> Option<Space> {
    match key {
        Key::Idempotency(_) => None,
        Key::Agent(_) | Key::Call(_) | Key::Document(_) | Key::Effect(_) | Key::Name(_) | Key::Note(_) => {
            Some(Space::Data(line))
        }
        Key::Provider(_) | Key::Run(_) | Key::Step(_) | Key::Task(_) | Key::Turn(_) | Key::Workflow(_) => {
            Some(Space::Data(line))
        }
        // Content that control brought is noted in control, but that is the rare case.
        Key::Blob(_) | Key::Workspace => Some(Space::Data(line)),
        Key::Approval(_) | Key::Branch(_) | Key::Chain(..) | Key::Command(_) | Key::Device(_) | Key::Due(..) => {
            Some(Space::Control)
        }
        Key::Egress | Key::Expiry(..) | Key::Lease(_) | Key::Leased(..) | Key::Move | Key::Open(_) => {
            Some(Space::Control)
        }
        Key::Origin | Key::Ready(_) | Key::Restored(_) | Key::Runtime(_) | Key::Subject(_) | Key::Usage(_) => {
            Some(Space::Control)
        }
    }
}
