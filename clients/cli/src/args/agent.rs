//! Arguments of `kernelos agent`.

use super::Reading;
use clap::Subcommand;
use std::path::PathBuf;

const DEFINE_EXAMPLES: &str = "\
The file is the kernelos.yaml of a project, or one with the same agents section:
  agents:
    triager:
      instructions: |
        Sort letters.
      tools: [documents.read]     # optional, as are approve, limits, schema, context_tokens
      provider: large             # optional: else the newest provider that is current";

/// Agents of a workspace.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// List the agents.
    List(Reading),
    /// Show an agent: its instructions, tools and limits.
    Show(AgentShow),
    /// Define the agents that a file declares. Those that are as declared already are left as they are.
    #[command(after_help = DEFINE_EXAMPLES)]
    Define(AgentDefine),
}

/// Show an agent.
#[derive(Debug, clap::Args)]
pub struct AgentShow {
    /// Its name or its id.
    pub name: String,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}

/// Define agents.
#[derive(Debug, clap::Args)]
pub struct AgentDefine {
    /// The file, YAML or JSON.
    pub file: PathBuf,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}
