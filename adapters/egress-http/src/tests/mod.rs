//! The adapter against peers on this machine.
