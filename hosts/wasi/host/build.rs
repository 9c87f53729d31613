//! Finds the interfaces inside the package of the SDK, as the registry has it, and writes the bindings' declaration.
//! Nothing of them is copied into the tree, and nothing is changed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The package with the interfaces. Its version is pinned where the components' dependencies are.
const SDK: &str = "spin-sdk";

/// What this host gives beside WASI: exactly what the components import.
const WORLD: &str =
    "package kernelos:host;\nworld host { import spin:sqlite/sqlite@3.0.0; import fermyon:spin/variables@2.0.0; }\n";

/// The files with these interfaces, as they are in the package and where the generator looks for them.
const FILES: [(&str, &str); 2] = [
    ("wit/deps/spin-sqlite@3.0.0/sqlite.wit", "deps/spin-sqlite/sqlite.wit"),
    ("wit/deps/spin@2.0.0/variables.wit", "deps/spin/variables.wit"),
];
/// The second lies among others, of which one says whose they all are: the others need interfaces that nobody imports.
const WHOSE: (&str, &str) = ("deps/spin/package.wit", "package fermyon:spin@2.0.0;\n");

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
    let package = package()?;
    let out = PathBuf::from(std::env::var("OUT_DIR").map_err(|why| why.to_string())?);
    let wit = out.join("wit");
    for (from, to) in FILES {
        let from = package.join(from);
        let text = std::fs::read_to_string(&from).map_err(|why| format!("{}: {why}", from.display()))?;
        write(&wit.join(to), &text)?;
    }
    write(&wit.join(WHOSE.0), WHOSE.1)?;
    write(&wit.join("host.wit"), WORLD)?;
    let text = format!(
        "wasmtime::component::bindgen!({{ path: {wit:?}, world: \"kernelos:host/host\", \
         imports: {{ default: async | trappable }}, \
         with: {{ \"spin:sqlite/sqlite@3.0.0.connection\": crate::sqlite::Open }} }});\n"
    );
    write(&out.join("bindings.rs"), &text)
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(file, text)).map_err(|why| format!("{}: {why}", file.display()))
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
