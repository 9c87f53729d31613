//! The gateway before a sequencer made of paper. Every answer is held against the published description.

mod bad_bodies;
mod batches;
mod contract;
mod history;
mod host;
mod live;
mod portability;
mod read_models;
mod reads;
mod schema;
mod streams;
mod verify;
mod who_asks;
mod workspaces;
