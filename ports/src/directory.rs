//! Which workspaces there are, for hosts on which nobody can list them otherwise.
//!
//! A directory is an index: the workspaces are the truth, and whoever opens one may write it down again.

use crate::sequencing::SequencingError;
use async_trait::async_trait;
use kernel::id::WorkspaceId;

/// The workspaces of each principal.
#[async_trait(?Send)]
pub trait Directory {
    /// Write down that `workspace` is `principal`'s. What is written down already is left as it is.
    async fn register(&self, principal: &str, workspace: WorkspaceId) -> Result<(), SequencingError>;

    /// The workspaces of `principal`, ordered.
    async fn list(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError>;
}
