//! What an object is given by the platform, bound so that nothing it throws passes through the wasm.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::{State, WebSocket};

#[wasm_bindgen]
extern "C" {
    type Context;

    #[wasm_bindgen(method, getter, catch)]
    fn storage(this: &Context) -> Result<Storage, JsValue>;

    #[wasm_bindgen(method, catch, js_name = acceptWebSocket)]
    fn accept_web_socket(this: &Context, socket: &JsValue, tags: &Array) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = getWebSockets)]
    fn get_web_sockets(this: &Context, tag: &str) -> Result<Array, JsValue>;

    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    fn wait_until(this: &Context, promise: &Promise) -> Result<(), JsValue>;

    type Storage;

    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn set_alarm(this: &Storage, at_ms: f64) -> Result<Promise, JsValue>;
}

/// One object's `ctx`.
pub struct Platform {
    state: State,
}

impl Platform {
    /// Over what the object was made with.
    pub fn new(state: State) -> Self {
        Self { state }
    }

    fn context(&self) -> &Context {
        let raw: &JsValue = self.state.as_raw().as_ref();
        raw.unchecked_ref()
    }

    /// The name the object was asked for by; none when it was asked for by an id.
    pub fn name(&self) -> Option<String> {
        self.state.id().name()
    }

    /// The object's storage.
    pub fn storage(&self) -> Result<JsValue, String> {
        self.context().storage().map(Into::into).map_err(|thrown| said(&thrown))
    }

    /// Come back at `at_ms`. It is written with whatever this turn wrote: both are there, or neither.
    pub fn set_alarm(&self, at_ms: u64) -> Result<(), String> {
        let set = self.context().storage().and_then(|storage| storage.set_alarm(at_ms as f64));
        let promise = set.map_err(|thrown| said(&thrown))?;
        // Waited for by the platform: nothing leaves the object before, and when it fails the object is started anew.
        self.context().wait_until(&promise).map_err(|thrown| said(&thrown))
    }

    /// Keep the other end of `socket` although the object may sleep.
    pub fn accept(&self, socket: &WebSocket, tag: &str) -> Result<(), String> {
        let tags = Array::of1(&JsValue::from_str(tag));
        self.context().accept_web_socket(socket.as_ref(), &tags).map_err(|thrown| said(&thrown))
    }

    /// Sockets that were kept under `tag`.
    pub fn sockets(&self, tag: &str) -> Vec<WebSocket> {
        let sockets = self.context().get_web_sockets(tag).unwrap_or_default();
        sockets.iter().map(|socket| WebSocket::from(socket.unchecked_into::<worker::web_sys::WebSocket>())).collect()
    }

    /// Do `work` beside what is going on.
    pub fn beside(&self, work: impl Future<Output = ()> + 'static) {
        self.state.wait_until(work);
    }
}

/// What was thrown, in words.
fn said(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => thrown.as_string().unwrap_or_else(|| "the platform refused without a word".to_owned()),
    }
}
