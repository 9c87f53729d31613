//! Arguments of commands about the past of a workspace.

use super::Reading;
use clap::Args;

/// Examples of `kernelos state`.
pub const STATE_EXAMPLES: &str = "\
Examples:
  kernelos state document/orders/1.json             as it is now
  kernelos state document/orders/1.json --at 57     as event 57 left it
  kernelos state task/10.19.task --at 57 --json
  kernelos state egress --at 57                     where requests could go then

KIND is the kind of an entity: task, run, step, call, approval, agent, provider, workflow, document, lease and so on.
ID is its id, a part of it that only one has, the name of an agent, provider or workflow, or the path of a document.
What was said under a key that was destroyed cannot be read in the past either.";

/// Examples of `kernelos diff`.
pub const DIFF_EXAMPLES: &str = "\
Examples:
  kernelos diff 40..57        what is other at 57 than it was at 40
  kernelos diff 40..          since 40
  kernelos diff 40..57 --json";

/// Examples of `kernelos why`.
pub const WHY_EXAMPLES: &str = "\
Examples:
  kernelos why 57              why event 57 happened, back to whoever began it
  kernelos why 10.19.task      how a task came to its end
  kernelos why 10.1c.approval  why a person was asked, and what became of it

Positions stand in front of each line of `kernelos log`.";

/// Show an entity as it was.
#[derive(Debug, Args)]
pub struct State {
    /// The entity: KIND/ID.
    #[arg(value_name = "KIND/ID")]
    pub entity: String,
    /// As the event at this position left it; as it is now when absent.
    #[arg(long, value_name = "POS")]
    pub at: Option<u64>,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}

/// Show what changed.
#[derive(Debug, Args)]
pub struct Diff {
    /// Two positions: what is other at the second. Without the first, before everything; without the second, now.
    #[arg(value_name = "A..B")]
    pub range: String,
    /// Show at most so many entities. How many there are is said of all of them.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}

/// Show why something happened.
#[derive(Debug, Args)]
pub struct Why {
    /// The position of an event; or the id of a task, step, call, effect, approval, agent and so on.
    #[arg(value_name = "TASK|EVENT")]
    pub of: String,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}

/// Draw when what was done.
#[derive(Debug, Args)]
pub struct Timeline {
    /// The task; all tasks of the workspace, one line each, when absent.
    #[arg(value_name = "TASK")]
    pub task: Option<String>,
    /// How many columns wide; as wide as the terminal when absent, and 100 without one.
    #[arg(long, value_name = "N")]
    pub width: Option<usize>,
    /// Where it is, and how it is shown.
    #[command(flatten)]
    pub reading: Reading,
}
