//! What waits for people.

use super::{keys, open, open_json};
use kernel::entity::{Approval, Call};
use kernel::id::Id;
use kernel::key::{Index, Key};
use kernel::machine::{Stop, Workspace};
use ports::views::ApprovalView;

/// Approvals that wait, or all of them.
pub fn approvals(workspace: &Workspace, all: bool) -> Result<Vec<ApprovalView>, Stop> {
    let index = if all { Index::Approvals } else { Index::Open };
    let mut views = Vec::new();
    for key in keys(workspace, index, true)? {
        let (Key::Approval(id) | Key::Open(id)) = key else { continue };
        views.extend(approval(workspace, id)?);
    }
    Ok(views)
}

fn approval(workspace: &Workspace, id: Id) -> Result<Option<ApprovalView>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(row) = read.control::<Approval>(Key::Approval(id))? else { return Ok(None) };
    let call = read.data::<Call>(Key::Call(*row.call))?;
    Ok(Some(ApprovalView {
        id,
        task: *row.task,
        call: *row.call,
        kind: *row.kind,
        capability: call.map(|call| call.capability.0.clone()),
        question: open(workspace, row.question.as_ref())?,
        value: open_json(workspace, row.value.as_ref())?,
        options: open_json(workspace, row.options.as_ref())?,
        digest: *row.digest,
        asked_at: *row.asked_at,
        expires_at: *row.expires_at,
        escalated: *row.escalated,
        decision: *row.decision,
        by: row.by.0.clone(),
        reason: open(workspace, row.reason.as_ref())?,
    }))
}
