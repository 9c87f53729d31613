//! An entity as it was.

use super::log::Budget;
use super::show::Room;
use super::{answer, more, refused, taken};
use crate::{Failure, Sequencer};
use kernel::entity::Entity;
use kernel::key::Key;
use kernel::past::PastRows;
use ports::StoreError;
use ports::history::{HistorySlice, StateView};
use serde_json::Value;
use std::collections::BTreeSet;

/// Bytes of content that are shown of one entity.
const STATE_BYTES: usize = 1 << 20;

impl Sequencer {
    /// The entity under `key` as it was at `at`.
    pub(super) async fn state_at(
        &mut self,
        key: &str,
        at: Option<u64>,
        so_far: Option<&Value>,
    ) -> Result<HistorySlice, Failure> {
        let key: Key = key.parse().map_err(|_| refused(format!("{key} is not the key of an entity")))?;
        let pos = self.reached(at)?;
        let so_far: Option<PastRows> = so_far.map(taken).transpose()?;
        let past = self.as_they_were(&BTreeSet::from([key]), pos, so_far.as_ref(), &mut Budget::default()).await?;
        if past.pos() < pos {
            return more(&past.rows().map_err(|what| StoreError::Damaged { what })?);
        }
        let found = past.get(&key).map(|found| (found.entity.clone(), found.since));
        match found {
            Some((entity, since)) => answer(Some(&self.state_view(key, pos, &entity, since).await?)),
            None => answer(None::<&StateView>),
        }
    }

    async fn state_view(&mut self, key: Key, at: u64, entity: &Entity, since: u64) -> Result<StateView, Failure> {
        let encoded = entity.encode().map_err(|why| StoreError::Damaged { what: format!("row {key}: {why}") })?;
        let (fields, cut) = self.shown(&encoded, Room { text: STATE_BYTES, all: STATE_BYTES }).await?;
        Ok(StateView { key: key.to_string(), at, since, fields, cut })
    }
}
