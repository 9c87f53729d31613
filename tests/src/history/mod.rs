//! Random histories: commands as clients would write them, and ways to have them decided.
//!
//! A history is made without looking at state. Ids are derived from commands, so a later command can name what an
//! earlier one makes before anything was decided, and the same history can be played in many ways and compared.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod agents;
mod author;
mod op;
mod play;
mod told;
mod units;

pub use agents::Office;
pub use author::Author;
pub use op::{Kind, Op, config, ops, text};
pub use play::{Between, Pace, World, paces};
pub use simulation::{Device, command_hash, entropy, under_key};
pub use told::told;
pub use units::Opened;

use serde_json::Value;

/// Members of `more` are members of `data` from here on.
fn extend(data: &mut Value, more: &Value) {
    if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
        data.extend(more.clone());
    }
}
