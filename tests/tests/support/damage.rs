//! A workspace with a long life, its files, and everything that can be read of them.

use kernel::id::WorkspaceId;
use kernel::storage::{Address, Head, Row, StoredEvent};
use kernelos_tests::history::{Author, Kind, Op, ops};
use libsql::{Builder, OpenFlags, Value};
use ports::{Store, StoreError};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use sequencer::{Sequencer, Verified, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use store_libsql::LibsqlStore;
use testkit::block_on;

/// The key under which the workspace's data keys are wrapped.
pub const KEY: [u8; 32] = [5; 32];
/// The three files of a workspace.
pub const ENDINGS: [&str; 3] = ["db", "db-wal", "anchor"];

/// A workspace in a directory of its own.
pub struct Subject {
    dir: tempfile::TempDir,
    /// Its id.
    pub id: WorkspaceId,
    /// How often its state maps were folded.
    pub folds: usize,
}

/// The bytes of its files, by ending; none for a file that is not there.
pub type Files = [Option<Vec<u8>>; 3];

/// Every row of every table, read in every order there is, and looked up one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Everything {
    read: Vec<Vec<Value>>,
    head: Head,
    rows: Vec<Vec<Option<Row>>>,
    events: Vec<StoredEvent>,
}

impl Subject {
    /// A workspace after `commands` random commands, with forks, destroyed keys and restarts.
    pub fn with_a_past(commands: usize) -> Self {
        let subject = Self { dir: tempfile::tempdir().unwrap(), folds: 0, id: WorkspaceId::new(&[1; 32], &[9; 16]) };
        let store = Rc::new(subject.store());
        block_on(store.create(&subject.name())).unwrap();
        let mut sequencer = subject.claim(&store);
        let history = ops(commands).new_tree(&mut TestRunner::deterministic()).unwrap().current();
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut folds = std::collections::BTreeSet::new();
        for (turn, batch) in jobs.chunks(7).enumerate() {
            if turn % 30 == 29 {
                sequencer = subject.claim(&store);
            }
            block_on(sequencer.submit(batch)).into_iter().for_each(|reply| drop(reply.ok()));
            folds.insert(sequencer.workspace().heads().folded);
        }
        assert!(history.iter().any(|op| op.kind == Kind::Fork) && history.iter().any(|op| op.kind == Kind::Destroy));
        Self { folds: folds.len() - 1, ..subject }
    }

    /// The same, and most of its events packed.
    pub fn with_a_packed_past(commands: usize) -> Self {
        let subject = Self::with_a_past(commands);
        let store = Rc::new(subject.store());
        let done = block_on(subject.claim(&store).compact(1_000)).unwrap();
        assert!(done.segments > 2, "{done:?}");
        store.checkpoint(&subject.name()).unwrap();
        subject
    }

    /// More commands, and no time to close: what a killed process leaves.
    pub fn killed_after(&self, commands: u8) -> Files {
        let store = Rc::new(self.store());
        store.checkpoint(&self.name()).unwrap();
        let mut sequencer = self.claim(&store);
        let (mut author, _) = Author::begin(0);
        for other in 0..commands {
            let op = Op {
                kind: Kind::CreateUnderKey,
                device: 0,
                pick: 900 + u16::from(other),
                other: other.into(),
                branch: 255,
                passes_ms: 1,
            };
            block_on(sequencer.submit(&[author.job(&op)])).remove(0).unwrap();
        }
        self.files()
    }

    fn claim(&self, store: &Rc<LibsqlStore>) -> Sequencer {
        let store: Rc<dyn Store> = Rc::<LibsqlStore>::clone(store);
        block_on(Sequencer::claim(store, self.id, KEY)).unwrap()
    }

    /// Its id as text.
    pub fn name(&self) -> String {
        self.id.to_string()
    }

    /// A store over its directory.
    pub fn store(&self) -> LibsqlStore {
        LibsqlStore::open(self.dir.path()).unwrap()
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.dir.path().join(format!("{}.{ending}", self.id))
    }

    /// Its files as they are now.
    pub fn files(&self) -> Files {
        ENDINGS.map(|ending| fs::read(self.path(ending)).ok())
    }

    /// Put these files in place of whatever is there.
    pub fn put(&self, files: &Files) {
        let _often_not_there = fs::remove_file(self.path("db-shm"));
        for (ending, bytes) in ENDINGS.iter().zip(files) {
            match bytes {
                Some(bytes) => fs::write(self.path(ending), bytes).unwrap(),
                None => drop(fs::remove_file(self.path(ending))),
            }
        }
    }

    /// Why it is not as it was written: the first finding or error; none if nothing is wrong.
    pub fn wrong(&self) -> Option<String> {
        match self.verified() {
            Ok(verified) => verified.findings.first().map(|finding| format!("{}: {}", finding.what, finding.why)),
            Err(why) => Some(why.to_string()),
        }
    }

    /// Whether the store's own check finds something, which is the first part of a verification.
    pub fn check_finds_something(&self) -> bool {
        block_on(self.store().check(&self.name())).map_or(true, |findings| !findings.is_empty())
    }

    /// The verification.
    pub fn verified(&self) -> Result<Verified, StoreError> {
        block_on(verify(&self.store(), self.id, &KEY))
    }

    /// Everything that can be read.
    pub fn everything(&self) -> Result<Everything, String> {
        block_on(everything(&self.path("db"), &self.store(), &self.name())).map_err(|why| why.to_string())
    }

    /// Run `sql` on the file, past the store.
    pub fn sql(&self, sql: &str) {
        let database = block_on(Builder::new_local(self.path("db")).build()).unwrap();
        block_on(database.connect().unwrap().execute_batch(sql)).unwrap();
    }
}

/// Each table has one tree. It is read from both ends, and each of its keys is looked up from the top.
async fn everything(file: &Path, store: &LibsqlStore, name: &str) -> Result<Everything, Box<dyn std::error::Error>> {
    let database = Builder::new_local(file).flags(OpenFlags::SQLITE_OPEN_READ_ONLY).build().await?;
    let connection = database.connect()?;
    let mut read = Vec::new();
    for (table, columns) in [("heads", "ws"), ("events", "rowid"), ("rows", "ws, space, key")] {
        for direction in ["ASC", "DESC"] {
            let order = columns.replace(',', &format!(" {direction},"));
            let sql = format!("SELECT * FROM {table} ORDER BY {order} {direction}");
            let mut rows = connection.query(&sql, ()).await?;
            while let Some(row) = rows.next().await? {
                read.push((0..row.column_count()).map(|column| row.get_value(column)).collect::<Result<_, _>>()?);
            }
        }
    }
    let mut whole = Everything { read, head: store.head(name).await?, rows: Vec::new(), events: Vec::new() };
    for space in store.spaces(name).await? {
        let ranged = store.range(name, &space, "", "\u{7f}", usize::MAX >> 1).await?;
        let addresses: Vec<Address> = ranged.iter().map(|(key, _)| Address::new(&space, key)).collect();
        whole.rows.push(store.rows(name, &addresses).await?);
    }
    for pos in 0..whole.head.pos {
        whole.events.extend(store.events(name, pos, 1).await?);
    }
    Ok(whole)
}
