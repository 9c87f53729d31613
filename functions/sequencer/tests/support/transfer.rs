//! Workspaces that travel: given away as a file, and taken in elsewhere.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
#![allow(dead_code, reason = "not every story needs everything")]

use super::Desk;
use kernel::hash::HashText;
use kernel::id::{DeviceId, WorkspaceId};
use kernel::machine::Moment;
use kernel::seal::TransferKey;
use kernelos_sequencer::{Failure, Sequencer, is_under_way, verify};
use ports::Store;
use ports::problem::Fault;
use ports::transfer::{About, ExportAsk, ImportAsk, ImportStand, ImportedBy};
use std::rc::Rc;
use store_memory::MemoryStore;

/// The public key of the host that takes workspaces in.
pub const ELSEWHERE: [u8; 32] = [77; 32];

pub fn transfer_key() -> TransferKey {
    TransferKey::new([42; 32])
}

/// The whole file, slice by slice; everything is forgotten in between.
pub async fn exported(sequencer: &mut Sequencer) -> Vec<u8> {
    let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
    let mut file = Vec::new();
    loop {
        let slice = sequencer.export(&ask).await.unwrap();
        assert!(slice.bytes.len() <= ports::transfer::FRAME_BYTES_MAX + 16);
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
    pub store: MemoryStore,
    pub sequencer: Sequencer,
    pub workspace: WorkspaceId,
    pub key: [u8; 32],
    sent: u8,
}

impl Elsewhere {
    pub async fn new(workspace: WorkspaceId) -> Self {
        let (store, key) = (MemoryStore::default(), [88; 32]);
        store.create(&workspace.to_string()).await.unwrap();
        let sequencer = Sequencer::claim(Rc::new(store.clone()), workspace, key).await.unwrap();
        Self { store, sequencer, workspace, key, sent: 0 }
    }

    /// Its process ends, and another one goes on.
    pub async fn restart(&mut self) {
        let store = Rc::new(self.store.clone());
        self.sequencer = Sequencer::claim(store, self.workspace, self.key).await.unwrap();
    }

    pub async fn ask(&mut self, ask: ImportAsk) -> Result<ImportStand, Failure> {
        self.sent = self.sent.wrapping_add(1);
        self.sequencer.import(ask, Moment { now_ms: 9_000, entropy: [self.sent; 32] }).await
    }

    pub async fn begin(&mut self, file: &[u8]) -> Result<ImportStand, Failure> {
        // What is altered at the beginning is sent as it is, and named there.
        let size = About::read(file).map_or(file.len().min(600), |(_, size, _)| size);
        let head = file.get(..size).unwrap_or(file).to_vec();
        self.ask(ImportAsk::Begin { head, key: transfer_key() }).await
    }

    pub async fn append(&mut self, offset: u64, bytes: &[u8]) -> Result<ImportStand, Failure> {
        let public_key = HashText(ELSEWHERE);
        let device = DeviceId::of(&ELSEWHERE);
        let by = ImportedBy { device, incarnation: 0, public_key, actor: "owner".to_owned() };
        self.ask(ImportAsk::Append { offset, bytes: bytes.to_vec(), by }).await
    }

    /// Take `file` in, so many bytes at most at a time.
    pub async fn take_in(&mut self, file: &[u8], slice: usize) -> Result<ImportStand, Failure> {
        let mut stand = self.begin(file).await?;
        while !stand.complete {
            let rest = &file[stand.offset as usize..];
            let before = stand.offset;
            stand = self.append(stand.offset, &rest[..rest.len().min(slice)]).await?;
            if stand.offset == before {
                // What is left is no whole frame: the file was cut.
                return Ok(stand);
            }
        }
        Ok(stand)
    }

    /// Nobody sees anything of a workspace, and nothing is left once the import is given up.
    pub async fn nothing_is_there(&mut self) {
        if is_under_way(&self.store, self.workspace).await.unwrap() {
            assert!(self.sequencer.describe().await.is_err());
            assert!(self.sequencer.events(0, 10).await.is_err());
            self.ask(ImportAsk::Abandon { whole: None }).await.unwrap();
            assert!(self.store.dump(&self.workspace.to_string()).is_err());
        } else {
            assert_eq!(self.store.dump(&self.workspace.to_string()).unwrap().events, vec![]);
        }
    }

    pub async fn is_whole(&self) {
        let verified = verify(&self.store, self.workspace, &self.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
    }

    /// Sit down at the desk that came here.
    pub async fn desk(self, from: &Desk) -> Desk {
        let Self { store, sequencer, workspace, key, .. } = self;
        let device = DeviceId::of(&ELSEWHERE);
        Desk::over(store, sequencer, workspace, key, device, from)
    }
}

pub fn fault(outcome: &Result<ImportStand, Failure>) -> Option<Fault> {
    match outcome {
        Err(Failure::Transfer(fault, _)) => Some(*fault),
        _ => None,
    }
}

/// A desk with a past: answers of every length, a branch, a destroyed key, and two leases that stand.
pub async fn past() -> Desk {
    let mut desk = Desk::new().await;
    for nth in 0..12 {
        desk.ask(&format!("a secret question {nth}")).await;
        let effect = desk.lease(600_000).await.made[0];
        let answer = if nth % 5 == 0 { long(nth) } else { format!("a secret answer {nth}") };
        desk.report(effect, 1, &answer).await;
    }
    desk.must("branch.fork", r#"{"name":"draft"}"#).await;
    let gone = desk.ask("what is destroyed").await;
    desk.must("key.destroy", &format!(r#"{{"subject":"task/{gone}"}}"#)).await;
    for prompt in ["one that is leased", "another one", "one that waits"] {
        desk.ask(prompt).await;
    }
    desk.lease(600_000).await;
    desk.lease(600_000).await;
    desk
}

/// A text that no compressor makes small: it is kept apart, in several chunks.
pub fn long(seed: u64) -> String {
    let mut state = seed + 1;
    let digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 60) as u8)
    };
    std::iter::repeat_with(digit).take(2_600_000).collect()
}
