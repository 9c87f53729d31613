//! `workspace.unfreeze`: the workspace stays.

use super::workspace_leave::frozen;
use super::{Context, Decide, Decision};
use crate::event::WorkspaceUnfrozen;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Undo `workspace.freeze`. What was taken over meanwhile is of no use then: the position moves, so nobody can leave by
/// what was found before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceUnfreeze {}

impl Decide for WorkspaceUnfreeze {
    const NAME: &'static str = "workspace.unfreeze";
    const SCOPE: &'static str = "workspace:move";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        frozen(with)?;
        Ok(Decision::one(WorkspaceUnfrozen {}, Vec::new()))
    }
}
