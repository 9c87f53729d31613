//! Seats: the sequencers there are. The one that claimed last may write; the others do not know yet that they may not.

use super::faults::{Faults, Faulty};
use kernel::id::WorkspaceId;
use sequencer::Sequencer;
use std::rc::Rc;
use testkit::store::Subject;

/// The most sequencers there are at a time.
const SEATS_MAX: usize = 2;
/// The key under which data keys are wrapped.
pub(super) const KEY: [u8; 32] = [5; 32];

/// All sequencers of a workspace, and the disk below them.
pub(super) struct Seats<S> {
    pub(super) disk: Rc<S>,
    pub(super) faults: Rc<Faults>,
    pub(super) workspace: WorkspaceId,
    /// In the order of their claims.
    pub(super) all: Vec<Sequencer>,
}

impl<S: Subject + 'static> Seats<S> {
    pub(super) fn new(disk: S, faults: Faults, workspace: WorkspaceId) -> Self {
        Self { disk: Rc::new(disk), faults: Rc::new(faults), workspace, all: Vec::new() }
    }

    /// One more claims the workspace; the oldest gives up its seat when there are too many.
    pub(super) async fn claim(&mut self) {
        let store = Rc::new(Faulty { disk: self.disk.clone(), faults: self.faults.clone() });
        // A claim that was not answered is made again.
        for _ in 0..100 {
            if let Ok(sequencer) = Sequencer::claim(store.clone(), self.workspace, KEY).await {
                self.all.push(sequencer);
                break;
            }
        }
        while self.all.len() > SEATS_MAX {
            self.all.remove(0);
        }
    }

    /// Everything that runs ends at once, and one begins again on what the disk holds.
    pub(super) async fn crash(&mut self) -> Result<(), String> {
        self.all.clear();
        self.faults.lose_what_is_under_way();
        let disk = Rc::get_mut(&mut self.disk).ok_or("somebody holds on to the disk")?;
        disk.reopen().await?;
        self.claim().await;
        if self.all.is_empty() { Err("the workspace cannot be claimed after a crash".to_owned()) } else { Ok(()) }
    }

    /// Whether the seat is the one that claimed last.
    pub(super) fn is_newest(&self, seat: usize) -> bool {
        seat + 1 == self.all.len()
    }
}
