//! Shards: threads on which workspaces live, each with a store of its own.

use super::actor::{self, Handle};
use super::runtimes::broker;
use super::{Database, HostError};
use kernel::id::WorkspaceId;
use ports::{Store, StoreError, Vault};
use sql_hrana::Hrana;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::JoinHandle;
use store_libsql::LibsqlStore;
use store_sql::SqlStore;
use tokio::sync::{mpsc, oneshot};
use vault_file::FileVault;

/// Makes a shard's store, on the shard's own thread.
pub type StoreFactory = Box<dyn FnOnce() -> Result<Rc<dyn Store>, StoreError> + Send>;

/// What a shard is asked.
pub enum Ask {
    /// Make an empty workspace; one that exists is left as it is.
    Create(WorkspaceId, oneshot::Sender<Result<(), StoreError>>),
    /// The workspaces in the store.
    Workspaces(oneshot::Sender<Result<Vec<String>, StoreError>>),
    /// Start the actor of a workspace.
    Open(WorkspaceId, oneshot::Sender<Result<Handle, super::actor::NotOpen>>),
}

/// The way to a shard.
pub type Shard = mpsc::UnboundedSender<Ask>;

/// Stores over the same files as `first`: one thread less than there are cores, so that the edge has one too.
pub fn libsql(first: LibsqlStore) -> Vec<StoreFactory> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut stores: Vec<StoreFactory> = Vec::new();
    for _ in 2..cores {
        let another = first.another();
        stores.push(Box::new(move || Ok(Rc::new(another) as Rc<dyn Store>)));
    }
    stores.push(Box::new(move || Ok(Rc::new(first) as Rc<dyn Store>)));
    stores
}

/// One store on the database server `database`.
pub fn remote(data: &Path, database: &Database) -> Result<Vec<StoreFactory>, HostError> {
    let (data, database) = (data.to_owned(), database.clone());
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.map_err(|why| HostError::Broken(why.to_string()))?;
    executor.block_on(async {
        let prepared = reach(&data, &database)?.prepare().await;
        prepared.map_err(|why| HostError::Broken(format!("the database cannot be used: {why}")))
    })?;
    Ok(vec![Box::new(move || {
        let store = reach(&data, &database).map_err(|why| StoreError::Unavailable(why.to_string()))?;
        Ok(Rc::new(store) as Rc<dyn Store>)
    })])
}

fn reach(data: &Path, database: &Database) -> Result<SqlStore, HostError> {
    let vault = Rc::new(FileVault::open(data.join("vault"))?);
    let egress = Rc::new(broker(&vault)?);
    let Database { url, token, private } = database;
    Ok(SqlStore::new(Rc::new(Hrana::new(egress, url, token.as_deref(), private.clone()))))
}

/// Start a thread per store. A thread ends when nobody can ask its shard any more.
pub fn spawn(data: &Path, stores: Vec<StoreFactory>) -> Result<Vec<(Shard, JoinHandle<()>)>, HostError> {
    stores.into_iter().enumerate().map(|(nth, store)| spawn_one(data.to_owned(), nth, store)).collect()
}

fn spawn_one(data: PathBuf, nth: usize, store: StoreFactory) -> Result<(Shard, JoinHandle<()>), HostError> {
    let (shard, mut asked) = mpsc::unbounded_channel();
    let (ready, started) = std::sync::mpsc::channel();
    let run = move || {
        let made = store().map_err(HostError::from).and_then(|store| Ok((store, FileVault::open(data.join("vault"))?)));
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ((store, vault), executor) = match (made, executor) {
            (Ok(made), Ok(executor)) => (made, executor),
            (Err(error), _) => return drop(ready.send(Err(error))),
            (_, Err(why)) => return drop(ready.send(Err(HostError::Broken(why.to_string())))),
        };
        let _ = ready.send(Ok(()));
        let vault: Rc<dyn Vault> = Rc::new(vault);
        tokio::task::LocalSet::new().block_on(&executor, async move {
            while let Some(ask) = asked.recv().await {
                answer(ask, &store, &vault).await;
            }
        });
    };
    let thread = std::thread::Builder::new().name(format!("shard-{nth}")).spawn(run);
    let thread = thread.map_err(|why| HostError::Broken(format!("no thread could be started: {why}")))?;
    started.recv().map_err(|_| HostError::Broken("a shard ended while it started".to_owned()))??;
    Ok((shard, thread))
}

/// The workspaces there are; one that is being imported is none yet.
async fn there(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut there = Vec::new();
    for name in store.workspaces().await? {
        let Ok(id) = name.parse() else { continue };
        // One that cannot be read is there: whoever asks for it is told what is wrong with it.
        if !sequencer::is_under_way(store, id).await.unwrap_or_default() {
            there.push(name);
        }
    }
    Ok(there)
}

async fn answer(ask: Ask, store: &Rc<dyn Store>, vault: &Rc<dyn Vault>) {
    match ask {
        Ask::Create(id, reply) => {
            let made = match store.create(&id.to_string()).await {
                Err(StoreError::Exists) => Ok(()),
                made => made,
            };
            let _ = reply.send(made);
        }
        Ask::Workspaces(reply) => {
            let _ = reply.send(there(&**store).await);
        }
        Ask::Open(id, reply) => {
            let _ = reply.send(actor::spawn(id, store, vault).await);
        }
    }
}
