//! A channel on which nothing is heard.

use async_trait::async_trait;
use kernel::id::WorkspaceId;
use ports::{LiveChannel, LiveDelta, LiveSubscription};

/// Says nothing, and never ends.
#[derive(Debug, Clone, Copy)]
pub struct Silence;

impl LiveChannel for Silence {
    fn publish(&self, _: WorkspaceId, _: LiveDelta) {}

    fn subscribe(&self, _: WorkspaceId) -> Box<dyn LiveSubscription> {
        Box::new(Self)
    }
}

#[async_trait(?Send)]
impl LiveSubscription for Silence {
    async fn next(&mut self) -> Option<LiveDelta> {
        std::future::pending().await
    }
}
