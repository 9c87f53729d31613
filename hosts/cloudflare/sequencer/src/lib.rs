//! The sequencer as a Durable Object for each workspace, and the directory of workspaces.

mod directory;
mod workspace;
