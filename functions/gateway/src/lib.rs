//! The HTTP edge: requests under `/v1` become commands and questions for the sequencer, and its answers become responses.
//!
//! The gateway decides nothing and keeps nothing. It refuses what cannot be meant (who asks, what was sent, how much of
//! it), gives every command an identity under which a repetition is the same command, and says what came of it in the
//! same bytes however often it is asked. Routes, limits and the published description come from the same tables.
//!
//! Most answers are whole. A stream of events is not: [`Body::Stream`] is polled by whoever writes to the client, at the
//! pace of that client, and everything it holds goes when it is dropped.

mod answer;
mod batch;
mod body;
mod browser;
mod commands;
mod gateway;
mod handler;
mod history;
mod identity;
pub mod limits;
mod models;
mod near;
mod openapi;
mod path;
mod portability;
mod query;
mod read_models;
mod reads;
mod routes;
mod snapshots;
mod space;
mod stream;
#[cfg(test)]
mod tests;
mod time;
mod tokens;
mod verify;
mod workspaces;

pub use gateway::{Feed, Gateway};
pub use handler::{Body, Chunks, handle};
pub use openapi::document as openapi;
pub use tokens::Tokens;
