//! The suite for the storage port, over embedded libSQL spoken to in single statements.
#![cfg(test)]

mod support;

use async_trait::async_trait;
use kernel::storage::Address;
use kernelos_store_sql::SqlStore;
use ports::{Sql, SqlValue, Store};
use std::rc::Rc;
use support::{File, Place};
use testkit::block_on;
use testkit::store::{Subject, run};

struct InStatements {
    place: Place,
    sql: Rc<File>,
    store: SqlStore,
}

impl InStatements {
    async fn new() -> Self {
        let place = Place::new();
        let sql = Rc::new(File::open(&place.0).await);
        let store = SqlStore::new(Rc::<File>::clone(&sql));
        store.prepare().await.unwrap();
        Self { place, sql, store }
    }
}

#[async_trait(?Send)]
impl Subject for InStatements {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn reopen(&mut self) -> Result<(), String> {
        self.sql = Rc::new(File::open(&self.place.0).await);
        self.store = SqlStore::new(Rc::<File>::clone(&self.sql));
        self.store.prepare().await.map_err(|why| why.to_string())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        let statement =
            "UPDATE rows SET value=CAST('!'||substr(value,2) AS BLOB) WHERE workspace=?1 AND space=?2 AND key=?3";
        let values = [workspace.into(), at.space.as_str().into(), at.key.as_str().into()];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        let statement = "UPDATE events SET body=CAST('!'||substr(body,2) AS BLOB) WHERE workspace=?1 AND pos=?2";
        let values = [workspace.into(), SqlValue::Integer(pos.try_into().unwrap())];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }
}

#[test]
fn a_store_in_single_statements_conforms() {
    let report = block_on(run(async || InStatements::new().await));
    assert!(report.failed.is_empty(), "{report}");
}
