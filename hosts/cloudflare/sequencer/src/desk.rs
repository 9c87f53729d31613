//! Where everything that an object is asked comes together: one sequencer, one question after the other, and commands that
//! wait go together.
//!
//! The store answers at once, so a question is answered within one turn and nothing comes between its reads.

use crate::isolate::Seat;
use crate::key::workspace_key;
use crate::outlook::Lookout;
use crate::platform::Platform;
use crate::waiting::{Outcomes, Waiting};
use crate::watch;
use cloudflare::Isolate;
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use kernel::id::WorkspaceId;
use ports::{Clock as _, SequencingError, Store, StoreError};
use projector::Projector;
use sequencer::{Failure, Job, Sequencer};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use store_durable_object::DurableObjectStore;
use worker::{Delay, Env};

/// Questions that may wait for the next commit.
const WATCHERS_MAX: usize = 4096;

/// What an object works with.
pub struct Desk {
    /// The object's context.
    pub platform: Platform,
    /// Its bindings.
    pub env: Env,
    /// Which workspace it is.
    pub workspace: WorkspaceId,
    /// Its storage.
    pub store: Rc<DurableObjectStore>,
    /// What it decided to look at again.
    pub lookout: RefCell<Lookout>,
    /// Whether the runtime is being woken.
    pub waking: Cell<bool>,
    /// What was done since the object began.
    pub done: Done,
    /// The sequencer's place.
    pub seat: Rc<Seat>,
    waiting: RefCell<Waiting>,
    flushing: Cell<bool>,
    keeping_up: Cell<bool>,
    /// Who keeps the read models, while it is needed.
    pub projector: RefCell<Option<Projector>>,
    /// Whether it is at work.
    pub projecting: Cell<bool>,
    /// Position at which it was looked last whether it is time for it.
    pub projected: Cell<u64>,
    turned: RefCell<Vec<oneshot::Sender<()>>>,
}

/// What was done since the object began.
#[derive(Default)]
pub struct Done {
    /// Commands that were decided.
    pub commands: Cell<u64>,
    /// Flushes that decided them.
    pub flushes: Cell<u64>,
}

impl Desk {
    /// The desk of `workspace`. Nothing is opened before somebody asks.
    pub fn new(platform: Platform, env: Env, workspace: WorkspaceId) -> Result<Rc<Self>, String> {
        let store = Rc::new(DurableObjectStore::new(&platform.storage()?));
        Ok(Rc::new(Self {
            platform,
            env,
            workspace,
            store,
            lookout: RefCell::default(),
            waking: Cell::default(),
            done: Done::default(),
            seat: Seat::new(),
            waiting: RefCell::default(),
            flushing: Cell::default(),
            keeping_up: Cell::default(),
            projector: RefCell::default(),
            projecting: Cell::default(),
            projected: Cell::default(),
            turned: RefCell::default(),
        }))
    }

    /// Make the workspace; one that exists is left as it is.
    pub fn create(&self) -> Result<(), SequencingError> {
        match at_once(self.store.create(&self.workspace.to_string()))? {
            Ok(()) | Err(StoreError::Exists) => Ok(()),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    /// Ask the sequencer, which is opened if need be.
    pub fn turn<T>(&self, question: impl AsyncFnOnce(&mut Sequencer) -> T) -> Result<T, SequencingError> {
        let answer = {
            let mut open = self.seat.sequencer.try_borrow_mut().map_err(|_| unavailable("it is busy with itself"))?;
            let sequencer = match open.as_mut() {
                Some(sequencer) => sequencer,
                None => open.insert(self.claim()?),
            };
            at_once(question(sequencer))?
        };
        self.seat.was_used();
        Ok(answer)
    }

    fn claim(&self) -> Result<Sequencer, SequencingError> {
        // The store is asked first: no secret is needed to say that there is no workspace.
        at_once(self.store.head(&self.workspace.to_string()))?.map_err(Failure::from)?;
        let key = workspace_key(&self.env, self.workspace).map_err(SequencingError::Unavailable)?;
        let store: Rc<dyn Store> = Rc::<DurableObjectStore>::clone(&self.store);
        Ok(at_once(Sequencer::claim(store, self.workspace, key))??)
    }

    /// Decide `jobs` in this turn when nobody waits. Otherwise they wait for the next flush, which decides them together
    /// with what else waits: while one commit is on its way, those who come are committed together.
    pub fn submit(
        self: &Rc<Self>,
        jobs: Vec<Job>,
        bytes: usize,
    ) -> Result<oneshot::Receiver<Outcomes>, SequencingError> {
        let outcomes = self.waiting.borrow_mut().push(jobs, bytes)?;
        if !self.flushing.replace(true) {
            self.flush();
            let desk = Rc::clone(self);
            self.platform.beside(async move {
                while desk.flushing.get() {
                    // A turn of the event loop: whatever came in meanwhile is there afterwards.
                    Delay::from(Duration::ZERO).await;
                    desk.flush();
                }
            });
        }
        Ok(outcomes)
    }

    fn flush(self: &Rc<Self>) {
        let batch = self.waiting.borrow_mut().take();
        // When nobody waits any more, the next one is decided at once again.
        self.flushing.set(!batch.jobs.is_empty());
        if batch.jobs.is_empty() {
            return;
        }
        let before = self.pos();
        let outcomes = self.turn(async |sequencer| sequencer.submit(&batch.jobs).await);
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes.into_iter().map(|outcome| outcome.map_err(Into::into)).collect(),
            Err(error) => vec![Err(error); batch.jobs.len()],
        };
        self.done.commands.set(self.done.commands.get() + batch.jobs.len() as u64);
        self.done.flushes.set(self.done.flushes.get() + 1);
        let pos = self.pos();
        if let Some(pos) = pos.filter(|_| pos != before) {
            for waits in self.turned.borrow_mut().drain(..) {
                // Who stopped waiting hears nothing.
                let _ = waits.send(());
            }
            watch::tell_position(&self.platform, pos);
            // In the same turn as the commit: they are written together.
            self.look_out();
            self.keep_up();
            let destroys = |job: &Job| job.request.command.name() == "key.destroy";
            self.look_after_models(pos, batch.jobs.iter().any(destroys));
        }
        // What was sent is held back until all this is durable.
        batch.reply(outcomes);
    }

    /// Do what is due beside commands, a little in each turn: between two of them whatever is asked is answered.
    fn keep_up(self: &Rc<Self>) {
        if self.keeping_up.replace(true) {
            return;
        }
        let desk = Rc::clone(self);
        self.platform.beside(async move {
            let mut more = true;
            while more {
                Delay::from(Duration::ZERO).await;
                more = desk.turn(async |sequencer| sequencer.keep_up(Isolate.now_ms()).await).unwrap_or_default();
            }
            desk.keeping_up.set(false);
        });
    }

    /// Position of the last event, if the workspace is open.
    fn pos(&self) -> Option<u64> {
        self.seat.sequencer.try_borrow().ok()?.as_ref().map(|sequencer| sequencer.workspace().pos())
    }

    /// Told when something was committed.
    pub fn next_commit(&self) -> Result<oneshot::Receiver<()>, SequencingError> {
        let mut turned = self.turned.borrow_mut();
        turned.retain(|waits| !waits.is_canceled());
        if turned.len() >= WATCHERS_MAX {
            return Err(unavailable("too many requests wait for this workspace"));
        }
        let (tell, told) = oneshot::channel();
        turned.push(tell);
        Ok(told)
    }
}

/// The answer of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, SequencingError> {
    future.now_or_never().ok_or_else(|| unavailable("the storage did not answer at once"))
}

/// No answer now, for this reason.
pub fn unavailable(why: &str) -> SequencingError {
    SequencingError::Unavailable(why.to_owned())
}
