//! The pure kernel of KernelOS.
extern crate self as kernelos_kernel;
pub mod apply;
pub mod capability;
pub mod command;
pub mod context;
pub mod effect;
pub mod entity;
pub mod event;
pub mod expression;
mod fit;
pub mod flow;
pub mod hash;
pub mod id;
pub mod key;
pub mod machine;
pub mod map;
pub mod merge;
pub mod reject;
pub mod replay;
pub mod schema;
pub mod seal;
pub mod staged;
pub mod state;
pub mod storage;
#[cfg(test)]
mod testing;
pub mod view;
pub mod workflow;
