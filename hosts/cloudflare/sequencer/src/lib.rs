//! The sequencer as a Durable Object for each workspace, and the directory of workspaces.
//!
//! ```text
//!  gateway, runtime ──POST ask──► WorkspaceSequencer ──► waiting commands ──one flush──► Sequencer ──► SQLite
//!  gateway ──────/watch (sleeps)──────┤      ▲                                              │
//!                                     │      └── alarm: something is due            {"pos":N} to who watches
//!                                     └──POST /wake──► runtime
//! ```
//!
//! An object may be ended at any moment between two turns, and is, when nobody asks. So nothing in memory is needed:
//! what was answered is in the storage, sockets outlive the object, and whatever must happen later is an alarm that is
//! stored with the commit that made it necessary.

mod alarm;
mod answer;
mod desk;
mod directory;
mod isolate;
mod key;
mod models;
mod object;
mod outlook;
mod platform;
mod waiting;
mod watch;
