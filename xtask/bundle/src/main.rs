//! From the wasm that cargo built to wasm and JavaScript that know each other. It is a program of its own because the
//! library behind it takes a while to compile, and `xtask` is compiled before every command.
//!
//! `xtask-bundle WASM FOLDER [WASM FOLDER]...` writes `FOLDER/index.js` and `FOLDER/index_bg.wasm` for each pair.

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (pairs, rest) = arguments.as_chunks();
    if pairs.is_empty() || !rest.is_empty() {
        eprintln!("usage: xtask-bundle WASM FOLDER [WASM FOLDER]...");
        return ExitCode::from(2);
    }
    for [wasm, folder] in pairs {
        if let Err(why) = bind(Path::new(wasm), Path::new(folder)) {
            eprintln!("xtask-bundle: {wasm}: {why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// With the two additions that a Worker survives by: the wasm can be started anew after it died, and says when it dies.
fn bind(wasm: &Path, folder: &Path) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("index").typescript(false);
    bindgen.reset_state_function(true).force_enable_abort_handler(true);
    bindgen.module(true).and_then(|bindgen| bindgen.generate(folder)).map_err(|why| format!("{why:#}"))
}
