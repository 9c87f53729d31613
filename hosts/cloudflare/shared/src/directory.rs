//! What the directory's object is asked. The answers are written as a sequencer's are.

use kernel::id::WorkspaceId;
use serde::{Deserialize, Serialize};

/// The one object of the directory.
pub const NAME: &str = "directory";

/// A question.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskDirectory {
    /// Write down whose a workspace is.
    Register {
        /// Whose.
        principal: String,
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// The workspaces of a principal, ordered.
    List {
        /// Of whom.
        principal: String,
    },
}
