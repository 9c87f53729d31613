//! Arguments of `kernelos snapshot`.

use super::Reading;
use clap::Subcommand;

/// Snapshots of a workspace.
#[derive(Debug, Subcommand)]
pub enum Snapshot {
    /// List the snapshots there are. They are made by themselves as a workspace is worked with.
    List(Reading),
    /// Make a snapshot of the workspace as it is.
    Make(Make),
}

/// Make a snapshot.
#[derive(Debug, clap::Args)]
pub struct Make {
    /// Of all rows, whatever the snapshot before says. What is damaged of it is written again.
    #[arg(long)]
    pub whole: bool,
    /// Which workspace, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}
