//! Arguments of commands about workflows and their runs.

use clap::Subcommand;
use std::path::PathBuf;

/// Look at workflow files.
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Say everything that is wrong with workflow files: line, column, and what to write instead.
    Check(Check),
}

/// Check workflow files.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Files to check, YAML or JSON.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a line: each mistake, or what a file without mistakes holds.
    #[arg(long)]
    pub json: bool,
}
