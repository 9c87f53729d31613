//! Alarms, and whose turn it is to perform what a workspace owes.

use crate::SqlStore;
use crate::store::{number, number_at_most};
use async_trait::async_trait;
use ports::{StoreError, Watch};

const DUE: &str = "SELECT workspace FROM heads WHERE wake<=?1 ORDER BY wake, workspace LIMIT ?2";
// Whoever finds another at work rings, in the statement that finds it: between looking and ringing that one could leave.
const TAKE: &str = "INSERT INTO shifts(workspace, process, until_ms, rung) SELECT workspace, ?2, ?4, 0 FROM heads \
    WHERE workspace=?1 ON CONFLICT DO UPDATE SET \
      rung=CASE WHEN process=?2 THEN rung WHEN until_ms<=?3 THEN 0 ELSE 1 END, \
      until_ms=CASE WHEN process=?2 OR until_ms<=?3 THEN excluded.until_ms ELSE until_ms END, \
      process=CASE WHEN until_ms<=?3 THEN excluded.process ELSE process END \
    RETURNING process";
const END: &str = "DELETE FROM shifts WHERE workspace=?1 AND process=?2 AND rung=0 RETURNING process";
const GO_ON: &str = "UPDATE shifts SET rung=0 WHERE workspace=?1 AND process=?2 RETURNING process";

#[async_trait(?Send)]
impl Watch for SqlStore {
    async fn due(&self, now_ms: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        let found = self.ask(DUE, &[number(now_ms), number_at_most(limit)]).await?;
        Ok(found.into_iter().filter_map(|mut row| row.text()).collect())
    }

    async fn take_shift(&self, workspace: &str, process: &str, now_ms: u64, until_ms: u64) -> Result<bool, StoreError> {
        let values = [workspace.into(), process.into(), number(now_ms), number(until_ms)];
        let holder = self.there(TAKE, &values).await?.into_iter().next().and_then(|mut row| row.text());
        Ok(holder.is_some_and(|holder| holder == process))
    }

    async fn end_shift(&self, workspace: &str, process: &str) -> Result<bool, StoreError> {
        let values = [workspace.into(), process.into()];
        if !self.ask(END, &values).await?.is_empty() {
            return Ok(true);
        }
        // Rung, or over long ago and somebody else's.
        Ok(self.ask(GO_ON, &values).await?.is_empty())
    }
}
