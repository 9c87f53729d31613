//! Read models, in tables of their own in the database that all workspaces share.
//!
//! Nobody is there between requests. So they are brought up to the log by whoever asks them, and after the answer to a commit
//! that passes a mark in the log or destroys a key. Two may do so at once: whoever comes second finds them further.

use kernel::id::WorkspaceId;
use ports::read_models::{ModelsAsk, ModelsAsked, WAIT_MS};
use ports::{Clock as _, SequencingError, Store, StoreError};
use projector::{Pace, Projector};
use read_models_sql::SqlModels;
use sequencer::{Failure, Shared, is_under_way, whole_log};
use serde_json::Value;
use std::rc::Rc;
use wasi_shared::{Wasi, database};

/// How long whoever answered brings them further.
const BESIDE_MS: u64 = 5_000;

fn projector(shared: &Shared, workspace: WorkspaceId, key: [u8; 32]) -> Result<Projector, SequencingError> {
    let database = database().map_err(|problem| SequencingError::Unavailable(problem.detail))?;
    let store = Rc::clone(&shared.store) as Rc<dyn Store>;
    Ok(Projector::new(whole_log(store), Rc::new(SqlModels::new(database)), workspace, key, Pace::BETWEEN))
}

/// Answer what is asked, once the models know what was committed before. Says whether there is more to do.
pub async fn ask(
    shared: &Shared,
    workspace: WorkspaceId,
    key: [u8; 32],
    ask: ModelsAsk,
) -> (Result<Value, SequencingError>, bool) {
    match asked(shared, workspace, key, ask).await {
        Ok((answer, more)) => (answer, more),
        Err(error) => (Err(error), false),
    }
}

async fn asked(
    shared: &Shared,
    workspace: WorkspaceId,
    key: [u8; 32],
    ask: ModelsAsk,
) -> Result<(Result<Value, SequencingError>, bool), SequencingError> {
    let end = end(shared, workspace).await?;
    let mut projector = projector(shared, workspace, key)?;
    if ask.asked != ModelsAsked::Stand || ask.wait_for.is_some() {
        advance(&mut projector, ask.wait_for.unwrap_or(end).min(end), WAIT_MS).await;
    }
    let mut answer = projector.answer(&ask.asked).await;
    let mut more = false;
    if ask.asked == ModelsAsked::Rebuild {
        // Begun here, so that whoever comes next goes on with it.
        more = projector.advance().await.unwrap_or_default();
        answer = if more { projector.answer(&ModelsAsked::Stand).await } else { answer };
    }
    Ok((answer, more))
}

/// Bring the models of a workspace up to its log, for as long as there is time.
pub async fn bring_up(shared: &Shared, workspace: WorkspaceId, key: [u8; 32]) {
    if end(shared, workspace).await.is_err() {
        return;
    }
    // What fails here is told to whoever asks next.
    if let Ok(mut projector) = projector(shared, workspace, key) {
        advance(&mut projector, u64::MAX, BESIDE_MS).await;
    }
}

async fn advance(projector: &mut Projector, to: u64, within_ms: u64) {
    let until = Wasi.now_ms().saturating_add(within_ms);
    while projector.as_of() < to && Wasi.now_ms() < until && projector.advance().await.unwrap_or_default() {}
}

/// The last event of a workspace that is there and whole.
async fn end(shared: &Shared, workspace: WorkspaceId) -> Result<u64, SequencingError> {
    let failed = |error: StoreError| SequencingError::from(Failure::from(error));
    let store = Rc::clone(&shared.store) as Rc<dyn Store>;
    let head = store.head(&workspace.to_string()).await.map_err(failed)?;
    if is_under_way(&*store, workspace).await.map_err(failed)? {
        return Err(SequencingError::NoWorkspace);
    }
    Ok(head.pos)
}
