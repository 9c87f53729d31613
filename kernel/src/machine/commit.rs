//! The next commit: all events since the last one, the rows they changed, and pages when a fold is due.

use super::roots::{row_hash, unsealed};
use super::supply::kept_key;
use super::{Stop, Workspace};
use crate::entity::Entity;
use crate::key::{Key, Space};
use crate::storage::{Address, Batch, Row, Write};

impl Workspace {
    /// What has to be committed before replies may leave; none when nothing happened.
    ///
    /// When it stops to have something loaded it has given nothing away: load it and ask again. A batch that was given
    /// and could not be committed is lost; the machine is then to be dropped.
    pub fn batch(&mut self) -> Result<Option<Batch>, Stop> {
        if self.events.is_empty() && self.side_writes.is_empty() && self.trim.is_none() {
            return Ok(None);
        }
        let mut writes = self.row_writes()?;
        writes.extend(self.fold_if_due()?);
        let head = self.heads.encode()?;
        // Nothing can fail from here on, so what was gathered may leave the machine.
        writes.extend(std::mem::take(&mut self.side_writes));
        writes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(Some(Batch {
            expected_pos: self.stored,
            epoch: self.epoch,
            pos: self.pos(),
            head,
            events: std::mem::take(&mut self.events),
            writes,
            trim: std::mem::take(&mut self.trim),
        }))
    }

    /// The batch is durable: replies may leave.
    pub fn committed(&mut self) {
        self.stored = self.pos();
        self.state.committed();
        self.forget_excess();
    }

    fn row_writes(&mut self) -> Result<Vec<(Address, Write)>, Stop> {
        let mut writes = Vec::new();
        let mut pending = Vec::new();
        for (space, rows) in self.state.spaces() {
            let text = space.to_string();
            for key in rows.dirty() {
                let Some(slot) = rows.slot(key) else { continue };
                let row = slot.entity.as_deref().map(|entity| row(entity, slot.since)).transpose()?;
                let address = Address::new(text.as_str(), key.to_string());
                pending.push((space, address.key.clone(), row.as_ref().map(|row| row.hash)));
                writes.push((address, row.map_or(Write::Delete, |row| row_write(key, row))));
            }
        }
        for (line, key, since, entity) in self.state.kept_dirty() {
            let address = Address::new(Space::Kept(line).to_string(), kept_key(&key, since));
            writes.push((address, Write::Put(row(entity, since)?)));
        }
        for (space, key, hash) in pending {
            self.state.rows_mut(space).add_pending(key, hash);
        }
        Ok(writes)
    }
}

/// The record of a command is written once: a second one is a command that was committed already.
fn row_write(key: &Key, row: Row) -> Write {
    match key {
        Key::Command(_) | Key::Idempotency(_) => Write::Insert(row),
        _ => Write::Put(row),
    }
}

fn row(entity: &Entity, since: u64) -> Result<Row, Stop> {
    let value = entity.encode().map_err(unsealed)?;
    Ok(Row { hash: row_hash(&value), value, since })
}
