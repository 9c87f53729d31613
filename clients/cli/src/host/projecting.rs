//! Keeping read models: a thread of its own, with a store of its own to read logs with, so that no command waits for it.
//!
//! Each workspace that is open has a keeper on it. The models are a file for each workspace, in a folder that may be deleted at
//! any time.

use super::HostError;
use super::shard::StoreFactory;
use kernel::id::WorkspaceId;
use ports::read_models::{ModelsAsk, ModelsError, WAIT_MS, WholeFile as _};
use ports::{SequencingError, Store, StoreError, Vault as _};
use projector::{Pace, Projector};
use read_models_sql::SqlModels;
use serde_json::Value;
use sql_file::FileSql;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use vault_file::FileVault;

/// Where the files are, below the data directory.
pub const FOLDER: &str = "read-models";

/// After something failed nothing is tried for this time.
const PAUSE: Duration = Duration::from_secs(5);

/// After something was found damaged.
const BREATH: Duration = Duration::from_secs(1);

/// How far this thread steps back: a processor that is wanted by others is theirs for nine tenths of the time.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Questions to one workspace's models that may wait.
const WAITING_MAX: usize = 1_024;

type Answer = oneshot::Sender<Result<Value, SequencingError>>;

/// What the thread is asked.
pub enum Ask {
    /// Keep the models of a workspace, whose log ends where is told.
    Follow(WorkspaceId, watch::Receiver<u64>),
    /// Ask them.
    Models(WorkspaceId, ModelsAsk, Answer),
}

/// The way to the thread.
pub type Keeping = mpsc::UnboundedSender<Ask>;

/// Start the thread. It ends when nobody can ask it any more.
pub fn spawn(data: &Path, store: StoreFactory) -> Result<(Keeping, JoinHandle<()>), HostError> {
    let data = data.to_owned();
    let (keeping, asked) = mpsc::unbounded_channel();
    let (ready, started) = std::sync::mpsc::channel();
    let run = move || {
        step_back();
        let made = store().map_err(HostError::from).and_then(|store| Ok((store, FileVault::open(data.join("vault"))?)));
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ((store, vault), executor) = match (made, executor) {
            (Ok(made), Ok(executor)) => (made, executor),
            (Err(error), _) => return drop(ready.send(Err(error))),
            (_, Err(why)) => return drop(ready.send(Err(HostError::Broken(why.to_string())))),
        };
        let _ = ready.send(Ok(()));
        let room = Rc::new(Room { folder: data.join(FOLDER), store, vault });
        tokio::task::LocalSet::new().block_on(&executor, serve(room, asked));
    };
    let thread = std::thread::Builder::new().name("projector".to_owned()).spawn(run);
    let thread = thread.map_err(|why| HostError::Broken(format!("no thread could be started: {why}")))?;
    started.recv().map_err(|_| HostError::Broken("the projector ended while it started".to_owned()))??;
    Ok((keeping, thread))
}

/// Commands go first where there are not enough processors for both.
fn step_back() {
    // A priority is one of a thread on Linux only.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

/// What keepers work with.
struct Room {
    folder: PathBuf,
    store: Rc<dyn Store>,
    vault: FileVault,
}

async fn serve(room: Rc<Room>, mut asked: mpsc::UnboundedReceiver<Ask>) {
    let mut keepers: BTreeMap<WorkspaceId, mpsc::Sender<(ModelsAsk, Answer)>> = BTreeMap::new();
    while let Some(ask) = asked.recv().await {
        match ask {
            Ask::Follow(workspace, pos) => {
                let (ask, questions) = mpsc::channel(WAITING_MAX);
                keepers.insert(workspace, ask);
                tokio::task::spawn_local(keep(Rc::clone(&room), workspace, pos, questions));
            }
            Ask::Models(workspace, ask, reply) => {
                let Some(keeper) = keepers.get(&workspace) else {
                    let _ = reply.send(Err(SequencingError::NoWorkspace));
                    continue;
                };
                // Who is dropped with its question hears that there is no answer.
                let _ = keeper.try_send((ask, reply));
            }
        }
    }
}

/// Keep the models of one workspace until its actor ends.
async fn keep(
    room: Rc<Room>,
    workspace: WorkspaceId,
    pos: watch::Receiver<u64>,
    questions: mpsc::Receiver<(ModelsAsk, Answer)>,
) {
    let file = Rc::new(FileSql::new(room.folder.join(format!("{workspace}.db"))));
    let models = SqlModels::alone(Rc::<FileSql>::clone(&file), Rc::<FileSql>::clone(&file));
    // Its actor has the key already, so there is one.
    let Ok(key) = room.vault.workspace_key(&workspace.to_string()).await else { return };
    let projector =
        Projector::new(sequencer::whole_log(Rc::clone(&room.store)), Rc::new(models), workspace, key, Pace::BESIDE);
    let mut keeper = Keeper { projector, pos, questions, waiting: Vec::new(), paused_until: None, more: true };
    keeper.run().await;
    // An import that was given up leaves nothing, here neither.
    if matches!(room.store.head(&workspace.to_string()).await, Err(StoreError::NoWorkspace)) {
        let _ = file.remove();
    }
}

struct Keeper {
    projector: Projector,
    pos: watch::Receiver<u64>,
    questions: mpsc::Receiver<(ModelsAsk, Answer)>,
    /// Questions that wait for a position, each until a time.
    waiting: Vec<(ModelsAsk, Answer, Instant)>,
    /// Until then nothing is tried, because something failed.
    paused_until: Option<Instant>,
    /// Whether there is more to do.
    more: bool,
}

impl Keeper {
    async fn run(&mut self) {
        loop {
            let works = self.more && self.paused_until.is_none() && *self.pos.borrow() > 0;
            let wakes = self.waiting.iter().map(|(.., until)| *until).chain(self.paused_until).min();
            let slept = async {
                match wakes {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                question = self.questions.recv() => match question {
                    Some((ask, reply)) => {
                        self.waiting.push((ask, reply, Instant::now() + Duration::from_millis(WAIT_MS)));
                        self.more = true;
                    }
                    None => return,
                },
                changed = self.pos.changed() => match changed {
                    Ok(()) => self.more = true,
                    Err(_) => return,
                },
                () = slept => self.paused_until = self.paused_until.filter(|until| *until > Instant::now()),
                // Others of this thread have their turn between two slices.
                () = tokio::task::yield_now(), if works => self.advance().await,
            }
            self.answer().await;
        }
    }

    async fn advance(&mut self) {
        match self.projector.advance().await {
            Ok(more) => self.more = more,
            // What was damaged is away and can be made anew; should that be damaged too, not over and over without a pause.
            Err(ModelsError::Damaged(_)) => self.paused_until = Some(Instant::now() + BREATH),
            Err(_) => self.paused_until = Some(Instant::now() + PAUSE),
        }
    }

    /// Answer whoever need not wait any longer.
    async fn answer(&mut self) {
        let (as_of, now) = (self.projector.as_of(), Instant::now());
        let mut left = Vec::new();
        for (ask, reply, until) in std::mem::take(&mut self.waiting) {
            // Until there are models for the first time there is something to wait for, too.
            let least = if ask.asked.needs_models() { 1 } else { 0 };
            let is_known = as_of >= ask.wait_for.unwrap_or_default().max(least);
            if is_known || until <= now || self.paused_until.is_some() {
                let _ = reply.send(self.projector.answer(&ask.asked).await);
                self.more = true;
            } else {
                left.push((ask, reply, until));
            }
        }
        self.waiting = left;
    }
}
