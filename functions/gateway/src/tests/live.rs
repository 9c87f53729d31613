//! What streams are fed from, made of paper.

use async_trait::async_trait;
use kernel::id::WorkspaceId;
use ports::{LiveChannel, LiveDelta, LiveSubscription, Timer};
use std::cell::RefCell;
use tokio::sync::{Semaphore, mpsc};

/// A channel that keeps everything until it is fetched.
#[derive(Default)]
pub struct Live {
    watchers: RefCell<Vec<mpsc::UnboundedSender<LiveDelta>>>,
}

impl Live {
    /// The host stops.
    pub fn close(&self) {
        self.watchers.borrow_mut().clear();
    }

    /// How many watch.
    pub fn watched(&self) -> usize {
        self.watchers.borrow().iter().filter(|watcher| !watcher.is_closed()).count()
    }
}

impl LiveChannel for Live {
    fn publish(&self, _: WorkspaceId, delta: LiveDelta) {
        self.watchers.borrow().iter().for_each(|watcher| drop(watcher.send(delta.clone())));
    }

    fn subscribe(&self, _: WorkspaceId) -> Box<dyn LiveSubscription> {
        let (watcher, watched) = mpsc::unbounded_channel();
        self.watchers.borrow_mut().push(watcher);
        Box::new(Watched(watched))
    }
}

struct Watched(mpsc::UnboundedReceiver<LiveDelta>);

#[async_trait(?Send)]
impl LiveSubscription for Watched {
    async fn next(&mut self) -> Option<LiveDelta> {
        self.0.recv().await
    }
}

/// A timer whose time passes when the test says so.
pub struct Pulse {
    beats: Semaphore,
    /// How long it was asked to sleep, each time.
    pub asked: RefCell<Vec<u64>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { beats: Semaphore::new(0), asked: RefCell::default() }
    }
}

impl Pulse {
    /// The time of one sleep is over.
    pub fn beat(&self) {
        self.beats.add_permits(1);
    }
}

#[async_trait(?Send)]
impl Timer for Pulse {
    async fn sleep(&self, ms: u64) {
        self.asked.borrow_mut().push(ms);
        self.beats.acquire().await.unwrap().forget();
    }
}
