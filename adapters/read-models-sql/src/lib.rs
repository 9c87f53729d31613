//! Read models in any database of SQLite's dialect that has FTS5, by single statements.
//!
//! The same tables serve a file of one workspace, the database of a Durable Object, and one that all workspaces of a host
//! share. A change is one statement: a view takes it in, and its trigger compares the edition's position, replaces what
//! changed and moves the position. The tables are made when they are missed, so whoever throws them away has done nothing
//! that anybody would have to be told.

mod change;
mod read;
mod schema;

use async_trait::async_trait;
use ports::read_models::{
    Change, Edition, Entry, Found, KeepModels, ModelsError, NewEdition, ReadModels, Sizes, Wanted, WholeFile,
};
use ports::{Sql, SqlValue};
use std::rc::Rc;

/// What a statement is refused with before the tables are made.
const NO_TABLES: &str = "no such table";
/// How databases say that a file is not as it was written.
const DAMAGE: [&str; 3] = ["malformed", "not a database", "vtable constructor failed"];

/// Rows that one statement takes away.
const SWEPT: u64 = 64;

type Rows = Vec<Vec<SqlValue>>;

/// Read models in a database.
#[derive(Clone)]
pub struct SqlModels {
    sql: Rc<dyn Sql>,
    file: Option<Rc<dyn WholeFile>>,
}

impl std::fmt::Debug for SqlModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlModels")
    }
}

impl SqlModels {
    /// In tables beside others.
    pub fn new(sql: Rc<dyn Sql>) -> Self {
        Self { sql, file: None }
    }

    /// In a database that holds nothing else.
    pub fn alone(sql: Rc<dyn Sql>, file: Rc<dyn WholeFile>) -> Self {
        Self { sql, file: Some(file) }
    }

    /// Perform a statement; tables that are not there are made.
    async fn run(&self, statement: &str, values: &[SqlValue]) -> Result<Rows, ModelsError> {
        match self.sql.execute(statement, values).await {
            Err(why) if why.0.contains(NO_TABLES) => {}
            done => return done.map_err(|why| meant(why.0)),
        }
        for statement in schema::TABLES {
            self.sql.execute(statement, &[]).await.map_err(|why| meant(why.0))?;
        }
        self.sql.execute(statement, values).await.map_err(|why| meant(why.0))
    }
}

/// What an error of the database means.
fn meant(why: String) -> ModelsError {
    if why.contains(schema::MOVED) {
        ModelsError::Moved
    } else if DAMAGE.iter().any(|word| why.contains(word)) {
        ModelsError::Damaged(why)
    } else {
        ModelsError::Unavailable(why)
    }
}

#[async_trait(?Send)]
impl ReadModels for SqlModels {
    async fn editions(&self, workspace: &str) -> Result<Vec<Edition>, ModelsError> {
        let statement = "SELECT number, answers, version, incarnation, pos, CAST(hash AS BLOB) FROM read_editions \
             WHERE workspace=?1 ORDER BY number";
        read::all(&self.run(statement, &[workspace.into()]).await?, read::edition)
    }

    async fn entries(&self, edition: u64, keys: &[(&str, String)]) -> Result<Vec<Entry>, ModelsError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let statement = "SELECT CAST(e.model AS BLOB), CAST(e.key AS BLOB), CAST(e.kin AS BLOB), e.pos, CAST(e.value AS BLOB) \
             FROM json_each(?2) AS j CROSS JOIN read_entries AS e \
             ON e.edition=?1 AND e.model=j.value->>0 AND e.key=j.value->>1";
        let keys = serde_json::to_string(keys).map_err(|why| ModelsError::Unavailable(why.to_string()))?;
        read::all(&self.run(statement, &[number(edition), SqlValue::Text(keys)]).await?, read::entry)
    }

    async fn newest(
        &self,
        edition: u64,
        model: &str,
        of: Option<&str>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ModelsError> {
        let mut values = vec![number(edition), model.into(), number(before), number(limit as u64)];
        let of_one = if let Some(of) = of {
            values.push(of.into());
            " AND kin=?5"
        } else {
            ""
        };
        let statement = format!(
            "SELECT CAST(model AS BLOB), CAST(key AS BLOB), CAST(kin AS BLOB), pos, CAST(value AS BLOB) \
             FROM read_entries WHERE edition=?1 AND model=?2 AND pos<?3{of_one} \
             ORDER BY pos DESC LIMIT ?4"
        );
        read::all(&self.run(&statement, &values).await?, read::entry)
    }

    async fn find(&self, edition: u64, wanted: &Wanted) -> Result<Vec<Found>, ModelsError> {
        let kinds: Vec<&str> = wanted.kinds.iter().map(|kind| kind.name()).collect();
        let kinds = serde_json::to_string(&kinds).map_err(|why| ModelsError::Unavailable(why.to_string()))?;
        let values = [
            SqlValue::Text(wanted.expression.clone()),
            number(edition),
            number(wanted.limit as u64),
            number(wanted.skip as u64),
            SqlValue::Text(kinds),
        ];
        // What is listed is joined only after it was chosen, where nothing else decides what is chosen.
        let statement = if wanted.kinds.is_empty() { schema::FIND } else { schema::FIND_OF_KINDS };
        let some = if wanted.kinds.is_empty() { 4 } else { 5 };
        let rows = self.run(statement, values.get(..some).unwrap_or(&values)).await?;
        read::all(&rows, read::found)
    }

    async fn sizes(&self, edition: u64) -> Result<Sizes, ModelsError> {
        let statement = "SELECT CAST(model AS BLOB), count(*) FROM read_entries WHERE edition=?1 GROUP BY model";
        let entries = read::all(&self.run(statement, &[number(edition)]).await?, read::count)?;
        let statement = "SELECT '', count(*) FROM read_items WHERE edition=?1";
        let items = read::all(&self.run(statement, &[number(edition)]).await?, read::count)?;
        Ok(Sizes {
            entries: entries.into_iter().collect(),
            items: items.first().map_or(0, |(_, items)| *items),
            bytes: self.file.as_ref().map(|file| file.bytes()),
        })
    }
}

#[async_trait(?Send)]
impl KeepModels for SqlModels {
    async fn begin(&self, workspace: &str, new: NewEdition) -> Result<Edition, ModelsError> {
        let statement = "INSERT INTO read_editions(workspace, answers, version, incarnation, pos, hash) \
             VALUES(?1, 0, ?2, ?3, 0, '') RETURNING number, answers, version, incarnation, pos, hash";
        let values = [workspace.into(), number(u64::from(new.version)), number(u64::from(new.incarnation))];
        let begun = read::all(&self.run(statement, &values).await?, read::edition)?;
        begun.into_iter().next().ok_or(ModelsError::Moved)
    }

    async fn apply(&self, change: &Change) -> Result<(), ModelsError> {
        let values = change::values(change).map_err(|why| ModelsError::Unavailable(why.to_string()))?;
        self.run(schema::APPLY, &values).await.map(drop)
    }

    async fn publish(&self, workspace: &str, edition: &Edition) -> Result<(), ModelsError> {
        let values = [workspace.into(), number(edition.number), number(edition.pos)];
        if self.run(schema::PUBLISH, &values).await?.is_empty() { Err(ModelsError::Moved) } else { Ok(()) }
    }

    async fn sweep(&self, workspace: &str, kept: &[u64]) -> Result<bool, ModelsError> {
        let others = self.editions(workspace).await?.into_iter().map(|edition| edition.number);
        let Some(other) = others.filter(|number| !kept.contains(number)).min() else { return Ok(false) };
        let some = [number(other), number(SWEPT)];
        // Whoever dies between two of these goes on with the first, and whoever still changes the edition finds it gone.
        self.run("UPDATE read_editions SET version=0, answers=0 WHERE number=?1", &[number(other)]).await?;
        self.run(schema::SWEEP_WORDS, &some).await?;
        let items = self.run(schema::SWEEP_ITEMS, &some).await?.len();
        let entries = self.run(schema::SWEEP_ENTRIES, &[number(other), number(SWEPT << 5)]).await?.len();
        if items == 0 && entries == 0 {
            self.run("DELETE FROM read_editions WHERE number=?1", &[number(other)]).await?;
        }
        Ok(true)
    }

    async fn discard(&self) -> Result<(), ModelsError> {
        if let Some(file) = &self.file {
            return file.remove().map_err(ModelsError::Unavailable);
        }
        for statement in schema::DROPS {
            self.sql.execute(statement, &[]).await.map_err(|why| ModelsError::Unavailable(why.0))?;
        }
        Ok(())
    }

    async fn settle(&self) -> Result<(), ModelsError> {
        self.file.as_ref().map_or(Ok(()), |file| file.settle().map_err(ModelsError::Unavailable))
    }
}

fn number(number: u64) -> SqlValue {
    SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
