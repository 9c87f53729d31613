//! What goes wrong between the mover and a host.

use super::host::Host;
use async_trait::async_trait;
use bytes::Bytes;
use kernel::seal::TransferKey;
use kernelos::moving::Side;
use kernelos::outcome::Problem;
use ports::egress::ConnectionBody;
use ports::sequencing::WorkspaceView;
use serde_json::Value;
use std::cell::{Cell, RefCell};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The mover is killed before it asks.
    KilledBefore,
    /// The mover is killed after the host did what was asked.
    KilledAfter,
    /// The host never hears of it.
    RequestLost,
    /// The host did it, and nobody hears of that.
    ReplyLost,
}

pub const KILLED: &str = "killed";

/// Every question of a move, counted, and what goes wrong with which.
#[derive(Default)]
pub struct Network {
    asked: Cell<usize>,
    /// What goes wrong with which question, counted from 0.
    pub faults: RefCell<Vec<(usize, Fault)>>,
    /// What was asked.
    pub log: RefCell<Vec<String>>,
}

impl Network {
    pub fn with(faults: &[(usize, Fault)]) -> Self {
        Self { faults: RefCell::new(faults.to_vec()), ..Self::default() }
    }

    /// How many questions were asked.
    pub fn asked(&self) -> usize {
        self.asked.get()
    }

    async fn pass<T>(&self, what: &str, ask: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        let nth = self.asked.replace(self.asked.get() + 1);
        self.log.borrow_mut().push(what.to_owned());
        let fault = self.faults.borrow().iter().find(|(at, _)| *at == nth).map(|(_, fault)| *fault);
        match fault {
            None => ask.await,
            Some(Fault::KilledBefore) => Err(Problem::failed(KILLED, what, "")),
            Some(Fault::RequestLost) => Err(Problem::failed("host_unreachable", what, "")),
            Some(Fault::KilledAfter) => {
                let _ = ask.await;
                Err(Problem::failed(KILLED, what, ""))
            }
            Some(Fault::ReplyLost) => {
                let _ = ask.await;
                Err(Problem::failed("host_unreachable", what, ""))
            }
        }
    }
}

/// A host behind a network.
pub struct Behind<'a> {
    pub network: &'a Network,
    pub host: &'a Host,
}

#[async_trait(?Send)]
impl Side for Behind<'_> {
    async fn look(&self) -> Result<Option<WorkspaceView>, Problem> {
        self.network.pass("look", self.host.look()).await
    }

    async fn command(&self, name: &str, data: &Value) -> Result<(), Problem> {
        self.network.pass(name, self.host.command(name, data)).await
    }

    async fn export(&self, key: &TransferKey) -> Result<Box<dyn ConnectionBody>, Problem> {
        let mut body = self.network.pass("export", self.host.export(key)).await?;
        // What is read of the file is a question of its own: the whole of it comes, or it breaks off behind the first frame.
        let mut whole = vec![body.chunk().await.unwrap().unwrap()];
        let rest = self.network.pass("rest of the export", async {
            let mut rest = Vec::new();
            while let Some(piece) = body.chunk().await.unwrap() {
                rest.push(piece);
            }
            Ok(rest)
        });
        let broke = match rest.await {
            Ok(rest) => {
                whole.extend(rest);
                None
            }
            Err(problem) if problem.code == KILLED => return Err(problem),
            Err(problem) => Some(problem.what),
        };
        Ok(Box::new(Pieces { pieces: whole.into_iter(), broke }))
    }

    async fn begin(&self, head: &[u8], key: &TransferKey) -> Result<u64, Problem> {
        self.network.pass("begin", self.host.begin(head, key)).await
    }

    async fn append(&self, offset: u64, bytes: Bytes) -> Result<u64, Problem> {
        self.network.pass("append", self.host.append(offset, bytes)).await
    }

    async fn discard(&self, whole: Option<u64>) -> Result<(), Problem> {
        self.network.pass("discard", self.host.discard(whole)).await
    }
}

/// A file that may break off.
struct Pieces {
    pieces: std::vec::IntoIter<Bytes>,
    broke: Option<String>,
}

#[async_trait(?Send)]
impl ConnectionBody for Pieces {
    fn announced(&self) -> u64 {
        0
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        match (self.pieces.next(), self.broke.take()) {
            (Some(piece), broke) => {
                self.broke = broke;
                Ok(Some(piece))
            }
            (None, Some(broke)) => Err(broke),
            (None, None) => Ok(None),
        }
    }
}
