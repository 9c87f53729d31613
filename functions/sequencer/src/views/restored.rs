//! What was under way at a restore, or would be.

use super::{keys, open};
use kernel::command::lines_left;
use kernel::entity::{Approval, Branch, Call, Effect, Kind as _, Lease, Restored, Standing, Step, Task};
use kernel::flow::restored::{Owed, owed, recorded, recorded_on, waits};
use kernel::id::{Id, Role};
use kernel::key::{Index, Key, Line};
use kernel::machine::{Moment, Stop, Workspace};
use kernel::state::State;
use kernel::view::{Halt, Reader, resolve};
use ports::restored::{CameView, ItemKind, ItemView, RestoredView};

/// How much of an outcome is shown, in characters.
const SHOWN_CHARS: usize = 400;

/// What was under way at the newest restore of `main`.
pub fn restored(workspace: &Workspace) -> Result<RestoredView, Stop> {
    let line = workspace.main()?;
    let read = workspace.read(line);
    let branch = read.control::<Branch>(Key::Branch(line.branch))?;
    let pos = branch.filter(|_| line.incarnation > 0).and_then(|branch| branch.base.as_ref()).map(|base| base.pos);
    let held = branch.is_some_and(|branch| *branch.held);
    let mut items = Vec::new();
    for key in keys(workspace, Index::Restored, true)? {
        let (Key::Restored(id), Some(row)) = (key, read.control::<Restored>(key)?) else { continue };
        if *row.incarnation == line.incarnation {
            items.push(item(workspace, line, id, row)?);
        }
    }
    Ok(RestoredView { line, pos, held, items })
}

/// What going back to `pos`, where `line` was as `then` has it, would hold. Refuses as the command would.
pub fn would_hold(
    workspace: &Workspace,
    pos: u64,
    (then, line): (&State, Line),
    moment: &Moment,
) -> Result<Vec<ItemView>, Stop> {
    let main = workspace.main()?;
    let read = workspace.read(main);
    // The line that would be left knows first, and then those that were left before.
    let lines: Vec<Line> = [main].into_iter().chain(lines_left(main)).collect();
    let newest = |step: Id| {
        let found = resolve(then, line, &Key::Step(step)).map_err(Halt::Load)?;
        Ok(found.and_then(|found| Step::of(found.entity)).and_then(|step| *step.turn))
    };
    let mut items = Vec::new();
    for held in workspace.would_hold(main, pos, moment)? {
        let mut view = item(workspace, main, held.item, &held.row(main.incarnation.saturating_add(1)))?;
        view.open = held.standing == Standing::Undecided;
        view.came = if view.open { recorded_on(&read, held.item, &lines, &newest)?.map(came) } else { None };
        items.push(view);
    }
    Ok(items)
}

fn item(workspace: &Workspace, line: Line, id: Id, row: &Restored) -> Result<ItemView, Stop> {
    let read = workspace.read(line);
    let (there, effect) = effect(workspace, line, id)?;
    let approval = read.control::<Approval>(Key::Approval(id))?;
    let call = match (effect.map(owed), approval) {
        (Some(Owed::Capability(call)), _) => there.data::<Call>(Key::Call(call))?,
        (_, Some(approval)) => there.data::<Call>(Key::Call(*approval.call))?,
        _ => None,
    };
    let lease = read.control::<Lease>(Key::Lease(id))?;
    let task = there.data::<Task>(Key::Task(*row.task))?;
    let title = open(workspace, task.and_then(|task| task.title.as_ref()))?;
    let is_open = *row.standing == Standing::Undecided && row.choice.is_none() && waits(&read, id, row)?;
    Ok(ItemView {
        item: id,
        kind: kind(id, effect),
        task: *row.task,
        title,
        standing: *row.standing,
        open: is_open,
        tried: *row.fence > 0,
        capability: call.map(|call| call.capability.0.clone()),
        asked: approval.map(|approval| *approval.kind),
        decided: approval.and_then(|approval| *approval.decision),
        at: *row.at,
        came: recorded(&read, id)?.map(came),
        late: lease.map_or(0, |lease| lease.late.0),
        choice: *row.choice,
        by: row.by.0.clone(),
    })
}

/// The effect as the line knows it, or the newest line left that does, and a reader of that line.
fn effect(workspace: &Workspace, line: Line, id: Id) -> Result<(Reader<'_, Workspace>, Option<&Effect>), Stop> {
    for incarnation in (0..=line.incarnation).rev() {
        let read = workspace.read(Line { incarnation, ..line });
        if let Some(row) = read.data::<Effect>(Key::Effect(id))? {
            return Ok((read, Some(row)));
        }
    }
    Ok((workspace.read(line), None))
}

fn kind(id: Id, effect: Option<&Effect>) -> ItemKind {
    match (id.role, effect.map(owed)) {
        (Role::Approval, _) => ItemKind::Approval,
        (_, Some(Owed::Model(_))) => ItemKind::Model,
        (_, Some(Owed::Capability(_))) => ItemKind::Capability,
        (_, Some(Owed::Notice)) => ItemKind::Notice,
        (_, None) => ItemKind::Timer,
    }
}

fn came(outcome: Result<String, kernel::flow::Fault>) -> CameView {
    let shown = |text: String| text.chars().take(SHOWN_CHARS).collect();
    match outcome {
        Ok(text) => CameView::Done { text: shown(text) },
        Err(fault) => CameView::Failed { class: fault.class, detail: shown(fault.detail) },
    }
}
