//! Arguments of `kernelos documents`.

use super::Reading;
use clap::Subcommand;

/// Documents of a workspace: what workflows and agents write and read.
#[derive(Debug, Subcommand)]
pub enum Documents {
    /// List the documents.
    List(Reading),
    /// Print a document's text.
    Show(DocumentShow),
}

/// Print a document.
#[derive(Debug, clap::Args)]
pub struct DocumentShow {
    /// Where it is, as the list shows it.
    pub path: String,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}
