//! What tests across rooms share: random histories of commands, the fault simulation, and hosts as processes.

pub mod crash;
pub mod history;
pub mod hosts;
pub mod shelf;
pub mod sim;
pub mod statements;
pub mod travel;
mod workflows;
