//! The sequencer seen from a runtime in another process: everything goes over HTTP.

use super::Client;
use async_trait::async_trait;
use kernel::id::{CommandId, Id, WorkspaceId};
use kernel::machine::{Identity, Reply, Request};
use kernel::reject::Code;
use ports::history::{HistoryAsk, HistorySlice};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskView};
use ports::{Sequencing, SequencingError};
use serde_json::Value;
use std::cell::RefCell;
use std::path::PathBuf;

/// A sequencer at the address that stands in a file. The host behind it may be killed and come back elsewhere.
#[derive(Debug)]
pub struct Remote {
    address: PathBuf,
    token: String,
    client: RefCell<Option<Client>>,
}

/// A runtime asks for nothing of this.
const NOT_ASKED: &str = "a runtime leases, reads its lease and reports";

impl Remote {
    /// The sequencer whose address stands in the file `address`.
    pub fn new(address: PathBuf, token: impl Into<String>) -> Self {
        Self { address, token: token.into(), client: RefCell::new(None) }
    }

    /// Talk to the host; what breaks is connected again the next time.
    fn exchange<T>(&self, talk: impl FnOnce(&mut Client) -> std::io::Result<T>) -> Result<T, SequencingError> {
        let away = |why: &dyn std::fmt::Display| SequencingError::Unavailable(why.to_string());
        let client = self.client.borrow_mut().take();
        let mut client = match client {
            Some(client) => client,
            None => {
                let address = std::fs::read_to_string(&self.address).map_err(|why| away(&why))?;
                Client::new(address.trim().parse().map_err(|why| away(&why))?, &self.token)
            }
        };
        let answer = talk(&mut client).map_err(|why| away(&why))?;
        *self.client.borrow_mut() = Some(client);
        Ok(answer)
    }

    fn send(&self, workspace: WorkspaceId, request: &Request) -> Result<Reply, SequencingError> {
        let Identity::Key { key, .. } = &request.identity else { return Err(not_asked()) };
        let data = request.command.data().and_then(|data| serde_json::from_str(&data));
        let data: Value = data.map_err(|_| not_asked())?;
        let name = request.command.name();
        let answer = self.exchange(|client| client.command(&workspace.to_string(), &key.to_string(), name, &data))?;
        match answer.status {
            200 => Ok(accepted(&answer.json())),
            404 if answer.text("/code") == "workspace_not_found" => Err(SequencingError::NoWorkspace),
            500.. => Err(SequencingError::Unavailable(answer.text("/detail"))),
            _ => {
                let code = Code::of(&answer.text("/code")).unwrap_or(Code::InvalidArgument);
                Err(SequencingError::Refused(code.because(answer.text("/detail"))))
            }
        }
    }
}

/// The reply in the answer to one command. Of its place in the log a runtime wants to know nothing.
fn accepted(answer: &Value) -> Reply {
    let made = answer.pointer("/outcomes/0/made").and_then(Value::as_array);
    let made = made.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect();
    let command = CommandId { device: kernel::id::DeviceId([0; 16]), incarnation: 0, counter: 0 };
    Reply { command, pos: 0, events: 0, rejected: None, made, known: false }
}

fn not_asked() -> SequencingError {
    SequencingError::Unavailable(NOT_ASKED.to_owned())
}

#[async_trait(?Send)]
impl Sequencing for Remote {
    async fn submit(&self, workspace: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        requests.iter().map(|request| self.send(workspace, request)).collect()
    }

    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError> {
        let path = format!("/v1/workspaces/{workspace}/effects?limit={limit}");
        let answer = self.exchange(|client| client.get(&path))?.json();
        let ids = answer.get("effects").and_then(Value::as_array).into_iter().flatten();
        Ok(ids.filter_map(|id| id.as_str()?.parse().ok()).collect())
    }

    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        let answer = self.exchange(|client| client.get(&format!("/v1/workspaces/{workspace}/effects/{effect}")))?;
        match answer.status {
            200 => {
                serde_json::from_value(answer.json()).map(Some).map_err(|why| SequencingError::Damaged(why.to_string()))
            }
            404 => Ok(None),
            _ => Err(SequencingError::Unavailable(answer.text("/detail"))),
        }
    }

    async fn export(&self, _: WorkspaceId, _: ExportAsk) -> Result<ExportSlice, SequencingError> {
        Err(not_asked())
    }

    async fn import(&self, _: WorkspaceId, _: &str, _: ImportAsk) -> Result<ImportStand, SequencingError> {
        Err(not_asked())
    }

    async fn create(&self, _: WorkspaceId, _: &str) -> Result<(), SequencingError> {
        Err(not_asked())
    }

    async fn workspaces(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        Err(not_asked())
    }

    async fn events(&self, _: WorkspaceId, _: u64, _: usize) -> Result<Vec<EventView>, SequencingError> {
        Err(not_asked())
    }

    async fn moved(&self, _: WorkspaceId, _: u64, _: u64) -> Result<u64, SequencingError> {
        Err(not_asked())
    }

    async fn describe(&self, _: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        Err(not_asked())
    }

    async fn task(&self, _: WorkspaceId, _: Id) -> Result<Option<TaskView>, SequencingError> {
        Err(not_asked())
    }

    async fn settled(&self, _: WorkspaceId, _: Id, _: u64) -> Result<Option<TaskView>, SequencingError> {
        Err(not_asked())
    }

    async fn models(&self, _: WorkspaceId, _: ModelsAsk) -> Result<Value, SequencingError> {
        Err(not_asked())
    }

    async fn history(&self, _: WorkspaceId, _: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        Err(not_asked())
    }

    async fn read(&self, _: WorkspaceId, _: Query) -> Result<Option<Value>, SequencingError> {
        Err(not_asked())
    }

    async fn snapshots(&self, _: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        Err(not_asked())
    }

    async fn snapshot(&self, _: WorkspaceId, _: bool) -> Result<SnapshotView, SequencingError> {
        Err(not_asked())
    }

    async fn space(&self, _: WorkspaceId) -> Result<SpaceView, SequencingError> {
        Err(not_asked())
    }

    async fn compact(&self, _: WorkspaceId) -> Result<CompactView, SequencingError> {
        Err(not_asked())
    }
}
