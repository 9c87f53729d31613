//! Arguments of `kernelos restore`.

use super::Reading;
use clap::{Subcommand, ValueEnum};

/// How it is called.
pub const EXAMPLES: &str = "\
Examples:
  kernelos restore --at 1207 --preview         what would change, and what would be held
  kernelos restore --at 1207                   go back; undoing it is going back to where it was
  kernelos restore list                        what was under way then
  kernelos restore decide take 10.227.effect   its recorded outcome counts
  kernelos restore decide again --all          the rest is done again
  kernelos restore release                     and goes on";

/// Go back to what the workspace was at a position. Nothing is deleted, and what is spent, used or revoked stays so.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Restore {
    /// What else to do.
    #[command(subcommand)]
    pub then: Option<Then>,
    /// The position: that of the last event that shall count, as `kernelos log` shows it.
    #[arg(long, value_name = "POS", value_parser = clap::value_parser!(u64).range(1..))]
    pub at: Option<u64>,
    /// Only say what would change.
    #[arg(long, requires = "at")]
    pub preview: bool,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}

/// What to do about work that was under way.
#[derive(Debug, Subcommand)]
pub enum Then {
    /// List what was under way at the newest restore, and what became of it.
    List(Reading),
    /// Say what becomes of something that was under way.
    Decide(Decide),
    /// Let everything that is decided go on.
    Release(Reading),
}

/// Say what becomes of something that was under way.
#[derive(Debug, clap::Args)]
pub struct Decide {
    /// What becomes of it.
    #[arg(value_enum)]
    pub choice: Choice,
    /// Its id as `restore list` shows it, or a part of that which nothing else has.
    #[arg(required_unless_present = "all")]
    pub item: Option<String>,
    /// Decide so about everything that nobody decided yet.
    #[arg(long, conflicts_with = "item")]
    pub all: bool,
    /// See there.
    #[command(flatten)]
    pub reading: Reading,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// What came of it on the line that was left counts here, too.
    Take,
    /// It is done again, to the outside under the same idempotency key.
    Again,
    /// What waits for it fails.
    GiveUp,
}

impl Choice {
    /// As the command says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Again => "again",
            Self::GiveUp => "give_up",
        }
    }
}
