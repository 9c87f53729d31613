//! What went wrong, as the port says it.

use ports::StoreError;
use wasm_bindgen::{JsCast as _, JsValue};

/// What the platform threw. Nothing is known of what it did before.
pub(crate) fn unavailable(thrown: &JsValue) -> StoreError {
    let text = said(thrown);
    // The extended codes of both begin like this.
    if text.contains("SQLITE_CORRUPT") || text.contains("SQLITE_NOTADB") {
        return damaged(format!("the object's database: {text}"));
    }
    StoreError::Unavailable(format!("the object's storage: {text}"))
}

/// `what` is not as it was written.
pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Damaged { what: what.into() }
}

/// The row at `space`/`key` is not as it was written.
pub(crate) fn damaged_row(space: &str, key: &str) -> StoreError {
    damaged(format!("row {space}/{key}"))
}

/// The message of what was thrown. Its stack would name places of the machine.
fn said(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => thrown.as_string().unwrap_or_else(|| "it failed without a word".to_owned()),
    }
}
