//! What a restore stands on: whether the position can be gone back to, and what the workspace was there.

use super::{Moment, Stop, Workspace};
use crate::command::{BranchRestore, Context, Decide as _};
use crate::entity::{Base, Branch, Record};
use crate::event::{EventData, Header, HeldItem};
use crate::id::CommandId;
use crate::key::{BranchId, Key, Line, Space};
use crate::reject::{Code, Rejection};
use crate::under_way::{AsOf, UnderWay};
use crate::view::{Halt, Want};

/// How often one branch may be restored: its earlier incarnations all stand in its one row.
const RESTORES_MAX: usize = 1_024;

/// What a restore of a branch comes to.
#[derive(Debug, Clone)]
pub struct Restoring {
    /// The incarnation that begins.
    pub incarnation: u32,
    /// What it stands on.
    pub base: Base,
    /// What waited there.
    pub under_way: UnderWay,
}

impl Workspace {
    /// What going back to `pos` comes to, or why that cannot be.
    pub(super) fn restoring(&self, line: Line, pos: u64) -> Result<Result<Restoring, Rejection>, Stop> {
        let Some(branch) = self.read(line).control::<Branch>(Key::Branch(line.branch))? else {
            return Ok(Err(Code::NotFound.because(format!("there is no branch {}", line.branch))));
        };
        if let Err(rejection) = self.can_go_back(branch, line, pos)? {
            return Ok(Err(rejection));
        }
        let parent = Line { incarnation: branch.incarnation_at(pos), ..line };
        let past = self.past(parent, pos)?;
        if parent == line && past.root == self.root(Space::Data(line))? {
            return Ok(Err(Code::NothingToRestore.because(format!("nothing of {line} changed since event {pos}"))));
        }
        let base = Base { parent, pos, root: past.root };
        let incarnation = line.incarnation.saturating_add(1);
        Ok(Ok(Restoring { incarnation, base, under_way: past.under_way.clone() }))
    }

    fn can_go_back(&self, branch: &Branch, line: Line, pos: u64) -> Result<Result<(), Rejection>, Stop> {
        if pos > self.pos() {
            return Ok(Err(Code::PositionAhead.because(format!("the last event is {}", self.pos()))));
        }
        if pos <= branch.began_after() {
            let why = format!("{} began after event {}", line.branch, branch.began_after());
            return Ok(Err(Code::BeforeTheBranch.because(why)));
        }
        if pos == self.pos() {
            return Ok(Err(Code::NothingToRestore.because(format!("{pos} is the last event"))));
        }
        if branch.earlier.len() >= RESTORES_MAX {
            let why = format!("{} was restored {RESTORES_MAX} times already", line.branch);
            return Ok(Err(Code::InvalidArgument.because(why)));
        }
        Ok(match self.inside_a_command(pos)? {
            Some((command, before, behind)) => {
                let why = format!("command {command} came to the events behind {before} up to {behind}");
                Err(Code::InsideACommand.because(why))
            }
            None => Ok(()),
        })
    }

    /// The command that `pos` is in the midst of, and the positions before and behind it.
    fn inside_a_command(&self, pos: u64) -> Result<Option<(CommandId, u64, u64)>, Stop> {
        let next = pos.saturating_add(1);
        let here = self.events.iter().find(|event| event.pos == next);
        let event = here.or_else(|| self.carriers.get(&next)).ok_or(Stop::Load(Want::Event(next)))?;
        let (header, _) =
            Header::decode(&event.body).map_err(|why| Stop::Broken(format!("event {next} is not readable: {why}")))?;
        if header.first.is_some() {
            return Ok(None);
        }
        let command = header.command;
        let record = self.read(Line::default()).control::<Record>(Key::Command(command))?;
        let record = record.ok_or_else(|| Stop::Broken(format!("there is no record of {command}")))?;
        let before = record.pos.saturating_sub(1);
        Ok(Some((command, before, before.saturating_add(u64::from(*record.events)))))
    }

    /// What `line` was at `pos`.
    pub fn past(&self, line: Line, pos: u64) -> Result<&AsOf, Stop> {
        let known = self.past.as_ref().filter(|(of, at, _)| (*of, *at) == (line, pos));
        known.map(|(.., past)| past).ok_or(Stop::Load(Want::Past(line, pos)))
    }

    /// What `line` was at `pos`, as the log leads to it. From then on, the driver has to answer [`Want::Kept`] for the line
    /// with its rows as they were there, too.
    pub fn supply_past(&mut self, line: Line, pos: u64, past: AsOf) {
        self.past = Some((line, pos, past));
    }

    /// What going back to `pos` would hold; nothing is recorded. Refuses as the command would.
    pub fn would_hold(&self, line: Line, pos: u64, moment: &Moment) -> Result<Vec<HeldItem>, Stop> {
        let command = CommandId { device: crate::id::DeviceId([0; 16]), incarnation: 0, counter: 0 };
        let restoring = Some(self.restoring(line, pos)?);
        let (read, now_ms, actor) = (self.read(line), moment.now_ms, String::new());
        let with = Context { read, command, now_ms, actor, root: None, stand: None, restoring };
        let decision = BranchRestore { pos }.decide(&with).map_err(Stop::from)?;
        let items = decision.drafts.into_iter().filter_map(|draft| match draft.data {
            EventData::WorkHeld(held) => Some(held.items),
            _ => None,
        });
        Ok(items.flatten().collect())
    }

    /// The line that `main` is on: its newest incarnation.
    pub fn main(&self) -> Result<Line, Halt> {
        self.line_of_branch(BranchId::Main)
    }

    /// The line that a branch is on; the first when there is no such branch.
    pub fn line_of_branch(&self, branch: BranchId) -> Result<Line, Halt> {
        let row = self.read(Line::default()).control::<Branch>(Key::Branch(branch))?;
        Ok(Line { branch, incarnation: row.map_or(0, |row| *row.incarnation) })
    }

    /// The line that a branch was on at a position.
    pub fn line_at(&self, branch: BranchId, pos: u64) -> Result<Line, Halt> {
        let row = self.read(Line::default()).control::<Branch>(Key::Branch(branch))?;
        Ok(Line { branch, incarnation: row.map_or(0, |row| row.incarnation_at(pos)) })
    }

    /// A position up to which `line`, as it is now, and its branch at `pos` are surely the same.
    pub fn meets(&self, line: Line, pos: u64) -> Result<u64, Halt> {
        let row = self.read(line).control::<Branch>(Key::Branch(line.branch))?;
        let bases = row.map(|row| row.restores(line.branch).map(|base| base.pos).min());
        Ok(bases.flatten().map_or(pos, |least| least.min(pos)))
    }

    /// Positions of `line` that a later incarnation of its branch stands on.
    pub fn pins(&self, line: Line) -> Result<Vec<u64>, Stop> {
        let branch = self.read(line).control::<Branch>(Key::Branch(line.branch))?;
        Ok(branch.map(|branch| branch.pins(line).collect()).unwrap_or_default())
    }
}
