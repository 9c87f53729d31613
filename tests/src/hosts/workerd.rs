//! The Workers of the Cloudflare host in the real workerd, by the harness that reads the real `wrangler.toml`.

use super::{Kind, Ready};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Where the Workers are described, with the tools that run them.
const FOLDER: &str = "../hosts/cloudflare";

/// What the harness gives to Workers besides: a name that the host goes by. Without one, it is every name under which
/// the platform reaches it.
const BINDINGS: &str = r#"{"kernelos": {"KERNELOS_ALLOWED_HOSTS": "kernelos.test"}}"#;

/// Workers under workerd.
#[derive(Debug, Clone, Copy)]
pub struct Workerd;

impl Kind for Workerd {
    fn command(&self, dir: &Path, port: u16) -> Result<Command, String> {
        let mut command = Command::new(node()?);
        command.arg(folder().join("harness/start.mjs")).arg("--persist").arg(dir.join("data"));
        command.args(["--port", &port.to_string()]).env("KERNELOS_BINDINGS", BINDINGS);
        Ok(command)
    }

    /// Waits until the line is there: a process that ends before it says one closes its output.
    fn ready(&self, child: &mut Child, _: &Path) -> Option<Ready> {
        let mut lines = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
        let said: Value = serde_json::from_str(&lines.next()?).ok()?;
        // Whoever does not read what a program says makes it wait.
        std::thread::spawn(move || lines.for_each(drop));
        let address = said.get("url")?.as_str()?.trim_start_matches("http://").trim_end_matches('/').parse().ok()?;
        let others = said.get("workerd").and_then(Value::as_array).into_iter().flatten();
        let others = others.filter_map(|pid| u32::try_from(pid.as_u64()?).ok()).collect();
        Some(Ready { address, token: said.get("token")?.as_str()?.to_owned(), others })
    }

    /// Nobody reads its files but itself.
    fn verify(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

/// The Node that is installed with the harness.
fn node() -> Result<PathBuf, String> {
    let packages = std::fs::read_dir(folder().join("node_modules")).into_iter().flatten().flatten();
    let named = packages.filter(|package| package.file_name().to_string_lossy().starts_with("node-"));
    let node = named.map(|package| package.path().join("bin/node")).find(|program| program.is_file());
    node.ok_or_else(|| "the tools for Workers are not installed; run: cargo xtask build cloudflare".to_owned())
}
