//! Arguments of `kernelos export` and `kernelos import`.

use crate::age::Recipient;
use std::path::PathBuf;

/// Examples of exporting.
pub const EXPORT_EXAMPLES: &str = "\
Examples:
  kernelos export                                   asks for a passphrase
  kernelos export support -o support.kernelos --recipient age1…
  kernelos export --passphrase-file secret.txt -o - | ssh backup 'cat >support.kernelos'

The file holds the log, the keys of its content wrapped under a key of the file, and large content. The key of the
file is wrapped for the passphrase or the recipients, as `age` does it; without it nothing in the file can be read.";

/// Examples of importing.
pub const IMPORT_EXAMPLES: &str = "\
Examples:
  kernelos import support.kernelos                  asks for the passphrase, if it is for one
  kernelos import support.kernelos --identity key.txt
  kernelos import --check support.kernelos          looks at the file and at nothing else
  kernelos import --discard support.kernelos        gives up an import that was cut off

An import that was cut off goes on where it was when it is asked for again. What is imported holds its effects until
it is adopted: kernelos workspace adopt.";

/// Write a workspace to a file.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// Its id or its name; may be left out when there is one.
    pub workspace: Option<String>,
    /// The file to write, or - for the standard output; named after the workspace when left out.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whom the file is for: age1…. May be given several times.
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    pub recipient: Vec<Recipient>,
    /// A file with the passphrase, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Take a workspace in from a file.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file that `kernelos export` wrote.
    pub file: PathBuf,
    /// A file with the keys of whom it is for: AGE-SECRET-KEY-1…, one a line.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub identity: Option<PathBuf>,
    /// A file with the passphrase, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Only look whether the file is whole, and what it holds.
    #[arg(long, conflicts_with = "discard")]
    pub check: bool,
    /// Give up an import of this file that was cut off.
    #[arg(long)]
    pub discard: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
