//! Opening what events carry, under the keys that are there.

use kernel::entity::{DataKey as Known, Entity, Kind as _};
use kernel::event::{EventData, Header};
use kernel::id::WorkspaceId;
use kernel::key::{Key, Space};
use kernel::machine::{chunk_address, key_address};
use kernel::seal::{Bound, DataKey, Subject, Unit, commitment, unframe};
use kernel::storage::{Address, StoredEvent};
use ports::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Keys that are held between two slices.
const HELD_MAX: usize = 4_096;
/// Rows read with one question.
const TOGETHER: usize = 256;

/// Opens content of a workspace.
pub struct Keys {
    store: Rc<dyn Store>,
    workspace: WorkspaceId,
    key: [u8; 32],
    /// None where the key was destroyed.
    held: BTreeMap<Subject, Option<DataKey>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} held)", self.held.len())
    }
}

impl Keys {
    /// `key` wraps the data keys of `workspace`.
    pub fn new(store: Rc<dyn Store>, workspace: WorkspaceId, key: [u8; 32]) -> Self {
        Self { store, workspace, key, held: BTreeMap::new() }
    }

    /// Forget the key of a subject, or those of all.
    pub fn forget(&mut self, subject: Option<&Subject>) {
        match subject {
            Some(subject) => drop(self.held.remove(subject)),
            None => self.held.clear(),
        }
    }

    /// Have the keys of `subjects` at hand.
    pub async fn load(&mut self, subjects: &BTreeSet<Subject>) -> Result<(), StoreError> {
        if self.held.len() > HELD_MAX {
            self.held.clear();
        }
        let missing: Vec<Subject> = subjects.iter().filter(|it| !self.held.contains_key(it)).copied().collect();
        for some in missing.chunks(TOGETHER) {
            let known = self.known(some).await?;
            let addresses: Vec<Address> = known.iter().map(|(subject, key)| key_address(*subject, *key.key)).collect();
            let rows = self.store.rows(&self.workspace.to_string(), &addresses).await?;
            self.held.extend(some.iter().map(|subject| (*subject, None)));
            for ((subject, known), row) in known.into_iter().zip(rows) {
                // One that is not there was destroyed since it was looked for.
                let unwrapped = row.and_then(|row| {
                    DataKey::unwrap(*known.key, &row.value, self.workspace, &self.key, &known.check).ok()
                });
                self.held.insert(subject, unwrapped);
            }
        }
        Ok(())
    }

    /// What control knows of the keys of subjects that were not destroyed.
    async fn known(&self, subjects: &[Subject]) -> Result<Vec<(Subject, Known)>, StoreError> {
        let keys: Vec<Key> = subjects.iter().map(|subject| Key::Subject(*subject)).collect();
        let addresses: Vec<Address> = keys.iter().map(|key| key.address(Space::Control)).collect();
        let rows = self.store.rows(&self.workspace.to_string(), &addresses).await?;
        let mut known = Vec::new();
        for ((subject, key), row) in subjects.iter().zip(&keys).zip(rows) {
            let Some(row) = row else { continue };
            let unreadable = |why| StoreError::Damaged { what: format!("control/{key} is not readable: {why}") };
            let entity = Entity::decode(key, &row.value).map_err(unreadable)?;
            known.extend(Known::of(&entity).filter(|key| !*key.destroyed).map(|key| (*subject, key.clone())));
        }
        Ok(known)
    }

    /// What the field `role` of an event says; none when it has none or it cannot be read any more. The key of its subject
    /// has to be at hand.
    pub async fn open(
        &self,
        event: &StoredEvent,
        header: &Header,
        data: &mut EventData,
        role: &str,
    ) -> Result<Option<String>, StoreError> {
        let Some(key) = data.subject().and_then(|subject| self.held.get(&subject)).and_then(Option::as_ref) else {
            return Ok(None);
        };
        let schema = (header.name.as_ref(), header.version);
        let found = data.contents().into_iter().find(|(name, _)| *name == role);
        let Some((role, unit)) = found.and_then(|(role, content)| Some((role, content.unit()?.clone()))) else {
            return Ok(None);
        };
        if unit.key != key.id() {
            return Ok(None);
        }
        let Some(bytes) = self.bytes(event, &unit).await? else { return Ok(None) };
        let bound = Bound { workspace: self.workspace, command: header.command, schema, role, k: 0 };
        // What was altered is found by whoever verifies the workspace; here it says nothing.
        Ok(bound.open(key, &bytes, &unit.hash).ok())
    }

    async fn bytes(&self, event: &StoredEvent, unit: &Unit) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(blob) = unit.blob() else {
            let units = unframe(&event.sealed).unwrap_or_default();
            return Ok(units.into_iter().find(|bytes| commitment(bytes) == unit.hash).map(<[u8]>::to_vec));
        };
        let addresses: Vec<Address> = (0..unit.chunks).map(|nth| chunk_address(blob, nth)).collect();
        let rows = self.store.rows(&self.workspace.to_string(), &addresses).await?;
        let chunks: Option<Vec<_>> = rows.into_iter().collect();
        Ok(chunks.map(|chunks| chunks.into_iter().flat_map(|chunk| chunk.value).collect()))
    }
}
