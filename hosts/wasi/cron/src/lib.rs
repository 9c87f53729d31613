//! What Spin's cron trigger starts, for components. It is a crate of its own so that the component which is started has
//! nothing generated in it.

/// Generated from the interface.
#[expect(missing_docs, reason = "its words stand in the interface")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "spin-cron",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "kernelos_wasi_cron::bindings",
    });
}
