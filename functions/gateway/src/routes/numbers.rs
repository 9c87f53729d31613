//! The numbers that routes take in their queries.

use crate::limits::{DIFF, EFFECTS, EFFECTS_USUALLY, ENTRIES, EVENTS, EVENTS_USUALLY, WAIT_MS};
use crate::query::Number;
use kernel::reject::AMOUNT_MAX;

/// Where the log is read from.
pub const AFTER: Number = Number {
    name: "after",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Position of the last event already read.",
};
/// How much of the log is read.
pub const EVENTS_LIMIT: Number =
    Number { name: "limit", least: 1, most: EVENTS, usually: EVENTS_USUALLY, meaning: "Most events to answer with." };
/// How many effects are listed.
pub const EFFECTS_LIMIT: Number = Number {
    name: "limit",
    least: 1,
    most: EFFECTS,
    usually: EFFECTS_USUALLY,
    meaning: "Most effects to answer with.",
};
/// How long to wait for a task.
pub const WAIT: Number = Number {
    name: "wait",
    least: 0,
    most: WAIT_MS,
    usually: 0,
    meaning: "Milliseconds to wait until no step of the task waits any more.",
};

/// How many tasks are passed over.
pub const SKIP: Number = Number {
    name: "skip",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "How many tasks to pass over, newest first.",
};
/// How many tasks are listed.
pub const TASKS_LIMIT: Number =
    Number { name: "limit", least: 1, most: EVENTS, usually: EVENTS_USUALLY, meaning: "Most tasks to answer with." };
/// Whether approvals that were decided are listed too.
pub const ALL: Number =
    Number { name: "all", least: 0, most: 1, usually: 0, meaning: "1 to list decided approvals too." };

/// Where a restore would go back to.
pub const BACK_TO: Number = Number {
    name: "at",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Position to go back to: that of a command's last event; 0 is where the workspace is now.",
};

/// Which turn of a step is shown.
pub const TURN: Number = Number {
    name: "turn",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Which turn of the step, counted from 1; 0 is the newest.",
};

/// The position that an entity is read at.
pub const AT: Number = Number {
    name: "at",
    least: 1,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Position of the last event that counts; the end of the log when absent.",
};
/// The position before.
pub const FROM: Number = Number {
    name: "from",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "The position before; 0 is before everything.",
};
/// The position after.
pub const TO: Number = Number {
    name: "to",
    least: 1,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "The position after; the end of the log when absent.",
};
/// How many entities of a difference are passed over.
pub const DIFF_SKIP: Number = Number {
    name: "skip",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "How many entities to pass over, in the order of their keys.",
};
/// How many are shown.
pub const DIFF_LIMIT: Number = Number {
    name: "limit",
    least: 1,
    most: DIFF,
    usually: DIFF,
    meaning: "Most entities to show. How many there are is said of all of them.",
};

/// What the models have to know before they answer.
pub const WAIT_FOR: Number = Number {
    name: "wait_for",
    least: 0,
    most: AMOUNT_MAX,
    usually: 0,
    meaning: "Position that has to be known before it is answered. After ten seconds it is answered anyway, and said how far \
              it is known.",
};
/// Where a list goes on.
pub const BEFORE: Number = Number {
    name: "before",
    least: 1,
    most: AMOUNT_MAX,
    usually: AMOUNT_MAX,
    meaning: "Only what changed last before this position.",
};
/// How many entries are listed.
pub const ENTRIES_LIMIT: Number =
    Number { name: "limit", least: 1, most: ENTRIES, usually: 50, meaning: "Most entries to answer with." };
