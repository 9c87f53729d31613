//! Workspaces that travel as files.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use kernel::hash::HashText;
use kernel::id::{DeviceId, WorkspaceId};
use kernel::machine::Moment;
use kernel::seal::TransferKey;
use ports::Store;
use ports::transfer::{About, ExportAsk, ImportAsk, ImportStand, ImportedBy};
use sequencer::{Failure, Sequencer};
use std::rc::Rc;

/// The key of every file.
pub fn transfer_key() -> TransferKey {
    TransferKey::new([42; 32])
}

/// The workspace as a file, slice by slice; everything is forgotten in between.
pub async fn exported(sequencer: &mut Sequencer) -> Vec<u8> {
    let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
    let mut file = Vec::new();
    loop {
        let slice = sequencer.export(&ask).await.expect("the store is in memory");
        file.extend(slice.bytes);
        sequencer.forget();
        ask.cursor = slice.next;
        if ask.cursor.is_none() {
            return file;
        }
    }
}

/// A host to which a workspace comes.
pub struct Elsewhere {
    /// Its store.
    pub store: Rc<dyn Store>,
    /// Its sequencer.
    pub sequencer: Sequencer,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The key under which data keys are wrapped here.
    pub key: [u8; 32],
    public_key: [u8; 32],
    sent: u8,
}

impl Elsewhere {
    /// A host over `store` whose device has that public key, with room for the workspace.
    pub async fn new(store: Rc<dyn Store>, workspace: WorkspaceId, public_key: [u8; 32]) -> Self {
        let key = [88; 32];
        store.create(&workspace.to_string()).await.expect("it is not here yet");
        let sequencer = Sequencer::claim(Rc::clone(&store), workspace, key).await.expect("it is here now");
        Self { store, sequencer, workspace, key, public_key, sent: 0 }
    }

    /// Do something about the import.
    pub async fn ask(&mut self, ask: ImportAsk) -> Result<ImportStand, Failure> {
        self.sent = self.sent.wrapping_add(1);
        self.sequencer.import(ask, Moment { now_ms: 9_000_000_000, entropy: [self.sent; 32] }).await
    }

    /// Take `file` in, so many bytes at most at a time. One that was cut comes as far as it goes.
    pub async fn take_in(&mut self, file: &[u8], slice: usize) -> Result<ImportStand, Failure> {
        // What is altered at the beginning is sent as it is, and named there.
        let size = About::read(file).map_or(file.len().min(600), |(_, size, _)| size);
        let (head, _) = file.split_at(size);
        let mut stand = self.ask(ImportAsk::Begin { head: head.to_vec(), key: transfer_key() }).await?;
        while !stand.complete {
            let rest = usize::try_from(stand.offset).ok().and_then(|offset| file.get(offset..)).unwrap_or_default();
            let bytes = rest.iter().take(slice).copied().collect();
            let (device, public_key) = (DeviceId::of(&self.public_key), HashText(self.public_key));
            let by = ImportedBy { device, incarnation: 0, public_key, actor: "owner".to_owned() };
            let before = stand.offset;
            stand = self.ask(ImportAsk::Append { offset: before, bytes, by }).await?;
            if stand.offset == before {
                break;
            }
        }
        Ok(stand)
    }
}
