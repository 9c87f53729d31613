//! `workspace.leave`: the workspace is on the other host from here on.

use super::{Context, Decide, Decision};
use crate::effect::last_expiry;
use crate::entity::Move;
use crate::event::WorkspaceLeft;
use crate::hash::HashText;
use crate::key::{Key, Space};
use crate::reject::Code;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Confirm that the workspace was taken over. It can never be undone: whoever sends this has seen that all of it is there.
///
/// It is refused unless the workspace is frozen for that very host and stands exactly where it was taken over, and while
/// somebody holds a lease. Its event proves on the other host that this one grants nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceLeave {
    /// Where it went, as it was frozen for.
    pub to: String,
    /// Position up to which it is there.
    pub pos: u64,
    /// Its roots there, as the file says them.
    pub roots: BTreeMap<Space, HashText>,
}

impl Decide for WorkspaceLeave {
    const NAME: &'static str = "workspace.leave";
    const SCOPE: &'static str = "workspace:move";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        let moving = frozen(with)?;
        if *moving.to != self.to {
            return Err(Code::InvalidArgument.because(format!("it is on its way to {}", *moving.to)).into());
        }
        if let Some(until) = last_expiry(&with.read)?.filter(|until| *until > with.now_ms) {
            return Err(Code::LeaseHeld.because(format!("a lease is held until {until}")).into());
        }
        let Some((pos, roots)) = &with.stand else {
            return Err(Halt::Broken("where the workspace stands was not looked at".to_owned()));
        };
        if self.pos != *pos {
            return Err(Code::OtherPosition.because(format!("it is at {pos} and not at {}", self.pos)).into());
        }
        if self.roots != *roots {
            return Err(Code::OtherPosition.because("it has other roots").into());
        }
        let left = WorkspaceLeft { to: self.to.clone(), pos: self.pos, roots: self.roots.clone() };
        Ok(Decision::one(left, Vec::new()))
    }
}

/// Where the workspace is on its way to.
pub(super) fn frozen<'a, V: View>(with: &Context<'a, V>) -> Result<&'a Move, Halt> {
    let moving = with.read.control::<Move>(Key::Move)?;
    moving.ok_or_else(|| Code::NotFrozen.because("it is on its way nowhere").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Story, begun};
    use serde_json::json;

    const THERE: &str = "https://there.example";

    fn leave(it: &mut Story, to: &str, pos: u64) -> serde_json::Value {
        let roots = it.ask(|machine| machine.roots()).unwrap();
        json!({"to": to, "pos": pos, "roots": roots})
    }

    #[test]
    fn it_leaves_from_where_it_was_frozen_and_from_nowhere_else() {
        let mut it = begun();
        it.given("branch.fork", json!({"name": "draft"}));
        it.given("workspace.freeze", json!({"to": THERE}));
        let pos = it.machine.pos();
        let good = leave(&mut it, THERE, pos);
        for other in [pos - 1, pos + 1] {
            let data = leave(&mut it, THERE, other);
            it.when("workspace.leave", data).refused(Code::OtherPosition);
        }
        let mut data = good.clone();
        data["roots"]["main@0"] = json!(HashText([9; 32]));
        it.when("workspace.leave", data).refused(Code::OtherPosition);
        let data = leave(&mut it, "https://elsewhere.example", pos);
        it.when("workspace.leave", data).refused(Code::InvalidArgument);
        it.when("workspace.leave", good).then(&["workspace.left"]);
    }

    #[test]
    fn who_undid_it_cannot_leave_by_what_was_found_before() {
        let mut it = begun();
        it.given("workspace.freeze", json!({"to": THERE}));
        let pos = it.machine.pos();
        let before = leave(&mut it, THERE, pos);
        it.given("workspace.unfreeze", json!({}));
        it.when("workspace.leave", before.clone()).rejected(Code::NotFrozen);
        it.given("workspace.freeze", json!({"to": THERE}));
        it.when("workspace.leave", before).refused(Code::OtherPosition);
    }

    #[test]
    fn nobody_leaves_while_a_lease_is_held() {
        let mut it = begun();
        it.leased("a question");
        it.given("workspace.freeze", json!({"to": THERE}));
        it.leaves(THERE).refused(Code::LeaseHeld);
        it.now_ms += 60_000;
        it.leaves(THERE).then(&["workspace.left"]);
    }
}
