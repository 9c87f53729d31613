//! A data directory of a test, and what one can do to its files behind a store's back.
#![expect(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::storage::{Address, Batch};
use kernelos_store_libsql::LibsqlStore;
use ports::StoreError;
use testkit::block_on;
use testkit::store::{Hand, insert, put};

/// A directory that goes when the test ends.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("kernelos-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn store(&self) -> LibsqlStore {
        LibsqlStore::open(&self.0).unwrap()
    }

    /// What a killed process leaves: every file as it is at this moment, and no lock.
    pub fn after_a_kill(&self) -> Self {
        let copy = Self::new();
        for entry in fs::read_dir(&self.0).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.0.join(entry.file_name())).unwrap();
        }
        copy
    }

    /// Run `sql` on the file of `workspace`, which no store has open.
    pub fn sql(&self, workspace: &str, sql: &str) {
        let path = self.file(&format!("{workspace}.db"));
        let database = block_on(libsql::Builder::new_local(path).build()).unwrap();
        block_on(database.connect().unwrap().execute_batch(sql)).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _nothing_depends_on_it = fs::remove_dir_all(&self.0);
    }
}

/// A workspace `w1` with some history: `rounds` commits of two events and a few rows.
pub fn history(store: &LibsqlStore, rounds: u64) -> Hand {
    let mut hand = block_on(Hand::create(store, "w1")).unwrap();
    for round in 0..rounds {
        block_on(write(&mut hand, store, round)).unwrap();
    }
    hand
}

/// One more commit of that kind.
pub async fn write(hand: &mut Hand, store: &LibsqlStore, round: u64) -> Result<(), StoreError> {
    let value = |fill: u8, len: usize| vec![fill; len];
    let writes = vec![
        put("main.0", &format!("task/{round:04}"), value(7, 300)),
        put("main.0", "counter", format!("{round}")),
        put("pages/main.0", &format!("page/{:04}", round % 7), value(9, 5000)),
        insert("control", &format!("dedupe/{round:04}"), "ok"),
    ];
    hand.write(store, 2, writes).await
}

/// The batch of a hand that writes one row.
pub fn small(hand: &Hand) -> Batch {
    hand.batch(1, vec![put("main.0", "a", "1")])
}

pub fn at(space: &str, key: &str) -> Address {
    Address::new(space, key)
}
