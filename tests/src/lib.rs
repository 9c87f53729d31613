//! What tests across rooms share: random histories of commands, and hosts as processes.

pub mod crash;
pub mod history;
pub mod hosts;
pub mod shelf;
pub mod statements;
pub mod travel;
