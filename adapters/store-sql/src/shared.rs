//! Several writers: a commit with what belongs to it, and letters.

use crate::SqlStore;
use crate::batch;
use crate::store::{number, number_at_most};
use async_trait::async_trait;
use kernel::storage::Batch;
use ports::store::refuse_malformed;
use ports::store::shared::{Answer, Aside, Letter, Post, Wanted};
use ports::{SharedStore, SqlValue, StoreError};

const COMMIT: &str = "INSERT INTO commits(workspace, expected_pos, epoch, pos, head, events, writes, answers, wake) \
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const COMMIT_AND_TRIM: &str = "INSERT INTO trims(workspace, expected_pos, epoch, pos, head, events, writes, answers, wake, \
    trim) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ANSWER: &str = "UPDATE inbox SET body=x'', \
    answer=coalesce(answer, (SELECT unhex(value->>1) FROM json_each(?2) WHERE value->>0=ticket)) \
    WHERE workspace=?1 AND ticket IN (SELECT value->>0 FROM json_each(?2))";
// Its own first, so that no number of others pushes it out.
const FETCH: &str = "SELECT ticket, at_ms, body, answer FROM \
    (SELECT nth, ticket, at_ms, body, answer FROM inbox WHERE workspace=?1 AND (ticket=?2 OR answer IS NULL AND at_ms>=?3) \
     ORDER BY ticket<>?2, nth LIMIT ?4) ORDER BY nth";
const POST: &str = "INSERT INTO inbox(workspace, ticket, at_ms, body) SELECT workspace, ?2, ?3, ?4 FROM heads \
    WHERE workspace=?1 RETURNING nth";

#[async_trait(?Send)]
impl SharedStore for SqlStore {
    async fn commit_with(&self, workspace: &str, batch: &Batch, aside: &Aside) -> Result<(), StoreError> {
        refuse_malformed(batch)?;
        let mut values = vec![
            workspace.into(),
            number(batch.expected_pos),
            number(batch.epoch),
            number(batch.pos),
            SqlValue::Blob(batch.head.clone()),
            SqlValue::Text(batch::events(&batch.events).map_err(unwritten)?),
            SqlValue::Text(batch::writes(&batch.writes).map_err(unwritten)?),
            SqlValue::Text(batch::answers(&aside.answers).map_err(unwritten)?),
            aside.wake_at.map_or(SqlValue::Null, number),
        ];
        let statement = match batch.trim {
            Some(trim) => {
                values.push(number(trim));
                COMMIT_AND_TRIM
            }
            None => COMMIT,
        };
        match self.sql.execute(statement, &values).await {
            Ok(_) => Ok(()),
            Err(why) => Err(self.refusal(workspace, Some(batch), &why).await?),
        }
    }

    async fn answer(&self, workspace: &str, answers: &[Answer]) -> Result<(), StoreError> {
        let answers = SqlValue::Text(batch::answers(answers).map_err(unwritten)?);
        self.ask(ANSWER, &[workspace.into(), answers]).await.map(drop)
    }

    async fn post(&self, workspace: &str, letter: &Letter) -> Result<(), StoreError> {
        let Letter { ticket, at_ms, body } = letter;
        let values = [workspace.into(), ticket.as_str().into(), number(*at_ms), SqlValue::Blob(body.clone())];
        self.there(POST, &values).await.map(drop)
    }

    async fn fetch(&self, workspace: &str, wanted: Wanted<'_>) -> Result<Post, StoreError> {
        let Wanted { ticket, since_ms, limit } = wanted;
        let values = [workspace.into(), ticket.into(), number(since_ms), number_at_most(limit)];
        let mut waiting = Vec::new();
        for mut row in self.ask(FETCH, &values).await? {
            let letter = (|| Some(Letter { ticket: row.text()?, at_ms: row.number()?, body: row.bytes()? }))();
            let letter = letter.ok_or_else(|| StoreError::Damaged { what: "a letter".to_owned() })?;
            match row.bytes() {
                Some(answer) if letter.ticket == ticket => return Ok(Post::Answered(answer)),
                Some(_) => {}
                None => waiting.push(letter),
            }
        }
        Ok(Post::Waiting(waiting))
    }

    async fn forget(&self, workspace: &str, ticket: &str) -> Result<(), StoreError> {
        self.ask("DELETE FROM inbox WHERE workspace=?1 AND ticket=?2", &[workspace.into(), ticket.into()])
            .await
            .map(drop)
    }

    async fn sweep(&self, before_ms: u64) -> Result<(), StoreError> {
        self.ask("DELETE FROM inbox WHERE at_ms<?1", &[number(before_ms)]).await.map(drop)
    }
}

fn unwritten(why: serde_json::Error) -> StoreError {
    StoreError::Unavailable(why.to_string())
}
