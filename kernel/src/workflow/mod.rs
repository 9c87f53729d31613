//! Workflows: the subset of the Serverless Workflow language, version 1, that a workspace can perform.
//!
//! [`Definition`] is a checked workflow; [`Definition::parse`] makes it from JSON and says everything that is wrong;
//! [`run`] performs it.

mod definition;
mod parse;
pub mod run;

pub use definition::{Backoff, Case, Definition, Document, Duration, For, Node, NodeId, NodeKind, Retry, Then, Try};
pub use parse::{Mistake, milliseconds, nearest};
