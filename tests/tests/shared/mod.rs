//! A workspace in a database that several writers share, and a way for them to die.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::command::Command;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{DeviceId, KeyId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Reply, Request};
use kernelos_tests::statements::Statements;
use ports::wire::{Answered, Ask, Replied, Sent, answered};
use ports::{Clock, Entropy, EntropyError, Sql, SqlError, SqlValue, Store as _, Timer};
use sequencer::{Shared, verify};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store_sql::{Prepared, SqlStore};
use testkit::block_on;

pub const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
pub const KEY: [u8; 32] = [5; 32];

const PUBLIC_KEY: [u8; 32] = [3; 32];
const FIRST: u64 = 999;

/// What the one who is always first asks for.
pub fn first() -> Request {
    define(FIRST)
}

/// A database with a workspace in it, until this is dropped.
pub struct Desk {
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self::bare();
        desk.begin();
        desk
    }

    /// A file in which there is no table yet.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("shared.db"), _folder: folder }
    }

    /// Make the workspace, and whatever of the tables is not there.
    pub fn begin(&self) {
        let sequencer = shared(store(file(&self.path)));
        let words = block_on(sequencer.answer(WORKSPACE, KEY, Ask::Create));
        answered::<()>(&words.body).unwrap();
        let public_key = HashText(PUBLIC_KEY);
        let create = request(0, "workspace.create", &format!(r#"{{"name":"desk","public_key":"{public_key}"}}"#));
        assert!(of(submitted(&sequencer, vec![create])).rejected.is_none());
    }

    /// Where the log ends.
    pub fn pos(&self) -> u64 {
        block_on(store(file(&self.path)).head(&WORKSPACE.to_string())).unwrap().pos
    }

    /// Letters that lie there.
    pub fn letters(&self) -> i64 {
        let rows = block_on(file(&self.path).execute("SELECT count(*) FROM inbox", &[])).unwrap();
        match rows[0][0] {
            SqlValue::Integer(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    /// What is stored is what the log leads to.
    pub fn is_whole(&self) {
        let verified = block_on(verify(&*store(file(&self.path)), WORKSPACE, &KEY)).unwrap();
        assert_eq!(verified.findings, []);
    }
}

/// A connection to the database.
pub fn file(path: &Path) -> Rc<Statements> {
    Rc::new(block_on(Statements::open(path)).unwrap())
}

/// A store whose tables are made when they are missed.
pub fn store(sql: Rc<impl Sql + 'static>) -> Rc<SqlStore> {
    Rc::new(SqlStore::new(Rc::new(Prepared::new(sql))))
}

/// What happens to a writer.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// At which statement it dies, and whether before the statement or after it.
    pub dies_at: Option<(u64, bool)>,
    /// Whether somebody else commits just before its first commit.
    pub late: bool,
}

/// A connection of a writer with a fate.
pub struct Doomed {
    file: Rc<Statements>,
    path: PathBuf,
    fate: Fate,
    done: Cell<u64>,
    late: Cell<bool>,
}

impl Doomed {
    pub fn new(path: &Path, fate: Fate) -> Self {
        Self { file: file(path), path: path.to_owned(), fate, done: Cell::new(0), late: Cell::new(fate.late) }
    }
}

#[async_trait(?Send)]
impl Sql for Doomed {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        if statement.starts_with("INSERT INTO commits") && self.late.take() {
            let first = shared(store(file(&self.path)));
            assert!(of(answer(&first, vec![define(FIRST)]).await).rejected.is_none());
        }
        let nth = self.done.replace(self.done.get() + 1);
        if self.fate.dies_at == Some((nth, true)) {
            std::future::pending::<()>().await;
        }
        let outcome = self.file.execute(statement, values).await;
        if self.fate.dies_at == Some((nth, false)) {
            std::future::pending::<()>().await;
        }
        outcome
    }
}

/// The machine's time and randomness.
struct Machine;

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

impl Clock for Machine {
    fn now_ms(&self) -> u64 {
        now_ms()
    }
}

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
}

impl Entropy for Machine {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let nth = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Ok(hash(Domain::Identity, &[&nth.to_le_bytes(), &nanos.to_le_bytes()]))
    }
}

pub fn shared(store: Rc<SqlStore>) -> Shared {
    Shared { store, clock: Rc::new(Machine), timer: Rc::new(Machine), entropy: Rc::new(Machine) }
}

/// Define the provider `nth`.
pub fn define(nth: u64) -> Request {
    let data = format!(r#"{{"name":"p{nth}","dialect":"openai-chat","base_url":"http://127.0.0.1:1/v1","model":"m"}}"#);
    request(nth + 1, "provider.define", &data)
}

/// A command of the host on which the workspace was made.
pub fn request(nth: u64, name: &str, data: &str) -> Request {
    request_of(&PUBLIC_KEY, nth, name, data)
}

/// A command of the host with that key.
pub fn request_of(public_key: &[u8; 32], nth: u64, name: &str, data: &str) -> Request {
    let digest = hash(Domain::Identity, &[b"key", &nth.to_be_bytes()]);
    let key = KeyId(std::array::from_fn(|i| digest[i]));
    Request {
        identity: Identity::Key { key, device: DeviceId::of(public_key), incarnation: 0 },
        hash: HashText(hash(Domain::Command, &[name.as_bytes(), data.as_bytes()])),
        actor: "owner".into(),
        on_behalf_of: vec![],
        authored_ms: 1,
        branch: BranchId::Main,
        command: Command::parse(name, data).unwrap(),
    }
}

/// The words of an answer.
pub async fn answer(sequencer: &Shared, requests: Vec<Request>) -> Bytes {
    let sent = requests.iter().map(Sent::of).collect::<Answered<Vec<Sent>>>().unwrap();
    sequencer.answer(WORKSPACE, KEY, Ask::Submit(sent)).await.body
}

/// What is answered to `requests`.
pub fn submitted(sequencer: &Shared, requests: Vec<Request>) -> Bytes {
    block_on(answer(sequencer, requests))
}

/// What is answered, or nothing if the writer died.
pub fn until_death(answer: impl Future<Output = Bytes>) -> Option<Bytes> {
    match std::pin::pin!(answer).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

/// The only reply.
pub fn of(body: Bytes) -> Reply {
    let mut replies: Vec<Answered<Replied>> = answered(&body).unwrap();
    assert_eq!(replies.len(), 1);
    replies.remove(0).unwrap().into()
}
