//! Finds the interfaces inside the package of the SDK, as the registry has it, and writes the bindings' declaration.
//! Nothing of them is copied into the tree, and nothing is changed.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The package with the interfaces. Its version is pinned where the components' dependencies are.
const SDK: &str = "spin-sdk";

/// What this host gives beside WASI: exactly what the components import.
const WORLD: &str =
    "package kernelos:host; world host { import spin:sqlite/sqlite@3.0.0; import fermyon:spin/variables@2.0.0; }";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../../Cargo.lock");
    match declare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo::error=the interfaces of {SDK} were not found: {why}");
            ExitCode::FAILURE
        }
    }
}

fn declare() -> Result<(), String> {
    let wit = package()?.join("wit");
    let out = PathBuf::from(std::env::var("OUT_DIR").map_err(|why| why.to_string())?).join("bindings.rs");
    let text = format!(
        "wasmtime::component::bindgen!({{ path: {wit:?}, world: \"kernelos:host/host\", inline: {WORLD:?}, \
         imports: {{ default: async | trappable }}, \
         with: {{ \"spin:sqlite/sqlite@3.0.0.connection\": crate::sqlite::Open }} }});\n"
    );
    std::fs::write(&out, text).map_err(|why| format!("{}: {why}", out.display()))
}

/// Where the package lies.
fn package() -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .map_err(|why| why.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|why| why.to_string())?;
    let packages = metadata.get("packages").and_then(serde_json::Value::as_array);
    let named = |package: &&serde_json::Value| package.get("name").and_then(serde_json::Value::as_str) == Some(SDK);
    let manifest = packages.into_iter().flatten().find(named).and_then(|package| package.get("manifest_path"));
    let manifest =
        manifest.and_then(serde_json::Value::as_str).ok_or("it is not among the packages of the lock file")?;
    PathBuf::from(manifest).parent().map(PathBuf::from).ok_or_else(|| "it has no folder".to_owned())
}
