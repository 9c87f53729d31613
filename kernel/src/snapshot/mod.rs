//! Snapshots: the rows of a workspace as of one position, packed in chunks that are named by their hashes.
//!
//! ```text
//!  manifest   position, streams, state roots, and for each space the chunk at the top
//!                                   │
//!  level 2                      [k1 … k7]                      an index: first key → chunk
//!                              ╱         ╲
//!  level 1               [k1 k3 k5]    [k7 k9]
//!                       ╱    │    ╲
//!  level 0   [k1 k2]   [k3 k4]   [k5 k6] …                     rows: key → since, value
//! ```
//!
//! Where a chunk ends follows from the keys and sizes of the rows in it and from nothing else (see `cut`), so the same rows
//! give the same chunks however they came to be, and where rows did not change a snapshot shares its chunks with the one
//! before. The pages of the [state map](crate::map) are not used for it: they hold sixteen rows' hashes each, and a chunk of
//! so few rows would cost more in names than in rows.

mod chunk;
mod cut;
mod manifest;
mod node;
mod row;
mod tree;

pub use chunk::{CHUNKS_SPACE, Chunk};
pub use manifest::{Manifest, SNAPSHOT_FORMAT, SNAPSHOTS_SPACE};
pub use node::{Entry, Node};
pub use row::{Packed, Value, packed};
pub use tree::{Below, Edits, Halt, Leaves, Packer, Patched, Top, find, index, leaves, names, patch};

use crate::key::Space;

/// Whether rows of `space` are in snapshots: those that have a state map, and the versions that forks need. What an
/// idempotency key stands for is not: it scatters, and repeats what events say.
pub fn holds(space: Space) -> bool {
    match space {
        Space::Control | Space::Data(_) | Space::Kept(_) => true,
        Space::Dedupe => false,
    }
}

#[cfg(test)]
mod tests;
