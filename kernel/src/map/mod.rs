//! The state map: a history-independent, ordered Merkle map from row keys to row hashes. Its root is the state root.
//!
//! ```text
//!  level 1   [ "" ………………… , k4 ……………… , k9 …… ]          a page lists the pages below it: first key → page hash
//!               │              │              │
//!  level 0   [k1 k2 k3]     [k4 … k8]      [k9 …]           a page lists rows: key → row hash
//! ```
//!
//! A key begins a new page at level *n* when the SHA-256 of the key has more than *n* leading zero nibbles, so the
//! shape is a function of the set of keys alone: whatever the order of writes, loads and evictions, the same rows give
//! the same root. Pages hold 16 entries on average and are ordered by key, so rows written together are folded together.
//! The construction is that of Merkle search trees (Auvolat, Taïani 2019) with boundaries as in prolly trees.
//!
//! Keys changed since the last fold are *pending*; at [`FOLD_AT`] of them the map is folded and its pages are written
//! with the next commit. Asking for a root in between folds in memory.

mod fold;
mod page;
mod running;

pub use fold::{Changes, Folded, fold, from_scratch};
pub use page::{Page, PageKey, Tree};
pub use running::Running;

/// At this many pending keys the map is folded.
pub const FOLD_AT: usize = 512;
