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
    /// Asking again gives the same batch, so a driver may repeat it after loading what it stops for.
    pub fn batch(&mut self) -> Result<Option<Batch>, Stop> {
        if self.events.is_empty() {
            return Ok(None);
        }
        let mut writes = self.row_writes()?;
        writes.extend(self.fold_if_due()?);
        writes.extend(self.key_writes.iter().map(|(address, write)| (address.clone(), write.clone())));
        writes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(Some(Batch {
            expected_pos: self.stored,
            epoch: self.epoch,
            pos: self.pos(),
            head: self.heads.encode()?,
            events: self.events.clone(),
            writes,
        }))
    }

    /// The batch is durable: replies may leave.
    pub fn committed(&mut self) {
        self.stored = self.pos();
        self.events.clear();
        self.key_writes.clear();
        self.state.committed();
        self.forget_excess();
    }

    fn row_writes(&mut self) -> Result<Vec<(Address, Write)>, Stop> {
        let mut writes = Vec::new();
        let mut hashes = Vec::new();
        for (space, rows) in self.state.spaces() {
            let text = space.to_string();
            for key in rows.dirty() {
                let Some(slot) = rows.slot(key) else { continue };
                let write = match &slot.entity {
                    None => Write::Delete,
                    Some(entity) => row_write(key, row(entity, slot.since)?),
                };
                if let Write::Put(row) | Write::Insert(row) = &write {
                    hashes.push((space, *key, row.hash));
                }
                writes.push((Address::new(text.as_str(), key.to_string()), write));
            }
        }
        for (line, key, since, entity) in self.state.kept_dirty() {
            let address = Address::new(Space::Kept(line).to_string(), kept_key(&key, since));
            writes.push((address, Write::Put(row(entity, since)?)));
        }
        for (space, key, hash) in hashes {
            self.state.rows_mut(space).set_hash(&key, hash);
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
