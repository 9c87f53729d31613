//! What tests across rooms share: random histories of commands, and the fault simulation.

pub mod crash;
pub mod history;
pub mod sim;
pub mod travel;
mod workflows;
