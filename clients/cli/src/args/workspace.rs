//! Arguments of `kernelos workspace`.

use clap::Subcommand;

/// Workspaces of this machine.
#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// List the workspaces here, and how much waits in each for a person.
    List(WorkspaceList),
    /// Show where a workspace stands, and what waits in it.
    Show(WorkspaceShow),
    /// Begin a workspace.
    Create(WorkspaceCreate),
    /// Let go what an imported workspace holds. Only when it does not go on where it came from.
    Adopt(WorkspaceAdopt),
}

/// List workspaces.
#[derive(Debug, clap::Args)]
pub struct WorkspaceList {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Show a workspace.
#[derive(Debug, clap::Args)]
pub struct WorkspaceShow {
    /// Its id or its name; may be left out when there is one.
    pub workspace: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Begin a workspace.
#[derive(Debug, clap::Args)]
pub struct WorkspaceCreate {
    /// What people call it.
    pub name: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Adopt an imported workspace.
#[derive(Debug, clap::Args)]
pub struct WorkspaceAdopt {
    /// Its id or its name; may be left out when there is one.
    pub workspace: Option<String>,
}
