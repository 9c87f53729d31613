//! Read models of the object's workspace, in tables of their own in its database.
//!
//! They are brought up to the log when somebody asks, when many events came since, and when a key was destroyed; not with
//! every commit, because each row that is written is paid for.

use crate::desk::{Desk, unavailable};
use crate::key::workspace_key;
use cloudflare::Isolate;
use futures_util::FutureExt as _;
use ports::read_models::{ModelsAsk, ModelsAsked, WAIT_MS};
use ports::{Clock as _, SequencingError, Store};
use projector::{Pace, Projector};
use read_models_sql::SqlModels;
use serde_json::Value;
use std::rc::Rc;
use std::time::Duration;
use store_durable_object::{DurableObjectStore, ObjectSql};
use worker::Delay;

/// So many events may come before the models are brought up to them unasked.
const EVENTS: u64 = 256;

impl Desk {
    /// Answer what is asked of the models, once they know what was committed before.
    pub async fn ask_models(self: &Rc<Self>, ask: ModelsAsk) -> Result<Value, SequencingError> {
        // A workspace that is not there, or not whole yet, has none.
        let end = self.turn(async |sequencer| sequencer.describe().await)??.pos;
        let until = Isolate.now_ms().saturating_add(WAIT_MS);
        if ask.asked != ModelsAsked::Stand || ask.wait_for.is_some() {
            while self.project()? && Isolate.now_ms() < until && self.known() < ask.wait_for.unwrap_or(end).min(end) {
                Delay::from(Duration::ZERO).await;
            }
        }
        let answer = self.with_projector(async |projector| projector.answer(&ask.asked).await)?;
        if ask.asked == ModelsAsked::Rebuild {
            self.project_beside();
        }
        answer
    }

    /// After a commit that ends at `pos`: bring the models up to it, if it is time.
    pub fn look_after_models(self: &Rc<Self>, pos: u64, key_destroyed: bool) {
        if key_destroyed || pos / EVENTS > self.projected.replace(pos) / EVENTS {
            self.project_beside();
        }
    }

    fn project_beside(self: &Rc<Self>) {
        if self.projecting.replace(true) {
            return;
        }
        let desk = Rc::clone(self);
        self.platform.beside(async move {
            // What fails is tried again when it is time again, or told to whoever asks.
            while desk.project().unwrap_or_default() {
                Delay::from(Duration::ZERO).await;
            }
            desk.projecting.set(false);
            // What it holds can be read again; many objects share the memory.
            desk.projector.take();
        });
    }

    /// A slice. Says whether there is more to do.
    fn project(&self) -> Result<bool, SequencingError> {
        let advanced = self.with_projector(async |projector| projector.advance().await)?;
        Ok(advanced.unwrap_or_default())
    }

    /// Position that the models know.
    fn known(&self) -> u64 {
        self.projector.try_borrow().ok().and_then(|open| open.as_ref().map(Projector::as_of)).unwrap_or_default()
    }

    fn with_projector<T>(&self, ask: impl AsyncFnOnce(&mut Projector) -> T) -> Result<T, SequencingError> {
        let mut open = self.projector.try_borrow_mut().map_err(|_| unavailable("it is busy with itself"))?;
        let projector = match open.as_mut() {
            Some(projector) => projector,
            None => open.insert(self.new_projector()?),
        };
        ask(projector).now_or_never().ok_or_else(|| unavailable("the storage did not answer at once"))
    }

    fn new_projector(&self) -> Result<Projector, SequencingError> {
        let key = workspace_key(&self.env, self.workspace).map_err(SequencingError::Unavailable)?;
        let storage = self.platform.storage().map_err(SequencingError::Unavailable)?;
        let models = Rc::new(SqlModels::new(Rc::new(ObjectSql::new(&storage))));
        let store: Rc<dyn Store> = Rc::<DurableObjectStore>::clone(&self.store);
        Ok(Projector::new(sequencer::whole_log(store), models, self.workspace, key, Pace::BETWEEN))
    }
}
