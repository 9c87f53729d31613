//! What the directory's object is asked, as bytes: one JSON object there, one back, as [`ports::wire`] writes answers.

use kernel::id::WorkspaceId;
use serde::{Deserialize, Serialize};

/// The name of the one object that is the directory.
pub const NAME: &str = "directory";

/// What the directory is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskDirectory {
    /// Write down that a workspace is a principal's. Answered by nothing.
    Register {
        /// The principal.
        principal: String,
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// Tell the workspaces of a principal. Answered by a list of ids, ordered.
    List {
        /// The principal.
        principal: String,
    },
}
