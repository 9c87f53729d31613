//! When something takes too long.

use super::{Facts, Position};
use crate::workflow::Definition;

/// The earliest moment at which a task that is being done, or the whole run, takes too long; milliseconds since 1970.
pub fn deadline(definition: &Definition, position: &Position, facts: &Facts) -> Option<u64> {
    let whole = facts.deadline;
    let tasks = position.frames.iter().filter_map(|frame| {
        let ms = definition.nodes.get(frame.node as usize)?.timeout_ms?;
        Some(frame.since_ms.saturating_add(ms))
    });
    tasks.chain(whole).min()
}

/// What takes too long.
pub(super) enum Late {
    /// The whole run.
    Run,
    /// The outermost task that does: its place among the frames.
    Task(usize),
}

/// What takes too long by now.
pub(super) fn late(definition: &Definition, position: &Position, facts: &Facts) -> Option<Late> {
    let over = |since_ms: u64, ms: u64| facts.now_ms >= since_ms.saturating_add(ms);
    if facts.deadline.is_some_and(|deadline| facts.now_ms >= deadline) {
        return Some(Late::Run);
    }
    let late = position.frames.iter().position(|frame| {
        let ms = definition.nodes.get(frame.node as usize).and_then(|node| node.timeout_ms);
        ms.is_some_and(|ms| over(frame.since_ms, ms))
    });
    late.map(Late::Task)
}
