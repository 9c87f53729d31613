//! Transactions: all of it or nothing, and never one left open.

use kernel::storage::{Address, Row};
use ports::StoreError;

use crate::fault::Trouble;
use crate::open::Open;

impl Open {
    /// Read the rows at `addresses`. One transaction serves them all: otherwise each row pays for locks of its own.
    pub(crate) fn rows(&mut self, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let begun = self.writes.look.run([]).map_err(Trouble::Sql);
        let row = |at: &Address| self.reads.row(&self.files, &at.space, &at.key);
        let rows = begun.and_then(|_| addresses.iter().map(row).collect());
        self.undo();
        rows.map_err(|trouble| trouble.about(&self.files))
    }

    /// Do `work` in a transaction. Whatever fails, none is left open.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let turn = self.turn;
        let done = match self.writes.begin.run([]) {
            Ok(_) => work(self).and_then(|value| Ok(self.writes.commit.run([]).map(|_| value)?)),
            Err(error) => Err(error.into()),
        };
        done.map_err(|trouble| {
            self.turn = turn;
            self.undo();
            let answer = trouble.about(&self.files);
            self.unsure |= !matches!(answer, StoreError::Conflict(_));
            answer
        })
    }

    /// End whatever transaction is open without writing anything.
    fn undo(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        let undone = self.writes.rollback.run([]);
        self.unsure |= undone.is_err() || !self.connection.is_autocommit();
    }
}
