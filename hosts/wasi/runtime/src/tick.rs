//! A tick: whoever keeps time for this host asks for what is due.

use bytes::Bytes;
use gateway::Tokens;
use http::{Method, Request, Response, StatusCode};
use kernel::id::WorkspaceId;
use ports::problem::{Fault, json};
use ports::{Clock as _, Problem, SharedStore as _, StoreError, Watch as _};
use wasi_shared::{Wasi, setup, store, wake};

/// Most workspaces that one tick wakes; the next one wakes the next.
const WORKSPACES_MAX: usize = 64;
/// How long a letter that nobody fetched is kept.
const LETTER_MS: u64 = 600_000;

/// Wake the runtime for every workspace that is due.
pub async fn answer(request: &Request<Bytes>) -> Result<Response<Bytes>, Problem> {
    let tokens = Tokens::new().with(&setup::required(setup::TOKEN)?, "owner");
    tokens.authenticate(request.headers())?;
    if request.method() != Method::POST {
        return Err(Fault::MethodNotAllowed.because("a tick is a POST"));
    }
    let (store, now_ms) = (store()?, Wasi.now_ms());
    let away = |why: StoreError| Fault::Unavailable.because(why.to_string());
    store.sweep(now_ms.saturating_sub(LETTER_MS)).await.map_err(away)?;
    let due = store.due(now_ms, WORKSPACES_MAX).await.map_err(away)?;
    let mut woken = 0_u64;
    for workspace in due.iter().filter_map(|name| name.parse::<WorkspaceId>().ok()) {
        woken += u64::from(wake(workspace).await.is_ok());
    }
    Ok(json(StatusCode::OK, &serde_json::json!({ "due": due.len(), "woken": woken })))
}
