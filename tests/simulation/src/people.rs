//! People: who go back, decide what becomes of work that was under way, and undo it.

use super::clients::Known;
use super::rng::Rng;
use kernel::key::BranchId;
use serde_json::{Value, json};

/// What a person says next about the past.
pub(crate) fn word(rng: &mut Rng, known: &Known) -> (BranchId, &'static str, Value) {
    let branch = rng.pick(&known.branches).copied().filter(|_| rng.chance(10)).map_or(BranchId::Main, BranchId::Forked);
    if known.is_held && rng.chance(90) {
        return decision(rng, known);
    }
    let recent = known.ends.get(known.ends.len().saturating_sub(40)..).unwrap_or_default();
    let pos = match rng.below(10) {
        0..5 => rng.pick(recent),
        5 | 6 => rng.pick(&known.ends),
        7 => rng.pick(&known.snapshots),
        8 => known.undos.last(),
        _ => None,
    };
    // There may be nothing of the kind, and somebody may be mistaken.
    let pos = pos.copied().unwrap_or_else(|| rng.below(known.ends.last().copied().unwrap_or(1) + 3));
    (branch, "branch.restore", json!({"pos": pos}))
}

/// Something is decided, or everything is released if it can be.
pub(crate) fn decision(rng: &mut Rng, known: &Known) -> (BranchId, &'static str, Value) {
    match rng.pick(&known.held).copied().filter(|_| rng.chance(80)) {
        Some(item) => {
            let choice = ["take", "again", "give_up"][rng.below(3) as usize];
            (BranchId::Main, "work.decide", json!({"item": item, "choice": choice}))
        }
        None => (BranchId::Main, "work.release", json!({})),
    }
}
