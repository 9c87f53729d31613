//! Arguments of `kernelos search` and `kernelos read-models`.

use super::Reading;
use clap::{Args, Subcommand};

/// Examples of `kernelos search`.
pub const EXAMPLES: &str = "\
Examples:
  kernelos search invoice charged             every word, in any order
  kernelos search '\"charged twice\"'           words one after the other
  kernelos search 'invo* -paid'               a beginning of a word; not this one
  kernelos search tent --kind document --kind note
  kernelos search tent --json

Kinds are agent, answer, document, note, outcome, prompt, task and workflow. Case and accents make no difference. What was
said under a key that was destroyed is not found.";

/// Search what was said in a workspace.
#[derive(Debug, Args)]
pub struct Search {
    /// What is looked for: words, \"phrases\", beginnings with a *, what must not be there with a -.
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// Only this kind. May be repeated.
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Pass over so many.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub skip: usize,
    /// Show at most so many.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}

/// Show how far the read models know the log.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ReadModels {
    /// What to do with them; they are shown when absent.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Where they are, and how they are shown.
    #[command(flatten)]
    pub reading: Reading,
}

/// What to do with read models.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make them anew from the log. Those that are there answer until it is done.
    Rebuild(Reading),
}
