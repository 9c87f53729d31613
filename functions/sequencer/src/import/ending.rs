//! The last frame: everything is compared, and the workspace begins to exist.

use super::altered;
use super::mark::{Underway, kept_at, mark};
use crate::{Failure, Sequencer, broken};
use kernel::command::{Command, Intent, WorkspaceImport};
use kernel::hash::{Domain, HashText, hash};
use kernel::id::KeyId;
use kernel::key::{BranchId, Space};
use kernel::machine::{Identity, Moment, Request, Stop};
use kernel::seal::Subject;
use kernel::storage::Write;
use ports::transfer::{Ending, Frame, ImportStand, ImportedBy};

/// Rows read in one go.
const PAGE: usize = 256;

impl Sequencer {
    /// Compare what was taken in with how the file ends. If it is all there, the workspace exists from this commit on.
    pub(super) async fn end(&mut self, frame: &Frame, by: &ImportedBy, moment: Moment) -> Result<ImportStand, Failure> {
        let underway = self.underway()?.clone();
        let ending = Ending::read(&frame.raw).map_err(super::refused)?;
        self.is_all_there(&underway, &ending)?;
        self.nothing_is_due().await?;
        self.roots_are(&ending).await?;
        let control = self.workspace().heads().stream(Space::Control).hash;
        let command =
            WorkspaceImport { pos: underway.about.pos, file: frame.chain, control, public_key: by.public_key };
        let request = closing(command, by, moment.now_ms);
        self.ask_anyway(|workspace| workspace.execute(&request, &moment)).await?;
        self.workspace.write_aside(mark(), Write::Delete);
        self.commit().await?;
        self.import = None;
        self.forget();
        // It is there, and whole. Without these snapshots, lines that stand on others are read out of the log.
        if Box::pin(self.pin_all()).await.is_err() {
            self.set_stale();
        }
        let offset = underway.behind(frame.size, frame.chain).stand().offset;
        Ok(ImportStand { offset, complete: true })
    }

    fn is_all_there(&self, underway: &Underway, ending: &Ending) -> Result<(), Failure> {
        self.events_are_whole(underway)?;
        let counted = (self.workspace().pos(), underway.keys, underway.chunks);
        if counted != (ending.events, ending.keys, ending.chunks) {
            return Err(altered("it does not hold as many events, keys and chunks as it says"));
        }
        if underway.keys != underway.keys_due {
            let (keys, due) = (underway.keys, underway.keys_due);
            return Err(altered(&format!("it holds {keys} data keys, and its log speaks of {due}")));
        }
        if underway.key(&self.key)?.seal(underway.chain()) != ending.seal {
            return Err(altered("it was not written by somebody who knows its key"));
        }
        if ending.roots != underway.about.roots {
            return Err(altered("its end names other roots than its beginning"));
        }
        Ok(())
    }

    /// Nothing that an event brought is missing: large content came, and content that did not belongs to a key that is gone.
    async fn nothing_is_due(&mut self) -> Result<(), Failure> {
        if let Some((key, _)) = self.kept("blob/", "blob0", 1).await?.first() {
            return Err(altered(&format!("{key} is not all there")));
        }
        let mut after = "dropped/".to_owned();
        loop {
            let page = self.kept(&after, "dropped0", PAGE).await?;
            for (key, _) in &page {
                let subject: Option<Subject> = key.strip_prefix("dropped/").and_then(|text| text.parse().ok());
                let subject = subject.ok_or_else(|| broken(Stop::Broken(format!("{key} is no subject"))))?;
                if !self.ask_anyway(|workspace| workspace.is_destroyed(subject)).await? {
                    return Err(altered(&format!("content of {subject} is not there, and its key was not destroyed")));
                }
                self.workspace.write_aside(kept_at(key), Write::Delete);
                after.clone_from(key);
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// The rows that the events led to are the ones that the other host had.
    async fn roots_are(&mut self, ending: &Ending) -> Result<(), Failure> {
        let spaces: Vec<_> = self.workspace().heads().streams.keys().copied().collect();
        if let Some(space) = spaces.iter().find(|space| !ending.roots.contains_key(space)) {
            return Err(altered(&format!("it names no root of {space}")));
        }
        for (space, said) in &ending.roots {
            let found = self.ask_anyway(|workspace| workspace.root(*space)).await?;
            if found != *said {
                return Err(altered(&format!("its events lead to another root of {space} than it names")));
            }
        }
        Ok(())
    }
}

/// The command that ends an import. Whoever imports the same file again is answered before it comes to this.
fn closing(command: WorkspaceImport, by: &ImportedBy, now_ms: u64) -> Request {
    let file = command.file;
    let key = hash(Domain::Identity, &[b"import", &file.0, by.actor.as_bytes()]);
    let key = KeyId(std::array::from_fn(|nth| key.get(nth).copied().unwrap_or_default()));
    Request {
        identity: Identity::Key { key, device: by.device, incarnation: by.incarnation },
        hash: HashText(hash(Domain::Command, &[b"workspace.import\0", &file.0])),
        actor: by.actor.clone(),
        on_behalf_of: Vec::new(),
        authored_ms: now_ms,
        branch: BranchId::Main,
        command: Command::Intent(Intent::WorkspaceImport(command)),
    }
}
