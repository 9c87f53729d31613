//! An object with the store's kit, and one that does nothing.

use async_trait::async_trait;
use kernel::storage::Address;
use ports::Store;
use serde_json::json;
use std::cell::Cell;
use store_durable_object::DurableObjectStore;
use testkit::store::{Subject, run};
use wasm_bindgen::JsValue;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

const WOKEN: &str = "woken";

/// What a test asks of it stands in its path.
#[durable_object]
pub struct Bench {
    state: State,
    asked: Cell<u32>,
}

impl DurableObject for Bench {
    fn new(state: State, _env: Env) -> Self {
        Self { state, asked: Cell::new(0) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let path = request.path();
        match path.split('/').nth(1) {
            Some("noop") => {
                self.asked.set(self.asked.get() + 1);
                Response::ok(self.asked.get().to_string())
            }
            Some("kit") => self.kit().await,
            Some("wake") => {
                self.state.storage().put(WOKEN, self.woken().await? + 1).await?;
                Ok(Response::empty()?.with_status(202))
            }
            Some("woken") => Response::ok(self.woken().await?.to_string()),
            _ => Response::error("there is nothing here", 404),
        }
    }
}

impl Bench {
    async fn woken(&self) -> Result<u32> {
        Ok(self.state.storage().get(WOKEN).await?.unwrap_or_default())
    }

    async fn kit(&self) -> Result<Response> {
        let storage: JsValue = self.state.storage().as_raw().into();
        let report = run(async || InObject::empty(storage.clone())).await;
        let failed: Vec<_> = report.failed.iter().map(|(name, why)| json!({"case": name, "why": why})).collect();
        Response::from_json(&json!({"passed": report.passed, "failed": failed}))
    }
}

/// The adapter over one object's storage.
struct InObject {
    storage: JsValue,
    store: DurableObjectStore,
}

impl InObject {
    /// Over an object that nobody wrote to.
    fn empty(storage: JsValue) -> Self {
        let store = DurableObjectStore::new(&storage);
        for table in ["rows", "sealed", "events", "heads", "tables"] {
            // One that is still there fails the first case that lists what there is.
            let _ = store.alter(&format!("DROP TABLE IF EXISTS {table}"));
        }
        Self { store: DurableObjectStore::new(&storage), storage }
    }

    fn alter(&self, table: &str, column: &str, which: &str) -> std::result::Result<(), String> {
        let altered = format!("CAST('!'||substr({column},2) AS BLOB)");
        let done = self.store.alter(&format!("UPDATE {table} SET {column}={altered} WHERE {which}"));
        done.map_err(|error| error.to_string())
    }
}

#[async_trait(?Send)]
impl Subject for InObject {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    /// What is in memory is lost. That the object itself may be ended is told by the tests that kill it.
    async fn reopen(&mut self) -> std::result::Result<(), String> {
        self.store = DurableObjectStore::new(&self.storage);
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> std::result::Result<(), String> {
        let nr = format!("nr=(SELECT nr FROM heads WHERE ws='{workspace}')");
        self.alter("rows", "value", &format!("{nr} AND space='{}' AND key='{}'", at.space, at.key))
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> std::result::Result<(), String> {
        self.alter("events", "body", &format!("nr=(SELECT nr FROM heads WHERE ws='{workspace}') AND pos={pos}"))
    }
}
