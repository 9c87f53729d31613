//! Statements and transactions.

use std::cell::Cell;

use js_sys::{Array, Uint8Array};
use ports::StoreError;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::binding::{SqlStorage, Storage, all_of};
use crate::fault::unavailable;
use crate::number::of_double;

/// A parameter.
pub(crate) enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Nothing.
    Null,
}

impl Value<'_> {
    fn to_js(&self) -> JsValue {
        match self {
            Self::Number(number) => JsValue::from_f64(*number),
            Self::Text(text) => JsValue::from_str(text),
            Self::Bytes(bytes) => Uint8Array::from(*bytes).into(),
            Self::Null => JsValue::NULL,
        }
    }
}

/// A row that was found.
pub(crate) struct Found(Array);

impl Found {
    /// How many columns it has.
    pub(crate) fn columns(&self) -> u32 {
        self.0.length()
    }

    /// A number as JavaScript has it; none when it is something else.
    pub(crate) fn double(&self, nth: u32) -> Option<f64> {
        self.0.get(nth).as_f64()
    }

    /// A whole number; none when it is something else.
    pub(crate) fn number(&self, nth: u32) -> Option<u64> {
        self.0.get(nth).as_f64().and_then(of_double)
    }

    /// A text; none when it is something else.
    pub(crate) fn text(&self, nth: u32) -> Option<String> {
        self.0.get(nth).as_string()
    }

    /// Bytes; none when it is something else.
    pub(crate) fn bytes(&self, nth: u32) -> Option<Vec<u8>> {
        let value = self.0.get(nth);
        value.dyn_ref::<js_sys::ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec())
    }
}

/// The SQL of one object.
pub(crate) struct Sql {
    storage: Storage,
    rows_written: Cell<u64>,
    statements: Cell<u64>,
}

impl Sql {
    pub(crate) fn over(storage: &JsValue) -> Self {
        Self { storage: storage.clone().unchecked_into(), rows_written: Cell::new(0), statements: Cell::new(0) }
    }

    /// Rows written so far.
    pub(crate) fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    /// Statements run so far.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// Bytes of the database; none when the platform does not say.
    pub(crate) fn bytes(&self) -> u64 {
        self.sql().and_then(|sql| sql.database_size()).ok().and_then(of_double).unwrap_or_default()
    }

    /// Run one statement and take all it finds.
    pub(crate) fn run(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Found>, StoreError> {
        self.try_run(statement, values).map_err(|thrown| unavailable(&thrown))
    }

    /// Do `work`, all of it or nothing.
    pub(crate) fn transaction<T>(&self, mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut outcome = None;
        let committed = self.storage.transaction_sync(&mut || {
            let done = work();
            let refused = done.is_err();
            outcome = Some(done);
            // What is thrown here is only for the platform, which then undoes what was written.
            if refused { Err(JsValue::from_str("refused")) } else { Ok(JsValue::UNDEFINED) }
        });
        match (outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(thrown)) => Err(unavailable(&thrown)),
            (Some(done), Ok(_)) => done,
            (None, Ok(_)) => Err(StoreError::Unavailable("the object's storage did not run the transaction".into())),
        }
    }

    fn sql(&self) -> Result<SqlStorage, JsValue> {
        self.storage.sql()
    }

    fn try_run(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Found>, JsValue> {
        self.statements.set(self.statements.get() + 1);
        let parameters: Array = values.iter().map(Value::to_js).collect();
        let cursor = self.sql()?.exec(statement, &parameters)?;
        let found = all_of(&cursor.raw()?)?;
        let written = of_double(cursor.rows_written()?).unwrap_or_default();
        self.rows_written.set(self.rows_written.get().saturating_add(written));
        Ok(found.iter().map(|row| Found(row.unchecked_into())).collect())
    }
}
