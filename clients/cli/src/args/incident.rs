//! Arguments of `kernelos incident`.

use crate::age::Recipient;
use std::path::PathBuf;

/// How it is called.
pub const EXAMPLES: &str = "\
Examples:
  kernelos incident 10.19.task -o wrong-price.incident --recipient age1…
  kernelos incident 40..57 -o slice.incident         asks for a passphrase
  kernelos incident 40..57 -o slice.incident --redact
  kernelos replay --incident slice.incident          on any machine

The file holds the events as they were recorded, what was said in them, what models were told, and what the workspace was
before, as far as it is needed to apply the events again. Of a task, only what was said about that task is in it. Secrets
are in none.";

/// Write a piece of the timeline to a file.
#[derive(Debug, clap::Args)]
pub struct Incident {
    /// A task, by its id or a part of it; or the first and the last position.
    #[arg(value_name = "TASK|A..B")]
    pub piece: String,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Leave out what was said, and what models were told.
    #[arg(long)]
    pub redact: bool,
    /// Whom the file is for: age1…. May be given several times.
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    pub recipient: Vec<Recipient>,
    /// A file with the passphrase, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: super::Reading,
}
