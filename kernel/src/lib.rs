//! The pure kernel of KernelOS.
extern crate self as kernelos_kernel;
pub mod apply;
pub mod command;
pub mod effect;
pub mod entity;
pub mod event;
pub mod hash;
pub mod id;
pub mod key;
pub mod machine;
pub mod map;
pub mod merge;
pub mod reject;
pub mod replay;
pub mod seal;
pub mod state;
pub mod storage;
#[cfg(test)]
mod testing;
pub mod view;
