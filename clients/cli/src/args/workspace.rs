//! Arguments of `kernelos workspace`.

use clap::Subcommand;

/// Workspaces of this machine.
#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// List the workspaces here, and how much waits in each for a person.
    List(WorkspaceList),
    /// Show where a workspace stands, and what waits in it.
    Show(WorkspaceShow),
    /// Show how much room a workspace takes, and what takes it.
    Space(super::Reading),
    /// Begin a workspace.
    Create(WorkspaceCreate),
    /// Let go what an imported workspace holds. Only when it does not go on where it came from.
    Adopt(WorkspaceAdopt),
    /// Move a workspace to another host. What waits there waits on, and goes on there.
    #[command(after_help = MOVE_EXAMPLES)]
    Move(WorkspaceMove),
}

/// Examples of moving, and what it does.
const MOVE_EXAMPLES: &str = "\
Examples:
  KERNELOS_TO_TOKEN=… kernelos workspace move support --to https://kernelos.example.com
  kernelos workspace move support --to https://kernelos.example.com --undo
  kernelos --host https://kernelos.example.com workspace move support --to http://127.0.0.1:8787

It is frozen, taken over, compared, and confirmed; then it goes on there, and what is left here says where it went.
At most one of the two hosts ever gives work away. If this is cut off, the same command goes on where it was; before
it is confirmed, --undo leaves the workspace here. Secrets of the vault do not travel.";

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
    /// Although it was frozen to come here and nothing proves that it left; for when the host it came from is lost.
    #[arg(long)]
    pub anyway: bool,
}

/// Move a workspace to another host.
#[derive(Debug, clap::Args)]
pub struct WorkspaceMove {
    /// Its id or its name; may be left out when there is one.
    pub workspace: Option<String>,
    /// The host it goes to. Its token is read from the environment variable KERNELOS_TO_TOKEN.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Leave it where it is, and remove what came there; as long as it is not confirmed.
    #[arg(long)]
    pub undo: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
