//! Taking a workspace in from a file, a slice at a time.
//!
//! What is taken in stands in the store under a mark: a row in a space of its own, which says how far the import is. As
//! long as it is there the workspace does not exist for anybody else. The commit that takes it away is the one that the
//! file's last frame leads to, after everything was verified; so an import is whole or it is not there, wherever it is cut
//! off. Every frame is a commit together with the mark, so whoever comes back goes on behind the last one.

mod ending;
mod frames;
mod mark;

pub use mark::{Underway, is_under_way, under_way};

use crate::{Failure, Sequencer, broken};
use kernel::entity::{Move, Origin};
use kernel::key::{Key, Line};
use kernel::machine::{Moment, Stop};
use kernel::seal::TransferKey;
use ports::problem::Fault;
use ports::transfer::{self, About, Bad, FrameKind, ImportAsk, ImportStand, ImportedBy};
use ports::{Conflict, StoreError};

/// How often a workspace that others write to is looked at before it is removed.
const LOOKS: usize = 8;

impl Sequencer {
    /// Do something about an import.
    pub async fn import(&mut self, ask: ImportAsk, moment: Moment) -> Result<ImportStand, Failure> {
        if self.is_stale() {
            self.reopen().await?;
        }
        let done = match ask {
            ImportAsk::Begin { head, key } => self.begin_import(&head, &key).await,
            ImportAsk::Append { offset, bytes, by } => self.append(offset, &bytes, &by, moment).await,
            ImportAsk::Stand => self.underway().map(Underway::stand),
            ImportAsk::Abandon { whole } => self.abandon(whole).await,
        };
        if done.is_err() && !self.is_gone() {
            // Half a frame may be applied in memory. What cannot be read again now is read again before the next question.
            self.set_stale();
            let _ = self.reopen().await;
        }
        done
    }

    async fn begin_import(&mut self, head: &[u8], key: &TransferKey) -> Result<ImportStand, Failure> {
        let (about, size, chain) = About::read(head).map_err(refused)?;
        let id = self.workspace().id();
        if size != head.len() {
            return Err(altered("more than the file's first frame was sent to begin with"));
        }
        about.is_meant(id, key).map_err(|(fault, why)| Failure::Transfer(fault, why))?;
        match &self.import {
            Some(underway) if underway.is_of(&chain) => return Ok(underway.stand()),
            Some(_) => return Err(Failure::Transfer(Fault::ImportUnderWay, format!("{id} is being imported"))),
            None if self.workspace().pos() > 0 => return Err(exists()),
            None => {}
        }
        let kept = key.kept(id, &self.key).ok_or_else(|| broken(Stop::Broken("a key cannot be wrapped".to_owned())))?;
        let underway = Underway::begun(about, size, chain, kept);
        self.keep(underway).await
    }

    /// Take in the whole frames of `bytes`.
    async fn append(
        &mut self,
        offset: u64,
        bytes: &[u8],
        by: &ImportedBy,
        moment: Moment,
    ) -> Result<ImportStand, Failure> {
        let mut stand = self.underway()?.stand();
        if offset != stand.offset {
            let why = format!("the bytes stand at {offset} and the import at {}", stand.offset);
            return Err(Failure::Transfer(Fault::ImportOffset, why));
        }
        let mut rest = bytes;
        while !stand.complete
            && let Some(frame) = transfer::read(rest, self.underway()?.chain()).map_err(|bad| self.placed(bad))?
        {
            rest = rest.get(frame.size..).unwrap_or_default();
            let done = match frame.kind {
                FrameKind::Records => self.take_frame(&frame).await,
                FrameKind::Ending if rest.is_empty() => self.end(&frame, by, moment.clone()).await,
                FrameKind::Ending => Err(altered("there are bytes behind its end")),
                FrameKind::About => Err(altered("it says twice what it is about")),
                FrameKind::Failure => Err(altered("the export failed, and the file ends with the reason")),
            };
            stand = done.map_err(|failure| self.placed_failure(failure))?;
        }
        Ok(stand)
    }

    /// Give up an import that is under way, or a copy that is whole. What somebody wrote since it was looked at is looked at
    /// too: a copy that was adopted meanwhile stays.
    async fn abandon(&mut self, whole: Option<u64>) -> Result<ImportStand, Failure> {
        for _ in 0..LOOKS {
            self.may_go(whole).await?;
            let (pos, epoch) = (self.workspace.pos(), self.workspace.epoch());
            match self.store.delete_at(&self.name(), pos, epoch).await {
                Err(StoreError::Conflict(Conflict::Head { .. })) => self.reopen().await?,
                done => {
                    done?;
                    self.mark_gone();
                    return Ok(ImportStand { offset: 0, complete: false });
                }
            }
        }
        Err(Failure::Store(StoreError::Unavailable("others were always first".to_owned())))
    }

    /// Refuse to remove what somebody may still need.
    async fn may_go(&mut self, whole: Option<u64>) -> Result<(), Failure> {
        match whole {
            // Who means a copy that is whole does not mean the one that is under way.
            Some(_) if self.import.is_some() => {
                let why = "an import is under way, and nothing is whole";
                Err(Failure::Transfer(Fault::ImportUnderWay, why.to_owned()))
            }
            Some(pos) if !self.is_gone() && self.is_idle_at(pos).await? => Ok(()),
            _ => self.underway().map(drop),
        }
    }

    /// Whether what is here goes up to `pos` and owes nothing here: the workspace is where it came from, or where it went.
    async fn is_idle_at(&mut self, pos: u64) -> Result<bool, Failure> {
        self.ask(|workspace| {
            let read = workspace.read(Line::default());
            let Some(moving) = read.control::<Move>(Key::Move)? else { return Ok(false) };
            let copy = read.control::<Origin>(Key::Origin)?.filter(|origin| *origin.held);
            Ok(copy.map_or(*moving.left, |copy| Some(*copy.pos)) == Some(pos))
        })
        .await
    }

    fn underway(&self) -> Result<&Underway, Failure> {
        match &self.import {
            Some(underway) => Ok(underway),
            None if !self.is_gone() && self.workspace().pos() > 0 => Err(exists()),
            None => Err(Failure::Transfer(Fault::ImportUnknown, "nothing was begun".to_owned())),
        }
    }

    fn placed(&self, bad: Bad) -> Failure {
        self.placed_failure(refused(bad))
    }

    /// `failure` with the place in the file where it happened.
    fn placed_failure(&self, failure: Failure) -> Failure {
        let offset = self.import.as_ref().map_or(0, |underway| underway.stand().offset);
        match failure {
            Failure::Transfer(fault, why) => Failure::Transfer(fault, format!("in the frame at byte {offset}: {why}")),
            // Two events of the file write what may be written once.
            Failure::Store(StoreError::Conflict(Conflict::Taken(at))) => {
                altered(&format!("in the frame at byte {offset}: {}/{} stands in it twice", at.space, at.key))
            }
            Failure::Store(StoreError::TooLarge { what, .. }) => {
                altered(&format!("in the frame at byte {offset}: {what} is larger than anything that is stored"))
            }
            other => other,
        }
    }
}

fn exists() -> Failure {
    Failure::Transfer(Fault::WorkspaceExists, "a workspace of this id is here".to_owned())
}

/// The file is not as it was written.
fn altered(why: &str) -> Failure {
    Failure::Transfer(Fault::ImportAltered, why.to_owned())
}

fn refused(bad: Bad) -> Failure {
    let (fault, why) = bad.into();
    Failure::Transfer(fault, why)
}
