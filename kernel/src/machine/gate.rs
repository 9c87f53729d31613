//! What a workspace still lets pass that is on its way to another host, or went there.

use super::{Request, Stop, Workspace};
use crate::command::{Command, Intent, Observation};
use crate::entity::{Move, Origin};
use crate::key::{Key, Line};
use crate::reject::Code;

impl Workspace {
    /// Whether the workspace is on its way, so that nothing may be recorded of what it does not take; refuses what it does
    /// not let pass at all.
    ///
    /// Where it is frozen, reports of leases that are held pass, and what ends the freezing. In the copy that came to the
    /// other host nothing passes but adopting it. Where it left, nothing does.
    pub(super) fn lets_pass(&self, request: &Request, line: Line, now_ms: u64) -> Result<bool, Stop> {
        let read = self.read(line);
        let Some(moving) = read.control::<Move>(Key::Move)? else { return Ok(false) };
        let is_copy = read.control::<Origin>(Key::Origin)?.is_some_and(|origin| *origin.held);
        let passes = match &request.command {
            Command::Intent(Intent::WorkspaceImport(_)) => true,
            Command::Intent(Intent::WorkspaceAdopt(_)) if is_copy => true,
            _ if is_copy || moving.left.is_some() => false,
            Command::Intent(Intent::WorkspaceUnfreeze(_) | Intent::WorkspaceLeave(_)) => true,
            Command::Observation(Observation::EffectReport(report)) => report.is_in_time(&read, now_ms)?,
            Command::Intent(_) => false,
        };
        if passes {
            return Ok(true);
        }
        Err(Stop::Refused(match (*moving.left, is_copy) {
            (Some(pos), _) => Code::WorkspaceMoved.because(format!("it went to {} at event {pos}", *moving.to)),
            (None, true) => Code::WorkspaceFrozen.because("it came here to stay, and was not adopted yet"),
            (None, false) => Code::WorkspaceFrozen.because(format!("it is on its way to {}", *moving.to)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::entity::{Effect, Move};
    use crate::key::{BranchId, Key};
    use crate::reject::Code;
    use crate::testing::{Story, begun, boot};
    use serde_json::{Value, json};

    const THERE: &str = "https://there.example";

    fn frozen(it: &mut Story) {
        it.when("workspace.freeze", json!({"to": THERE})).then(&["workspace.frozen"]);
    }

    fn lease(it: &Story) -> Value {
        json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000})
    }

    /// What may be asked of a workspace that stays.
    fn everything(it: &Story) -> Vec<(&'static str, Value)> {
        vec![
            ("task.create", json!({"title": "new"})),
            ("effect.lease", lease(it)),
            ("timers.fire", json!({})),
            ("runtime.join", json!({"runtime": it.runtime(), "boot": boot(2)})),
            ("branch.fork", json!({"name": "draft"})),
            ("workspace.freeze", json!({"to": "https://elsewhere.example"})),
        ]
    }

    #[test]
    fn while_it_is_frozen_nothing_passes_and_nothing_is_recorded() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.asked("another question");
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        frozen(&mut it);
        for (name, data) in everything(&it) {
            it.when(name, data.clone()).refused(Code::WorkspaceFrozen);
            it.when_under(7, name, data).refused(Code::WorkspaceFrozen);
        }
        it.when("workspace.adopt", json!({})).refused(Code::WorkspaceFrozen);
        it.when_on(fork, "task.create", json!({"title": "on a fork"})).refused(Code::WorkspaceFrozen);
        let renewal = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": 1, "ttl_ms": 5});
        it.when("effect.renew", renewal).refused(Code::WorkspaceFrozen);
    }

    #[test]
    fn while_it_is_frozen_who_holds_a_lease_reports_and_who_held_one_does_not() {
        let mut it = begun();
        let [one, two] = ["one", "two"].map(|prompt| it.leased(prompt));
        frozen(&mut it);
        it.report(one, 2, "not its token").refused(Code::WorkspaceFrozen);
        it.report(one, 1, "an answer").then(&["step.settled"]);
        it.report(one, 1, "a second answer").refused(Code::WorkspaceFrozen);
        it.now_ms += 60_000;
        it.report(two, 1, "too late").refused(Code::WorkspaceFrozen);
        it.given("workspace.unfreeze", json!({}));
        it.report(two, 1, "not too late after all").then(&["step.settled"]);
        assert!(it.data::<Effect>(BranchId::Main, Key::Effect(two)).unwrap().settled_by.is_some());
    }

    #[test]
    fn what_was_refused_under_a_key_is_done_when_the_workspace_stays_after_all() {
        let mut it = begun();
        it.asked("a question");
        frozen(&mut it);
        it.when_under(9, "effect.lease", lease(&it)).refused(Code::WorkspaceFrozen);
        it.when_under(8, "workspace.unfreeze", json!({})).then(&["workspace.unfrozen"]);
        assert!(it.machine_has_no(Key::Move));
        it.when_under(9, "effect.lease", lease(&it)).then(&["lease.granted"]);
    }

    #[test]
    fn what_was_answered_before_is_answered_alike_wherever_the_workspace_is() {
        let mut it = begun();
        it.when_under(7, "task.create", json!({"title": "one"}));
        let command = it.reply().command;
        it.when_under(8, "workspace.freeze", json!({"to": THERE}));
        for _ in 0..2 {
            it.when_under(7, "task.create", json!({"title": "one"}));
            assert_eq!((it.reply().command, it.reply().known, it.events().len()), (command, true, 0));
            let roots = it.ask(|machine| machine.roots()).unwrap();
            let pos = it.machine.pos();
            it.when_under(9, "workspace.leave", json!({"to": THERE, "pos": pos, "roots": roots}));
        }
    }

    #[test]
    fn where_it_left_nothing_passes_for_ever() {
        let mut it = begun();
        let effect = it.leased("a question");
        it.asked("another question");
        it.now_ms += 60_000;
        frozen(&mut it);
        it.leaves(THERE).then(&["workspace.left"]);
        it.now_ms += 365 * 24 * 3_600_000;
        for (name, data) in everything(&it) {
            it.when(name, data.clone()).refused(Code::WorkspaceMoved);
            it.when_under(7, name, data).refused(Code::WorkspaceMoved);
        }
        it.report(effect, 1, "an answer").refused(Code::WorkspaceMoved);
        it.when("workspace.unfreeze", json!({})).refused(Code::WorkspaceMoved);
        it.when("workspace.adopt", json!({"anyway": true})).refused(Code::WorkspaceMoved);
        it.leaves(THERE).refused(Code::WorkspaceMoved);
        let moving: Move = it.control(Key::Move).unwrap();
        assert_eq!((moving.to.as_str(), *moving.left), (THERE, Some(it.machine.pos() - 1)));
    }

    #[test]
    fn the_copy_that_came_takes_nothing_before_it_is_adopted() {
        let mut it = begun();
        it.asked("a question");
        frozen(&mut it);
        it.imported_by([7; 32]);
        for (name, data) in everything(&it) {
            it.when(name, data).refused(Code::WorkspaceFrozen);
        }
        it.when("workspace.unfreeze", json!({})).refused(Code::WorkspaceFrozen);
        it.leaves(THERE).refused(Code::WorkspaceFrozen);
    }

    #[test]
    fn what_is_held_is_not_frozen_and_what_is_nowhere_on_its_way_is_not_let_go() {
        let mut it = begun();
        it.when("workspace.unfreeze", json!({})).rejected(Code::NotFrozen);
        it.leaves(THERE).rejected(Code::NotFrozen);
        for to in ["", "a\u{0}b"] {
            assert!(it.when("workspace.freeze", json!({"to": to})).reply().rejected.is_some());
        }
        it.imported_by([7; 32]);
        it.when("workspace.freeze", json!({"to": THERE})).rejected(Code::EffectsHeld);
    }
}
