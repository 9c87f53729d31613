//! What is next in a move, as two hosts stand. Nothing here asks anybody.

use crate::outcome::Problem;
use kernel::hash::HashText;
use kernel::key::Space;
use ports::sequencing::{MovingView, OriginView, WorkspaceView};

/// What is next on the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forth {
    /// Freeze it here.
    Freeze,
    /// So many milliseconds, until nobody here holds a lease.
    Wait(u64),
    /// Remove there what an earlier move left behind, which stands at this position.
    Discard(u64),
    /// Take it over.
    Transfer,
    /// All of it is there: confirm.
    Leave,
    /// Let it go on there, with this proof.
    Adopt(String),
    /// It is there, up to this position at least.
    Arrived(u64),
}

/// What is next on the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// Let it go on here.
    Unfreeze,
    /// Remove the copy there, which stands at this position.
    Discard(u64),
    /// Give up what was begun there.
    Clear,
    /// It stays here, and what is there is not of this move.
    Stays(u64),
}

/// What a workspace is on one host.
enum Is<'a> {
    /// It goes on there.
    Live,
    /// It is on its way elsewhere.
    Frozen(&'a MovingView),
    /// It left, with this proof, as it stood at a position.
    Left(&'a MovingView, &'a str, u64),
    /// It came there frozen, and was not adopted.
    Copy(&'a MovingView, OriginView),
    /// It came there in a file of other times, and was not adopted.
    Imported,
}

fn is(view: &WorkspaceView) -> Is<'_> {
    match (view.origin.filter(|origin| origin.held), &view.moving) {
        (Some(origin), Some(moving)) if moving.left.is_none() => Is::Copy(moving, origin),
        (Some(_), _) => Is::Imported,
        (None, None) => Is::Live,
        // Nothing follows the event by which it left.
        (None, Some(moving)) => match &moving.left {
            Some(left) => Is::Left(moving, left, view.pos.saturating_sub(1)),
            None => Is::Frozen(moving),
        },
    }
}

fn incarnation(view: &WorkspaceView) -> u32 {
    view.origin.map_or(0, |origin| origin.incarnation)
}

/// What is next on the way to `to`.
pub fn forth(
    here: Option<&WorkspaceView>,
    there: Option<&WorkspaceView>,
    to: &str,
    now_ms: u64,
) -> Result<Forth, Problem> {
    let here = here.ok_or_else(not_here)?;
    match is(here) {
        Is::Copy(..) | Is::Imported => Err(Problem::failed(
            "effects_held",
            "the workspace came here itself, and was not adopted yet",
            "Finish what brought it here: the move it came by, or kernelos workspace adopt.",
        )),
        Is::Live => match there {
            None => Ok(Forth::Freeze),
            Some(there) => match left_behind(here, there) {
                Some((pos, true)) => Ok(Forth::Discard(pos)),
                Some((_, false)) => Ok(Forth::Freeze),
                None => Err(exists(to)),
            },
        },
        Is::Frozen(moving) if moving.to != to => Err(elsewhere("workspace_frozen", "is on its way to", &moving.to)),
        Is::Frozen(moving) => match (moving.leases_until.filter(|until| *until > now_ms), there) {
            (Some(until), _) => Ok(Forth::Wait(until - now_ms)),
            (None, None) => Ok(Forth::Transfer),
            (None, Some(there)) if is_the_same(here, there) => Ok(Forth::Leave),
            (None, Some(there)) => {
                left_behind(here, there).map(|(pos, _)| Forth::Discard(pos)).ok_or_else(|| exists(to))
            }
        },
        Is::Left(moving, ..) if moving.to != to => Err(elsewhere("workspace_moved", "went to", &moving.to)),
        Is::Left(_, left, pos) => arriving(here, there, left, pos, to),
    }
}

/// It left: either the copy waits for the proof, or it went on from there already.
fn arriving(
    here: &WorkspaceView,
    there: Option<&WorkspaceView>,
    left: &str,
    pos: u64,
    to: &str,
) -> Result<Forth, Problem> {
    let lost = || {
        let hint = "Export what is here, import it there, and let it go on: kernelos workspace adopt --anyway.";
        Problem::failed("moved_and_lost", format!("the workspace left for {to}, and is not there any more"), hint)
    };
    let there = there.ok_or_else(lost)?;
    match is(there) {
        Is::Copy(_, origin) if origin.pos == pos => Ok(Forth::Adopt(left.to_owned())),
        Is::Live | Is::Frozen(_) | Is::Left(..) if incarnation(there) > incarnation(here) => Ok(Forth::Arrived(pos)),
        _ => Err(exists(to)),
    }
}

/// What is next on the way back from `to`.
pub fn back(here: Option<&WorkspaceView>, there: Option<&WorkspaceView>, to: &str) -> Result<Back, Problem> {
    let here = here.ok_or_else(not_here)?;
    match is(here) {
        Is::Frozen(moving) if moving.to != to => Err(elsewhere("workspace_frozen", "is on its way to", &moving.to)),
        Is::Frozen(_) => Ok(Back::Unfreeze),
        Is::Left(moving, ..) => Err(Problem::failed(
            "workspace_moved",
            format!("the workspace left for {}: that cannot be undone", moving.to),
            "Finish the move: the same command without --undo. It can be moved back then.",
        )),
        Is::Live => Ok(match there {
            None => Back::Clear,
            Some(there) => match left_behind(here, there) {
                Some((pos, true)) => Back::Discard(pos),
                _ => Back::Stays(here.pos),
            },
        }),
        Is::Copy(..) | Is::Imported => Ok(Back::Stays(here.pos)),
    }
}

/// Whether the copy there is what stands here: the same log of control, the same data, nothing before or behind it.
fn is_the_same(here: &WorkspaceView, there: &WorkspaceView) -> bool {
    let (Is::Frozen(moving), Is::Copy(copy, origin)) = (is(here), is(there)) else { return false };
    let data = |view: &WorkspaceView| -> Vec<(Space, HashText)> {
        view.roots.iter().filter(|(space, _)| **space != Space::Control).map(|(space, root)| (*space, *root)).collect()
    };
    origin.pos == here.pos
        && origin.incarnation == incarnation(here) + 1
        && copy.control == moving.control
        && data(here) == data(there)
}

/// What an earlier move of this very workspace left there, and stands behind what is here: the position, and whether it is
/// a copy, which somebody undid. Else it is a tombstone: the workspace comes home.
fn left_behind(here: &WorkspaceView, there: &WorkspaceView) -> Option<(u64, bool)> {
    match is(there) {
        Is::Copy(_, origin) if origin.incarnation == incarnation(here) + 1 && origin.pos < here.pos => {
            Some((origin.pos, true))
        }
        Is::Left(_, _, pos) if incarnation(there) < incarnation(here) && pos < here.pos => Some((pos, false)),
        _ => None,
    }
}

fn not_here() -> Problem {
    Problem::failed("not_found", "the workspace is not here", "See which there are: kernelos workspace list")
}

fn exists(to: &str) -> Problem {
    Problem::failed(
        "workspace_exists",
        format!("{to} knows a workspace of this id already, which is not what an earlier move left there"),
        "Look at it there: kernelos --host URL workspace show. If it was frozen for this, undo that with --undo.",
    )
}

fn elsewhere(code: &str, what: &str, to: &str) -> Problem {
    let hint = format!("Name that host with --to {to}; a move that is not confirmed can be undone with --undo.");
    Problem::failed(code, format!("the workspace {what} {to}"), hint)
}
