//! The directory: which principal has which workspaces. An index, which whoever opens a workspace may write again.

use cloudflare::directory::AskDirectory;
use kernel::id::WorkspaceId;
use ports::SequencingError;
use ports::wire::{self, Answered};
use worker::{
    DurableObject, Env, Method, Request, Response, Result, Socket, SqlStorage, SqlStorageValue, State, durable_object,
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS workspaces(principal TEXT NOT NULL, workspace TEXT NOT NULL, \
                     PRIMARY KEY(principal, workspace)) STRICT, WITHOUT ROWID";
const REGISTER: &str = "INSERT INTO workspaces(principal, workspace) VALUES(?, ?) ON CONFLICT DO NOTHING";
const LIST: &str = "SELECT workspace FROM workspaces WHERE principal=? ORDER BY workspace";

/// The largest question.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Which principal has which workspaces.
#[durable_object]
pub struct Directory {
    sql: SqlStorage,
}

impl DurableObject for Directory {
    fn new(state: State, _env: Env) -> Self {
        Self { sql: state.storage().sql() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.method() != Method::Post {
            return Response::error("the directory is asked by POST", 405);
        }
        let body = match cloudflare::body(&mut request, BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(problem) => return Response::error(problem.detail, problem.kind.status().as_u16()),
        };
        let answer = match serde_json::from_slice(&body) {
            Ok(AskDirectory::Register { principal, workspace }) => wire::answer(&self.register(principal, workspace)),
            Ok(AskDirectory::List { principal }) => wire::answer(&self.list(principal)),
            Err(why) => return Response::error(format!("this is nothing the directory is asked: {why}"), 400),
        };
        Response::from_bytes(answer.into())
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn connect(&self, _: Socket) -> Result<()> {
        Err(worker::Error::RustError("the directory is asked by HTTP".to_owned()))
    }
}

impl Directory {
    fn register(&self, principal: String, workspace: WorkspaceId) -> Answered<()> {
        self.run(TABLE, Vec::new())?;
        self.run(REGISTER, vec![principal.into(), workspace.to_string().into()]).map(drop)
    }

    fn list(&self, principal: String) -> Answered<Vec<WorkspaceId>> {
        self.run(TABLE, Vec::new())?;
        let found = self.run(LIST, vec![principal.into()])?;
        let id = |row: Vec<SqlStorageValue>| match row.as_slice() {
            [SqlStorageValue::String(text)] => text.parse().ok(),
            _ => None,
        };
        let ids: Option<Vec<WorkspaceId>> = found.into_iter().map(id).collect();
        ids.ok_or_else(|| SequencingError::Damaged("a row of the directory".to_owned()))
    }

    /// Rows are taken by `raw`: the other ways throw through the wasm.
    fn run(&self, statement: &str, values: Vec<SqlStorageValue>) -> Answered<Vec<Vec<SqlStorageValue>>> {
        let found = self.sql.exec(statement, values).and_then(|cursor| cursor.raw().collect());
        found.map_err(|why| SequencingError::Unavailable(format!("the directory's storage: {why}")))
    }
}
