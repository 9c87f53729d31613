//! Why the sequencer has no answer.

use kernel::reject::Rejection;
use ports::problem::Fault;
use ports::{Conflict, SequencingError, StoreError};

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The command was refused and is not remembered.
    Refused(Rejection),
    /// The store failed.
    Store(StoreError),
    /// An export or import cannot go on.
    Transfer(Fault, String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for SequencingError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(rejection) => Self::Refused(rejection),
            Failure::Transfer(fault, why) => Self::Transfer(fault, why),
            Failure::Store(StoreError::NoWorkspace) => Self::NoWorkspace,
            Failure::Store(StoreError::Damaged { what }) => Self::Damaged(what),
            Failure::Store(StoreError::Conflict(Conflict::Fenced { .. })) => {
                Self::Unavailable("another host took over this workspace".to_owned())
            }
            Failure::Store(error) => Self::Unavailable(error.to_string()),
        }
    }
}
