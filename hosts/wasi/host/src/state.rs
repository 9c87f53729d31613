//! What belongs to one instance, and goes with it.

use crate::app::{App, Part};
use crate::outgoing::Ways;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// The state of an instance.
pub struct State {
    /// The application.
    pub app: Arc<App>,
    /// The component.
    pub part: Arc<Part>,
    /// Its resources.
    pub table: ResourceTable,
    /// Connections that are open.
    pub connections: usize,
    /// Its limits.
    pub limits: StoreLimits,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    ways: Ways,
}

impl State {
    /// For an instance of `part`, called as the `depth`th of a chain.
    pub fn new(app: &Arc<App>, part: &Arc<Part>, depth: usize) -> Self {
        let limits = StoreLimitsBuilder::new().memory_size(app.limits.memory_bytes).trap_on_grow_failure(true).build();
        Self {
            app: Arc::clone(app),
            part: Arc::clone(part),
            table: ResourceTable::new(),
            connections: 0,
            limits,
            // No environment, no arguments, no files, no network; what it writes to its output goes nowhere but errors.
            wasi: WasiCtx::builder().inherit_stderr().build(),
            http: WasiHttpCtx::new(),
            ways: Ways { app: Arc::clone(app), part: Arc::clone(part), depth },
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.ways }
    }
}
