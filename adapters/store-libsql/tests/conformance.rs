//! The file store holds what the port states. A restart here is what a kill leaves, not a polite close.

#![cfg(test)]

mod common;

use async_trait::async_trait;
use common::Dir;
use kernel::storage::Address;
use kernelos_store_libsql::LibsqlStore;
use ports::Store;
use testkit::store::{Subject, run};

struct InFiles {
    store: Option<LibsqlStore>,
    dir: Dir,
}

impl InFiles {
    fn new() -> Self {
        let dir = Dir::new();
        Self { store: Some(dir.store()), dir }
    }

    /// Run `sql` while no store has the file open.
    fn alter(&mut self, workspace: &str, sql: &str) {
        self.store = None;
        self.dir.sql(workspace, sql);
        self.store = Some(self.dir.store());
    }
}

#[async_trait(?Send)]
impl Subject for InFiles {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    async fn reopen(&mut self) -> Result<(), String> {
        let left = self.dir.after_a_kill();
        self.store = Some(left.store());
        self.dir = left;
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        let which = format!("space='{}' AND key='{}'", at.space, at.key);
        self.alter(workspace, &format!("UPDATE rows SET value=CAST('!'||substr(value,2) AS BLOB) WHERE {which}"));
        Ok(())
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.alter(workspace, &format!("UPDATE events SET body=CAST('!'||substr(body,2) AS BLOB) WHERE pos={pos}"));
        Ok(())
    }
}

#[test]
fn the_file_store_conforms() {
    let report = testkit::block_on(run(async || InFiles::new()));
    assert!(report.failed.is_empty(), "{report}");
}
