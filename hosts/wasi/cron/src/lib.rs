//! What Spin's cron trigger starts, for components. It is a crate of its own so that the component which is started has
//! nothing generated in it.
#![expect(missing_docs, reason = "generated from an interface whose words stand there")]

wit_bindgen::generate!({
    path: "wit",
    world: "spin-cron",
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "kernelos_wasi_cron",
});
