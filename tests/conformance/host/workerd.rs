//! The Workers of the Cloudflare host in the real workerd, by the harness that reads the real `wrangler.toml`.

use super::{Kind, Ready};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The program that starts the Workers. Its first line says where they are, as JSON.
const HARNESS: &str = "../hosts/cloudflare/harness/start.mjs";

/// Workers under workerd.
pub struct Workerd;

impl Kind for Workerd {
    fn command(&self, dir: &Path, port: u16) -> Command {
        let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join(HARNESS);
        assert!(harness.exists(), "the harness is not there; run: cargo xtask build cloudflare");
        let mut command = Command::new(node());
        command.arg(harness).arg("--persist").arg(dir.join("data"));
        if port != 0 {
            command.args(["--port", &port.to_string()]);
        }
        command
    }

    /// Waits until the line is there: a process that ends before it says one closes its output.
    fn ready(&self, child: &mut Child, _: &Path) -> Option<Ready> {
        let mut lines = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
        let said: Value = serde_json::from_str(&lines.next()?).ok()?;
        // Whoever does not read what a program says makes it wait.
        std::thread::spawn(move || lines.for_each(drop));
        let address = said["url"].as_str()?.trim_start_matches("http://").trim_end_matches('/').parse().ok()?;
        let others = said["workerd"].as_array().into_iter().flatten();
        let others = others.filter_map(|pid| u32::try_from(pid.as_u64()?).ok()).collect();
        Some(Ready { address, token: said["token"].as_str()?.to_owned(), others })
    }

    /// Nobody reads its files but itself.
    fn verify(&self, _: &Path) {}
}

/// The Node that the harness is installed with, or the one of the machine.
fn node() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/cloudflare/node_modules/.bin/node");
    if installed.exists() { installed } else { PathBuf::from("node") }
}
