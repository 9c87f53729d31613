//! The way to people: that somebody is waited for.

use crate::sequencing::Notice;
use async_trait::async_trait;
use kernel::id::{Id, WorkspaceId};

/// Tells people that a decision waits for them.
#[async_trait(?Send)]
pub trait Notices {
    /// Give notice. A host on which nobody is to be told says yes; an error is tried again later.
    async fn give(&self, workspace: WorkspaceId, task: Id, notice: &Notice) -> Result<(), String>;
}
