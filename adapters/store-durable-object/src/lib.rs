//! The store over the SQLite of a Durable Object.
//!
//! An object of the sequencer keeps one workspace, and asks for no other. The tables do not rely on it: every key
//! begins with the workspace, as in every store, by a number of one byte instead of its id.
//!
//! A commit is one `transactionSync`: all of it or nothing. It has returned before the disk has it, and that is safe
//! because the platform holds back whatever an object says – answers, messages, requests of its own – until all it
//! wrote before is durable; when that fails the object is started anew and nobody has heard of the commit.
//!
//! What the platform bills is rows, so there is one tree for each table and none beside it: no rowids under text keys,
//! no counters, no indexes. [`DurableObjectStore::rows_written`] is the platform's own count.
//!
//! Nothing here throws through the wasm: all calls into the platform are bound so that what they throw comes back as an
//! error. An exception that is not caught would end every object of the isolate.

mod binding;
mod check;
mod fault;
mod number;
mod read;
mod schema;
mod single;
mod sql;
mod store;
mod write;

pub use single::ObjectSql;

use std::cell::{Cell, RefCell};

use ports::StoreError;
use wasm_bindgen::JsValue;

use crate::sql::Sql;

/// A store over the storage of one Durable Object.
pub struct DurableObjectStore {
    sql: Sql,
    /// Whether the tables are known to be there.
    made: Cell<bool>,
    /// The workspace that was asked for last, and its number.
    last: RefCell<Option<(String, f64)>>,
}

impl DurableObjectStore {
    /// Over `storage`, which is the object's `ctx.storage`. Nothing is read or written before somebody asks.
    pub fn new(storage: &JsValue) -> Self {
        Self { sql: Sql::over(storage), made: Cell::new(false), last: RefCell::default() }
    }

    /// Rows written through this value, as the platform counts them for its bill.
    pub fn rows_written(&self) -> u64 {
        self.sql.rows_written()
    }

    /// Statements run through this value: each is a way out of the wasm and back.
    pub fn statements(&self) -> u64 {
        self.sql.statements()
    }

    /// Bytes of the object's database.
    pub fn bytes(&self) -> u64 {
        self.sql.bytes()
    }

    /// Run `statement` as it is, for tests that damage what is stored on purpose.
    pub fn alter(&self, statement: &str) -> Result<(), StoreError> {
        self.sql.run(statement, &[]).map(drop)
    }
}
