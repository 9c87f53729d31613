//! The workspace goes to another host, or stays after all. At every moment one host at most lets somebody have a lease.

use super::device::{Device, entropy};
use super::rule::{Held, Rule, Wrong};
use super::world::World;
use kernel::event::Header;
use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::key::{BranchId, Space};
use kernel::machine::{Moment, Reply, Request};
use kernel::reject::Code;
use kernel::seal::TransferKey;
use ports::transfer::{About, ExportAsk, ImportAsk, ImportStand, ImportedBy};
use ports::{Store as _, StoreError};
use sequencer::{Failure, Job, Sequencer, verify};
use serde_json::json;
use std::collections::BTreeMap;
use std::rc::Rc;
use store_memory::MemoryStore;

/// Where it goes.
const THERE: &str = "https://there.example";
/// The key under which data keys are wrapped there.
const THERE_KEY: [u8; 32] = [88; 32];
/// The number of the device of that host.
const THERE_HOST: u8 = 77;
/// So many bytes of the file are sent together.
const SLICE: usize = 24 << 10;

fn failed(what: &str, failure: impl std::fmt::Debug) -> Wrong {
    Rule::Travels.by(format!("{what}: {failure:?}"))
}

fn transfer_key() -> TransferKey {
    TransferKey::new([42; 32])
}

/// The other host.
struct There {
    store: MemoryStore,
    sequencer: Sequencer,
}

impl There {
    async fn claim(store: MemoryStore, workspace: WorkspaceId) -> Result<Self, Wrong> {
        let claimed = Sequencer::claim(Rc::new(store.clone()), workspace, THERE_KEY).await;
        Ok(Self { store, sequencer: claimed.map_err(|failure| failed("a claim there", failure))? })
    }

    async fn import(&mut self, ask: ImportAsk, nth: u64) -> Result<ImportStand, Wrong> {
        let moment = Moment { now_ms: 9_000_000_000, entropy: entropy(!nth) };
        self.sequencer.import(ask, moment).await.map_err(|failure| failed("an import", failure))
    }
}

impl World {
    /// Sometimes it stays after all, sometimes it goes.
    pub(crate) async fn travels(&mut self) -> Held {
        // Every lease is over by then.
        self.now_ms += 60 * 60 * 1_000;
        self.ask("workspace.freeze", json!({"to": THERE})).await?;
        self.grants_nothing(Code::WorkspaceFrozen).await?;
        if self.rng.chance(30) {
            self.ask("workspace.unfreeze", json!({})).await?;
            let answer = self.lease_here().await;
            let grants = !matches!(answer, Err(Failure::Refused(it)) if it.code == Code::WorkspaceFrozen);
            return Rule::Travels.must(grants, || "it stays, and lets nobody have a lease".to_owned());
        }
        let file = self.exported().await?;
        let mut there = self.taken_in(&file).await?;
        let adopt = self.request("workspace.adopt", json!({}));
        self.refused_there(&mut there, adopt, Code::NotLeft).await?;
        let lease = self.lease();
        self.refused_there(&mut there, lease, Code::WorkspaceFrozen).await?;

        let stands = self.described().await?;
        self.is_the_same(&there, &stands.roots).await?;
        self.ask("workspace.leave", json!({"to": THERE, "pos": stands.pos, "roots": stands.roots})).await?;
        self.grants_nothing(Code::WorkspaceMoved).await?;
        let left = self.described().await?.moving.and_then(|moving| moving.left);
        let adopt = self.request("workspace.adopt", json!({"left": left}));
        let adopted =
            self.submit_there(&mut there, adopt).await.map_err(|failure| failed("it is not adopted", failure))?;
        Rule::Travels.must(adopted.rejected.is_none(), || format!("it is not adopted: {:?}", adopted.rejected))?;
        self.grants_nothing(Code::WorkspaceMoved).await?;
        self.goes_on(&there, stands.pos).await
    }

    /// Whoever asks is accepted.
    async fn ask(&mut self, name: &'static str, data: serde_json::Value) -> Held {
        self.write(2, BranchId::Main, name, &data);
        self.settle().await?;
        let reply = self.ledger.entries.last().and_then(|entry| entry.reply.as_ref());
        let accepted = reply.is_some_and(|reply| reply.rejected.is_none());
        Rule::Travels.must(accepted, || format!("{name} came to {reply:?}"))
    }

    fn request(&mut self, name: &str, data: serde_json::Value) -> Request {
        self.clients[2].by.write(BranchId::Main, self.now_ms, name, &data)
    }

    fn lease(&mut self) -> Request {
        self.runners[1].lease(&mut self.rng, &[], self.now_ms)
    }

    async fn lease_here(&mut self) -> Result<Reply, Failure> {
        let (now_ms, request) = (self.now_ms, self.lease());
        let job = Job { request, moment: Moment { now_ms, entropy: entropy(!0) } };
        let Ok(sequencer) = self.newest() else { return Err(StoreError::NoWorkspace.into()) };
        sequencer.submit(&[job]).await.pop().unwrap_or(Err(StoreError::NoWorkspace.into()))
    }

    async fn grants_nothing(&mut self, code: Code) -> Held {
        let answer = self.lease_here().await;
        let refused = matches!(&answer, Err(Failure::Refused(rejection)) if rejection.code == code);
        Rule::Travels.must(refused, || format!("a lease here comes to {answer:?}, not {}", code.name()))
    }

    async fn submit_there(&mut self, there: &mut There, request: Request) -> Result<Reply, Failure> {
        self.counts.sent += 1;
        let job = Job { request, moment: Moment { now_ms: self.now_ms, entropy: entropy(self.counts.sent) } };
        there.sequencer.submit(&[job]).await.pop().unwrap_or(Err(StoreError::NoWorkspace.into()))
    }

    async fn refused_there(&mut self, there: &mut There, request: Request, code: Code) -> Held {
        let answer = self.submit_there(there, request).await;
        let refused = matches!(&answer, Err(Failure::Refused(rejection)) if rejection.code == code);
        Rule::Travels.must(refused, || format!("there it comes to {answer:?}, not {}", code.name()))
    }

    /// The workspace as a file; whoever writes it forgets everything in between.
    async fn exported(&mut self) -> Result<Vec<u8>, Wrong> {
        let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
        let mut file = Vec::new();
        loop {
            let sequencer = self.newest()?;
            let slice = sequencer.export(&ask).await.map_err(|failure| failed("an export", failure))?;
            sequencer.forget();
            file.extend(slice.bytes);
            ask.cursor = slice.next;
            if ask.cursor.is_none() {
                return Ok(file);
            }
        }
    }

    /// The file is taken in there; whoever does it dies now and then.
    async fn taken_in(&mut self, file: &[u8]) -> Result<There, Wrong> {
        let store = MemoryStore::new();
        let created = store.create(&self.workspace.to_string()).await;
        created.map_err(|error| failed("room there", error))?;
        let mut there = There::claim(store.clone(), self.workspace).await?;
        let size = About::read(file).map_or(file.len(), |(_, size, _)| size);
        let head = file.get(..size).unwrap_or_default().to_vec();
        let mut stand = there.import(ImportAsk::Begin { head, key: transfer_key() }, 0).await?;
        let host = Device::new(THERE_HOST);
        for nth in 1.. {
            if stand.complete {
                break;
            }
            if self.rng.chance(20) {
                there = There::claim(store.clone(), self.workspace).await?;
                let head = file.get(..size).unwrap_or_default().to_vec();
                stand = there.import(ImportAsk::Begin { head, key: transfer_key() }, nth).await?;
                self.counts.note("whoever takes a workspace in dies");
                continue;
            }
            let rest = file.get(stand.offset as usize..).unwrap_or_default();
            let bytes: Vec<u8> = rest.iter().take(SLICE).copied().collect();
            let by = ImportedBy {
                device: host.id,
                incarnation: 0,
                public_key: host.public_key(),
                actor: "owner".to_owned(),
            };
            stand = there.import(ImportAsk::Append { offset: stand.offset, bytes, by }, nth).await?;
        }
        Ok(there)
    }

    /// What is there is what was here.
    async fn is_the_same(&self, there: &There, roots: &BTreeMap<Space, HashText>) -> Held {
        let verified = verify(&there.store, self.workspace, &THERE_KEY).await.map_err(|why| failed("a check", why))?;
        Rule::Travels.must(verified.findings.is_empty(), || format!("there {:?} is found", verified.findings))?;
        for (space, root) in roots.iter().filter(|(space, _)| **space != Space::Control) {
            Rule::Travels.must(verified.roots.get(space) == Some(root), || format!("{space} is another there"))?;
        }
        Ok(())
    }

    /// What is there goes on as its log says. Leases are lost when it is adopted, and where a key was destroyed that ends work.
    async fn goes_on(&mut self, there: &There, pos: u64) -> Held {
        let verified = verify(&there.store, self.workspace, &THERE_KEY).await.map_err(|why| failed("a check", why))?;
        Rule::Travels.must(verified.findings.is_empty(), || format!("there {:?} is found", verified.findings))?;
        let events = there.store.events(&self.workspace.to_string(), pos, usize::MAX >> 1).await;
        for event in events.map_err(|why| failed("the log there", why))? {
            if let Ok((header, _)) = Header::decode(&event.body) {
                self.counts.note(&header.name);
            }
        }
        Ok(())
    }
}
