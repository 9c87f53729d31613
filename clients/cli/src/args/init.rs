//! Arguments of `kernelos init`.

use super::provider::Reached;
use std::path::PathBuf;

/// Begin a project: a folder from a template, a provider that was verified, and a workspace.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder; made when it is not there. The name of the template when absent.
    pub dir: Option<PathBuf>,
    /// What a new workspace is called; the folder's name when absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The template; see --templates.
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// List the templates, and do nothing else.
    #[arg(long)]
    pub templates: bool,
    /// Where the provider is reached; without it none is connected.
    #[arg(long, env = "KERNELOS_BASE_URL", hide_env_values = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// The provider's name of the model.
    #[arg(long, env = "KERNELOS_MODEL", hide_env_values = true, value_name = "NAME")]
    pub model: Option<String>,
    /// See there.
    #[command(flatten)]
    pub reached: Reached,
    /// The workspace; the only one there is, or a new one, when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Ask nothing: take what the flags say, and what is usual.
    #[arg(long, short)]
    pub yes: bool,
    /// Print JSON: the folder, its files, the workspace, and the next command.
    #[arg(long)]
    pub json: bool,
}
