//! The platform's storage, bound so that nothing it throws passes through the wasm.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// `ctx.storage`.
    #[derive(Clone)]
    pub type Storage;

    /// Its SQL.
    #[wasm_bindgen(method, getter, catch)]
    pub fn sql(this: &Storage) -> Result<SqlStorage, JsValue>;

    /// Run `work`; what it wrote is undone when it throws.
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    pub fn transaction_sync(
        this: &Storage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;

    /// `ctx.storage.sql`.
    #[derive(Clone)]
    pub type SqlStorage;

    /// Run a statement with its parameters.
    #[wasm_bindgen(method, catch, variadic)]
    pub fn exec(this: &SqlStorage, query: &str, parameters: &Array) -> Result<Cursor, JsValue>;

    /// Bytes of the database.
    #[wasm_bindgen(method, getter, catch, js_name = databaseSize)]
    pub fn database_size(this: &SqlStorage) -> Result<f64, JsValue>;

    /// What a statement found.
    pub type Cursor;

    /// Its rows as arrays.
    #[wasm_bindgen(method, catch)]
    pub fn raw(this: &Cursor) -> Result<JsValue, JsValue>;

    /// Rows written so far.
    #[wasm_bindgen(method, getter, catch, js_name = rowsWritten)]
    pub fn rows_written(this: &Cursor) -> Result<f64, JsValue>;

    /// Everything that an iterator has.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    pub fn all_of(iterator: &JsValue) -> Result<Array, JsValue>;
}
