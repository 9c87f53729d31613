//! `kernelos`: the command line, with the embedded native host in it.

pub mod age;
pub mod api;
pub mod args;
pub mod backup;
pub mod commands;
pub mod follow;
pub mod host;
pub mod incident;
pub mod money;
pub mod moving;
pub mod outcome;
pub mod place;
pub mod progress;
pub mod project;
pub mod prompt;
pub mod source;
pub mod sse;
pub mod table;
pub mod timeline;
pub mod transfer;
pub mod upgrade;
pub mod words;
