//! What changes a workspace: a batch, a claim, a key that was destroyed.

use kernel::storage::{Batch, Head};
use ports::store::{refuse_malformed, refuse_other_head};
use ports::{Conflict, StoreError};

use crate::anchor::Mark;
use crate::fault::{Trouble, damaged};
use crate::open::Open;
use crate::whole::Stored;

impl Open {
    /// Commit `batch`, or leave everything as it was.
    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        refuse_malformed(batch)?;
        self.refuse_lost()?;
        self.transaction(|open| open.write(batch))?;
        self.anchor.write(&Mark::new(batch.pos, batch.epoch, self.turn, &batch.head));
        Ok(())
    }

    /// Raise the token.
    pub(crate) fn claim(&mut self) -> Result<Head, StoreError> {
        self.refuse_lost()?;
        let head = self.transaction(|open| open.raise_head(1))?;
        self.anchor.write(&Mark::of(&head));
        Ok(head.into_head())
    }

    /// Raise the token if the head is at `pos` under `epoch`: whoever else has the file open writes nothing any more. The
    /// anchor stays, because the file is about to go.
    pub(crate) fn fence_off(&mut self, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.refuse_lost()?;
        self.transaction(|open| {
            refuse_other_head(&open.head()?.into_head(), pos, epoch)?;
            open.raise_head(1).map(drop)
        })
    }

    /// Forget the sealed units of one event. The head takes a turn, so that losing this with the log's tail shows too.
    pub(crate) fn drop_sealed(&mut self, pos: u64) -> Result<(), StoreError> {
        let head = self.transaction(|open| {
            let found = open.reads.events(&open.files, pos.saturating_sub(1), 1)?;
            let Some(mut event) = found.into_iter().find(|event| event.pos == pos && !event.sealed.is_empty()) else {
                return Ok(None);
            };
            event.sealed = Vec::new();
            open.writes.seal_nothing(&event)?;
            open.raise_head(0).map(Some)
        })?;
        if let Some(head) = head {
            self.anchor.write(&Mark::of(&head));
        }
        Ok(())
    }

    /// Give the head another turn, and a token that is higher by `tokens`.
    fn raise_head(&mut self, tokens: u64) -> Result<Stored, Trouble> {
        let head = self.head()?;
        let (epoch, turn) = (head.epoch + tokens, head.turn + 1);
        if !self.writes.move_head([head.pos, head.epoch, head.turn], [head.pos, epoch, turn], &head.value)? {
            return Err(damaged(&self.files, "the head cannot be found by its own values").into());
        }
        self.turn = turn;
        Ok(Stored { epoch, turn, ..head })
    }

    fn write(&mut self, batch: &Batch) -> Result<(), Trouble> {
        self.compare_and_move(batch)?;
        batch.events.iter().try_for_each(|event| self.writes.add(&self.files, event))?;
        batch.trim.map_or(Ok(()), |trim| self.writes.trim(trim))?;
        batch.writes.iter().try_for_each(|(at, write)| self.writes.apply(at, write))
    }

    /// Move the head, or say why it could not be moved.
    ///
    /// A second try is due when only the turn differs: another thread's connection replaced the head in between.
    fn compare_and_move(&mut self, batch: &Batch) -> Result<(), Trouble> {
        for _ in 0..2 {
            let turn = self.turn + 1;
            let (from, to) = ([batch.expected_pos, batch.epoch, self.turn], [batch.pos, batch.epoch, turn]);
            if self.writes.move_head(from, to, &batch.head)? {
                self.turn = turn;
                return Ok(());
            }
            let stored = self.head()?;
            if stored.epoch != batch.epoch {
                return Err(StoreError::Conflict(Conflict::Fenced { stored: stored.epoch }).into());
            }
            if stored.pos != batch.expected_pos {
                return Err(StoreError::Conflict(Conflict::Head { stored: stored.pos }).into());
            }
        }
        Err(damaged(&self.files, "the head cannot be found by its own values").into())
    }
}
