//! Arguments that every command has which shows something of a workspace.

/// Which workspace, and in which form it is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Reading {
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Print JSON, with whole ids and all that is known.
    #[arg(long)]
    pub json: bool,
}
