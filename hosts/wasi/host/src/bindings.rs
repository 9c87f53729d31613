//! The host's side of the interfaces that are not WASI's, generated from the SDK's own package.

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

/// What Spin's cron trigger starts.
pub mod cron {
    wasmtime::component::bindgen!({ path: "../cron/wit", world: "spin-cron", exports: { default: async } });
}
