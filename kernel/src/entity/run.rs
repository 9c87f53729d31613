//! Workflows, and the runs that perform them.

use super::{Failure, entity};
use crate::id::Id;
use crate::merge::{Exclusive, Lww};
use crate::seal::Content;
use crate::workflow::run::Position;
use serde::{Deserialize, Serialize};

entity! {
    /// A workflow that passed its check.
    Workflow { always {} may {
        /// What people call it.
        name: Lww<Option<Content>>,
        /// Its namespace and its version, a JSON array.
        document: Lww<Option<Content>>,
        /// The workflow itself, JSON.
        source: Exclusive<Option<Content>>,
    } }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It goes on by itself, or waits for something outside.
    #[default]
    Running,
    /// It came to its end.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

entity! {
    /// A workflow that is performed. It has the id of its task.
    Run { always {
        /// The workflow.
        workflow: Exclusive<Id>,
        /// When it began, milliseconds since 1970.
        started_at: Exclusive<u64>,
    } may {
        /// Where in the workflow it is, and with which values.
        position: Exclusive<Position>,
        /// Where it stands.
        status: Exclusive<RunStatus>,
        /// The call it waits for.
        call: Exclusive<Option<Id>>,
        /// When it goes on by itself, milliseconds since 1970.
        due: Exclusive<Option<u64>>,
        /// When it is stopped for taking too long, milliseconds since 1970.
        deadline: Exclusive<Option<u64>>,
        /// What came of it, JSON.
        output: Exclusive<Option<Content>>,
        /// Why nothing came of it.
        failure: Exclusive<Option<Failure>>,
    } }
}
