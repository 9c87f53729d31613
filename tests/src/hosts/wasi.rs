//! The components of `spin.toml` in the small WASI host of this tree.

use super::{Kind, Ready, compiled};
use crate::statements::Statements;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::id::WorkspaceId;
use ports::Store as _;
use serde_json::Value;
use sha2::Sha256;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::rc::Rc;
use store_sql::SqlStore;
use testkit::block_on;

/// Of which words the host derives the key of a workspace.
const DOMAIN: &[u8] = b"kernelos workspace key 1\0";

/// What is set: a name that the host goes by, and peers on this machine.
const VARIABLES: [&str; 3] = [
    "kernelos_hosts=kernelos.test",
    "kernelos_model_hosts=http://127.0.0.1:*",
    "kernelos_request_hosts=http://127.0.0.1:*",
];

/// Components in the WASI host.
#[derive(Debug, Clone, Copy)]
pub struct Wasi;

impl Kind for Wasi {
    fn command(&self, dir: &Path, port: u16) -> Result<Command, String> {
        compiled::lay(&compiled_in(dir)).map_err(|why| why.to_string())?;
        let mut command = Command::new(program()?);
        command.arg("--manifest").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spin.toml"));
        command.arg("--data").arg(data(dir)).args(["--port", &port.to_string()]);
        for variable in VARIABLES {
            command.args(["--variable", variable]);
        }
        Ok(command)
    }

    /// Waits until the line is there: a process that ends before it says one closes its output.
    fn ready(&self, child: &mut Child, dir: &Path) -> Option<Ready> {
        let mut lines = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
        let said: Value = serde_json::from_str(&lines.next()?).ok()?;
        let address = said.get("url")?.as_str()?.trim_start_matches("http://").parse().ok()?;
        // A host without it compiles for itself.
        let _ = compiled::keep(&compiled_in(dir));
        Some(Ready { address, token: said.get("token")?.as_str()?.to_owned(), others: Vec::new() })
    }

    fn tells_pieces(&self) -> bool {
        false
    }

    fn verify(&self, dir: &Path) -> Result<(), String> {
        let data = data(dir);
        let master = std::fs::read(data.join("master.key")).map_err(|why| why.to_string())?;
        block_on(async {
            let statements = Statements::open(&data.join("kernelos.db")).await?;
            let store = SqlStore::new(Rc::new(statements));
            for name in store.workspaces().await.map_err(|why| why.to_string())? {
                let workspace: WorkspaceId = name.parse().map_err(|_| format!("{name} is no workspace"))?;
                let key = key(&master, workspace).ok_or("the master key makes no key")?;
                let verified = sequencer::verify(&store, workspace, &key).await.map_err(|why| why.to_string())?;
                if !verified.findings.is_empty() {
                    return Err(format!("{name}: {:?}", verified.findings));
                }
            }
            Ok(())
        })
    }
}

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

fn compiled_in(dir: &Path) -> PathBuf {
    data(dir).join("compiled")
}

fn key(master: &[u8], workspace: WorkspaceId) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(master).ok()?;
    mac.update(DOMAIN);
    mac.update(workspace.to_string().as_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// The host, beside this program.
fn program() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|why| why.to_string())?;
    let program = own.ancestors().skip(1).take(2).map(|folder| folder.join("kernelos-wasi-host"));
    let mut program = program.filter(|program| program.is_file());
    program.next().ok_or_else(|| "the WASI host is not built; run: cargo build -p kernelos-wasi-host".to_owned())
}
