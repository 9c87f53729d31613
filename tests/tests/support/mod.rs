//! What stories about whole processes share.
#![expect(dead_code, reason = "each story uses a part of it")]

pub mod aimock;
pub mod cli;
pub mod damage;
pub mod database;
pub mod desk;
pub mod dice;
pub mod example;
pub mod far;
pub mod host;
pub mod ledger;
pub mod load;
pub mod near;
pub mod peer;
pub mod say;
pub mod script;
pub mod stream;
#[cfg(unix)]
pub mod terminal;
pub mod web;
