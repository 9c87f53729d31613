//! `workspace.freeze`: the workspace is to go to another host.

use super::workspace_adopt::released;
use super::{Context, Decide, Decision, REFERENCE_MAX};
use crate::event::WorkspaceFrozen;
use crate::reject::line;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Let nothing happen any more but what is under way, so that the workspace can be taken over as it is.
///
/// From then on no lease is granted or renewed and no timer goes off. Reports of leases that are held are taken, and the
/// freezing can be undone; every other command is refused and not remembered. Reading goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceFreeze {
    /// Where it is to go: the URL of a host.
    pub to: String,
}

impl Decide for WorkspaceFreeze {
    const NAME: &'static str = "workspace.freeze";
    const SCOPE: &'static str = "workspace:move";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("to", &self.to, REFERENCE_MAX)?;
        released(with)?;
        Ok(Decision::one(WorkspaceFrozen { to: self.to.clone() }, Vec::new()))
    }
}
