//! A commit in one statement, beside the same rows in single statements of one transaction: what a store pays for never
//! being in the middle of a commit between two statements.

use crate::desk::{Desk, block_on};
use crate::recorder::Recorder;
use crate::report::{Report, Target, median};
use kernel::storage::{Batch, Write};
use kernelos_tests::statements::Statements;
use ports::{Sql as _, SqlValue, Store as _};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use store_memory::MemoryStore;
use store_sql::SqlStore;
use tempfile::TempDir;

/// Commands in a commit, and how many commits are measured.
const SIZES: [(usize, usize); 2] = [(1, 400), (32, 200)];

const EVENT: &str =
    "INSERT INTO events(workspace, pos, stream, seq, body, hash, sealed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const ROW: &str = "INSERT INTO rows(workspace, space, key, value, hash, since) VALUES(?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT DO UPDATE SET value=excluded.value, hash=excluded.hash, since=excluded.since";
const REMOVE: &str = "DELETE FROM rows WHERE workspace=?1 AND space=?2 AND key=?3";
const HEAD: &str = "UPDATE heads SET pos=?2, value=?3 WHERE workspace=?1 AND pos=?4";

pub fn run(report: &Report) -> Result<(), String> {
    for (together, count) in SIZES {
        let (one, single) = block_on(compare(together, count))?;
        let name = format!("commit of {together} in one statement, p50, of its rows in single ones");
        report.row(&name, one / single, "ratio", single * 1e6, Target::None);
    }
    Ok(())
}

/// The same commits into two files in turns; what half of them take at most, in seconds.
async fn compare(together: usize, count: usize) -> Result<(f64, f64), String> {
    let recorder = Recorder::new(MemoryStore::default());
    let mut desk = Desk::create(Rc::new(recorder.clone()), 1).await?;
    desk.tasks(together * count, together).await?;
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let workspace = desk.workspace.to_string();
    let (_, store) = begin(&dir.path().join("one.db"), &workspace).await?;
    let (statements, _) = begin(&dir.path().join("single.db"), &workspace).await?;
    let (mut ones, mut singles) = (Vec::new(), Vec::new());
    for batch in recorder.batches() {
        let began = Instant::now();
        store.commit(&workspace, &batch).await.map_err(|why| why.to_string())?;
        ones.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        single(&statements, &workspace, &batch).await?;
        singles.push(began.elapsed().as_secs_f64());
    }
    Ok((median(ones), median(singles)))
}

async fn begin(path: &Path, workspace: &str) -> Result<(Rc<Statements>, SqlStore), String> {
    let statements = Rc::new(Statements::open(path).await?);
    let store = SqlStore::new(Rc::<Statements>::clone(&statements));
    store.prepare().await.map_err(|why| why.to_string())?;
    store.create(workspace).await.map_err(|why| why.to_string())?;
    store.claim(workspace).await.map_err(|why| why.to_string())?;
    Ok((statements, store))
}

async fn single(sql: &Statements, workspace: &str, batch: &Batch) -> Result<(), String> {
    let run = async |statement: &str, values: Vec<SqlValue>| {
        let workspace = std::iter::once(SqlValue::from(workspace));
        let values: Vec<SqlValue> = if values.is_empty() { values } else { workspace.chain(values).collect() };
        sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    };
    run("BEGIN IMMEDIATE", Vec::new()).await?;
    for event in &batch.events {
        let (stream, body) = (event.stream.as_str().into(), SqlValue::Blob(event.body.clone()));
        let (hash, sealed) = (SqlValue::Blob(event.hash.to_vec()), SqlValue::Blob(event.sealed.clone()));
        run(EVENT, vec![number(event.pos), stream, number(event.seq), body, hash, sealed]).await?;
    }
    for (at, write) in &batch.writes {
        let address = vec![at.space.as_str().into(), at.key.as_str().into()];
        match write {
            Write::Delete => run(REMOVE, address).await?,
            Write::Put(row) | Write::Insert(row) => {
                let (value, hash) = (SqlValue::Blob(row.value.clone()), SqlValue::Blob(row.hash.to_vec()));
                run(ROW, [address, vec![value, hash, number(row.since)]].concat()).await?;
            }
        }
    }
    let head = SqlValue::Blob(batch.head.clone());
    run(HEAD, vec![number(batch.pos), head, number(batch.expected_pos)]).await?;
    run("COMMIT", Vec::new()).await
}

fn number(number: u64) -> SqlValue {
    SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
