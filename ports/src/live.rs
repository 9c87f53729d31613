//! What is said while it is being said: pieces of an answer that is still on its way.
//!
//! Nothing here is stored and nothing waits for anybody. Whoever is slow misses pieces, and the whole answer comes with
//! the event that records it.

use async_trait::async_trait;
use kernel::id::{Id, WorkspaceId};
use serde::{Deserialize, Serialize};

/// A piece of an answer that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveDelta {
    /// The effect that is being performed.
    pub effect: Id,
    /// The task it belongs to.
    pub task: Id,
    /// The piece.
    pub text: String,
}

/// Where pieces go from those who perform to those who watch.
pub trait LiveChannel {
    /// Hand `delta` to everybody who watches `workspace` now. Never waits: a watcher that is behind loses the oldest.
    fn publish(&self, workspace: WorkspaceId, delta: LiveDelta);

    /// Watch `workspace` from now on. Dropping the subscription ends it.
    fn subscribe(&self, workspace: WorkspaceId) -> Box<dyn LiveSubscription>;
}

/// One watcher's end.
#[async_trait(?Send)]
pub trait LiveSubscription {
    /// The next piece; none when the channel is closed because the host stops. Giving up waiting loses no piece.
    async fn next(&mut self) -> Option<LiveDelta>;
}
