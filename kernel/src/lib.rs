//! The pure kernel of KernelOS.
pub mod hash;
pub mod storage;
