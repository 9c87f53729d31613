//! The router with a host made of paper.

mod calls;
mod concealing;
mod host;
mod http_calls;
mod refusals;
mod verify;
