//! The one place where the past begins: some entities as they were, from the nearest state that is known.

use super::log::{Budget, damaged};
use crate::{Failure, Sequencer};
use kernel::entity::{Branch, Entity};
use kernel::key::{BranchId, Key, Line, Space};
use kernel::machine::{Stop, Workspace};
use kernel::past::{Past, PastRows, space_of};
use kernel::view::{Answer, Lookup as _, Want, resolve};
use ports::StoreError;
use std::collections::BTreeSet;

impl Sequencer {
    /// The entities under `keys` as they were at `at`, or on the way there, where it has to be gone on with in the next
    /// slice: then its position is not `at` yet. `so_far` is what the slice before came to.
    ///
    /// It begins at the nearest state that is known: what there is now, where none of it changed since; else the empty one
    /// before the first command that can have made any of it. A snapshot that is nearer belongs into [`Sequencer::nearest`].
    pub(super) async fn as_they_were(
        &mut self,
        keys: &BTreeSet<Key>,
        at: u64,
        so_far: Option<&PastRows>,
        budget: &mut Budget,
    ) -> Result<Past, Failure> {
        let mut past = match so_far {
            Some(rows) => self.resumed(keys, rows).await?,
            None => self.nearest(keys, at).await?,
        };
        self.scan(past.pos(), at, budget, |event| past.event(event).map_err(|why| damaged(event.pos, &why))).await?;
        Ok(past)
    }

    async fn nearest(&mut self, keys: &BTreeSet<Key>, at: u64) -> Result<Past, Failure> {
        let mut rows = PastRows { pos: at, rows: Vec::new() };
        let (mut is_as_now, mut begins) = (true, at);
        for key in keys {
            match self.row_now(key).await? {
                Some((space, entity, since)) if since <= at && is_first_line(space) => {
                    let value = entity.encode().map_err(|why| unwritten(&why))?;
                    let value = String::from_utf8(value).map_err(|why| unwritten(&why))?;
                    rows.rows.push((space, *key, since, value));
                }
                // What is not there now was never there, or is gone.
                None if at == self.pos() => {}
                _ => is_as_now = false,
            }
            let made = match key.made_by() {
                Some(command) => self.recorded(command).await?,
                None => None,
            };
            begins = begins.min(made.map_or(0, |(pos, _)| pos - 1));
        }
        if is_as_now {
            return self.resumed(keys, &rows).await;
        }
        let main = self.main_branch().await?;
        Ok(Past::new(self.workspace.id(), keys.clone(), begins, &main))
    }

    /// What the lines of `main` stand on.
    pub(crate) async fn main_branch(&mut self) -> Result<Branch, Failure> {
        let main = self.ask(|workspace| {
            let main = workspace.read(Line::default()).control::<Branch>(Key::Branch(BranchId::Main))?;
            Ok(main.cloned())
        });
        Ok(main.await?.unwrap_or_else(|| Branch::new(None, None)))
    }

    /// `keys` as they were when `rows` were taken.
    pub(super) async fn resumed(&mut self, keys: &BTreeSet<Key>, rows: &PastRows) -> Result<Past, Failure> {
        let main = self.main_branch().await?;
        let past = Past::resume(self.workspace.id(), keys.clone(), rows, &main);
        past.map_err(|what| StoreError::Damaged { what }.into())
    }

    /// The row under `key` as it is now, where it lives, and the event that changed it last.
    pub(super) async fn row_now(&mut self, key: &Key) -> Result<Option<(Space, Entity, u64)>, Failure> {
        self.ask(|workspace| row_of(workspace, key)).await
    }
}

fn row_of(workspace: &Workspace, key: &Key) -> Result<Option<(Space, Entity, u64)>, Stop> {
    let found = match space_of(key, workspace.main()?) {
        None => None,
        Some(space @ Space::Data(line)) => resolve(workspace, line, key)?.map(|found| (space, found)),
        Some(space) => match workspace.get(space, key) {
            Answer::Present(found) => Some((space, found)),
            Answer::Absent => None,
            Answer::Missing => return Err(Stop::Load(Want::Rows(space, vec![*key]))),
        },
    };
    Ok(found.map(|(space, found)| (space, found.entity.clone(), found.since)))
}

/// On a line that stands on another one, what is seen now may be older than what was seen then.
fn is_first_line(space: Space) -> bool {
    !matches!(space, Space::Data(line) if line != Line::default())
}

fn unwritten(why: &impl std::fmt::Display) -> Failure {
    StoreError::Damaged { what: format!("a row cannot be written: {why}") }.into()
}
