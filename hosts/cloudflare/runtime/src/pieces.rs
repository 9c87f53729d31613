//! Pieces of answers on their way to those who watch: to the object of the workspace, in small batches.

use async_trait::async_trait;
use cloudflare::Isolate;
use futures_util::lock::Mutex;
use kernel::id::WorkspaceId;
use models_http::HttpModels;
use ports::provider::{Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use ports::{LiveChannel, LiveDelta, LiveSubscription, Models, Timer as _};
use sequencing_http::ElsewhereSequencing;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;

/// How long pieces are collected before they are sent: at the beginning of an answer, and at most. Each batch is a request,
/// and the platform counts them, so a long answer comes in larger pieces the longer it is.
const FIRST_MS: u64 = 50;
const LONGEST_MS: u64 = 500;
/// Most bytes that wait. Beyond that they are lost: the whole answer comes with the event that records it.
const BYTES_MAX: usize = 1 << 18;

/// The pieces of one runtime. Clones are the same.
#[derive(Clone)]
pub struct Pieces(Rc<Shared>);

struct Shared {
    workspace: WorkspaceId,
    sequencing: Rc<ElsewhereSequencing>,
    waiting: RefCell<Vec<LiveDelta>>,
    /// Whether somebody will send what waits.
    tended: Cell<bool>,
    /// How long is collected next.
    collect_ms: Cell<u64>,
    /// Held while a batch is on its way, so that batches arrive in order.
    turn: Mutex<()>,
}

impl Pieces {
    /// Of `workspace`.
    pub fn new(workspace: WorkspaceId, sequencing: Rc<ElsewhereSequencing>) -> Self {
        let (waiting, tended, turn) = (RefCell::default(), Cell::default(), Mutex::default());
        Self(Rc::new(Shared { workspace, sequencing, waiting, tended, collect_ms: Cell::new(FIRST_MS), turn }))
    }

    /// An answer begins: whoever watches hears its first words soon.
    fn begin(&self) {
        self.0.collect_ms.set(FIRST_MS);
    }

    /// Send what waits. Whether it arrives is of no consequence.
    pub async fn send(&self) {
        let _turn = self.0.turn.lock().await;
        let batch = self.0.waiting.take();
        if !batch.is_empty() {
            let _ = self.0.sequencing.live(self.0.workspace, batch).await;
        }
    }
}

impl LiveChannel for Pieces {
    fn publish(&self, _: WorkspaceId, delta: LiveDelta) {
        add(&mut self.0.waiting.borrow_mut(), delta);
        if self.0.tended.replace(true) {
            return;
        }
        let pieces = self.clone();
        spawn_local(async move {
            let collect_ms = pieces.0.collect_ms.get();
            Isolate.sleep(collect_ms).await;
            pieces.0.collect_ms.set((collect_ms * 5 / 4).min(LONGEST_MS));
            pieces.0.tended.set(false);
            pieces.send().await;
        });
    }

    /// Nobody watches here: those who do have a socket to the object.
    fn subscribe(&self, _: WorkspaceId) -> Box<dyn LiveSubscription> {
        Box::new(Nothing)
    }
}

struct Nothing;

#[async_trait(?Send)]
impl LiveSubscription for Nothing {
    async fn next(&mut self) -> Option<LiveDelta> {
        None
    }
}

/// Add a piece to those that wait. One that goes on from the last becomes part of it.
fn add(waiting: &mut Vec<LiveDelta>, delta: LiveDelta) {
    let bytes: usize = waiting.iter().map(|delta| delta.text.len()).sum();
    if bytes + delta.text.len() > BYTES_MAX {
        return;
    }
    match waiting.last_mut() {
        Some(last) if last.effect == delta.effect => last.text.push_str(&delta.text),
        _ => waiting.push(delta),
    }
}

/// The models, by whom nothing is answered before its pieces were sent: what was said goes before what is recorded.
pub struct PiecewiseModels {
    /// The models.
    pub models: HttpModels,
    /// The pieces.
    pub pieces: Pieces,
}

#[async_trait(?Send)]
impl Models for PiecewiseModels {
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        self.pieces.begin();
        let outcome = self.models.call(provider, idempotency_key, request, live).await;
        self.pieces.send().await;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::{CommandId, DeviceId, Id, Role};

    fn delta(counter: u64, text: &str) -> LiveDelta {
        let id = |role| Id::new(CommandId { device: DeviceId([3; 16]), incarnation: 0, counter }, role);
        LiveDelta { effect: id(Role::Effect), task: id(Role::Task), text: text.to_owned() }
    }

    #[test]
    fn pieces_of_one_answer_become_one_and_those_of_several_keep_their_order() {
        let mut waiting = Vec::new();
        for (answer, text) in [(1, "a"), (1, "b"), (2, "c"), (1, "d")] {
            add(&mut waiting, delta(answer, text));
        }
        assert_eq!(waiting, [delta(1, "ab"), delta(2, "c"), delta(1, "d")]);
    }

    #[test]
    fn no_more_waits_than_there_is_room_for() {
        let mut waiting = Vec::new();
        let long = "x".repeat(BYTES_MAX / 2 + 1);
        add(&mut waiting, delta(1, &long));
        add(&mut waiting, delta(1, &long));
        add(&mut waiting, delta(1, "y"));
        assert_eq!(waiting, [delta(1, &format!("{long}y"))]);
    }
}
