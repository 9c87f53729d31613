//! What a workspace still takes where there is little room.

use super::{Request, Stop, Workspace};
use crate::command::{Command, Intent, Observation};
use crate::reject::Code;

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Takes {
    /// Everything.
    #[default]
    Everything,
    /// What ends work, or makes room.
    WhatEndsWork,
    /// Nothing new. What was decided before is answered all the same.
    Nothing,
}

impl Workspace {
    /// From now on take this.
    pub fn take_only(&mut self, takes: Takes) {
        self.takes = takes;
    }

    /// What it takes.
    pub fn takes(&self) -> Takes {
        self.takes
    }

    /// Refuse what there is no room for. Nothing is recorded of it, so it may be sent again when there is.
    pub(super) fn has_room_for(&self, request: &Request) -> Result<(), Stop> {
        let passes = match self.takes {
            Takes::Everything => true,
            Takes::WhatEndsWork => ends_work(&request.command),
            Takes::Nothing => false,
        };
        if passes {
            return Ok(());
        }
        let why = format!("there is no room for {}", request.command.name());
        Err(Stop::Refused(Code::StorageFull.because(why)))
    }
}

/// Whether a command ends work, or says what came of work that was given away: that is lost if it is not taken. Or it takes
/// the workspace, or what was said in it, away from here.
fn ends_work(command: &Command) -> bool {
    match command {
        Command::Observation(Observation::EffectReport(_)) => true,
        Command::Intent(intent) => matches!(
            intent,
            Intent::EffectRenew(_)
                | Intent::KeyDestroy(_)
                | Intent::TaskCancel(_)
                | Intent::WorkspaceFreeze(_)
                | Intent::WorkspaceImport(_)
                | Intent::WorkspaceLeave(_)
                | Intent::WorkspaceUnfreeze(_)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Takes;
    use crate::reject::Code;
    use crate::testing::{begun, boot};
    use serde_json::json;

    #[test]
    fn where_there_is_little_room_what_ends_work_passes_and_nothing_else_leaves_a_trace() {
        let mut it = begun();
        let [task, ..] = it.asked("to be cancelled");
        let effect = it.leased("a question");
        it.machine.take_only(Takes::WhatEndsWork);
        for (name, data) in [
            ("task.create", json!({"title": "x"})),
            ("effect.lease", json!({"runtime": it.runtime(), "boot": boot(1), "ttl_ms": 1_000})),
            ("branch.fork", json!({"name": "x"})),
            ("timers.fire", json!({})),
        ] {
            it.when(name, data.clone()).refused(Code::StorageFull);
            it.when_under(8, name, data).refused(Code::StorageFull);
        }
        let renewal = json!({"runtime": it.runtime(), "boot": boot(1), "effect": effect, "fence": 1, "ttl_ms": 9_000});
        it.when("effect.renew", renewal).then(&["lease.renewed"]);
        it.report(effect, 1, "an answer").then(&["step.settled"]);
        it.given("task.cancel", json!({"task": task}));
        it.report(effect, 1, "late").then(&["report.late"]);
        it.machine.take_only(Takes::Nothing);
        it.when("task.cancel", json!({"task": task})).refused(Code::StorageFull);
        it.machine.take_only(Takes::Everything);
        it.when_under(8, "task.create", json!({"title": "there is room again"})).then(&["task.created"]);
    }
}
