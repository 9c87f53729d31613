//! What every kind of host must do, told over HTTP and nothing else: `cargo xtask test conformance --host native|workerd`.
//!
//! The host is a process that the suite starts, kills and starts again. The stories are written once; which kind of host
//! they are told of stands in `KERNELOS_CONFORMANCE_HOST`, and how often it is killed in `KERNELOS_CONFORMANCE_ROUNDS`.
//! One file has one subject. A story that only reads and writes workspaces of its own shares one running host with the
//! others; one that kills has a host of its own.

#![cfg(test)]

mod authentication;
mod batches;
mod chain;
mod compaction;
mod crash;
mod examples;
mod history;
mod host;
mod idempotency;
mod journal;
mod journey;
mod limits;
mod moves;
mod native;
mod ordering;
mod portability;
mod problems;
mod program;
mod room;
mod routes;
mod scene;
#[path = "../../functions/gateway/src/tests/schema.rs"]
mod schema;
mod snapshots;
mod streams;
#[path = "../tests/support/mod.rs"]
mod support;
mod timers;
mod waiting;
