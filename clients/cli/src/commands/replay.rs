//! `kernelos replay`: from the events alone to the roots, and with `--verify` everything that is stored against them.

use super::{block_on, shown};
use crate::args::Replay;
use crate::outcome::Problem;
use crate::words::counted;
use kernel::id::WorkspaceId;
use ports::{Store as _, Vault as _};
use sequencer::{Verified, is_under_way, verify};
use serde_json::{Value, json};
use std::path::Path;
use store_libsql::LibsqlStore;
use vault_file::FileVault;

pub fn run(data: &Path, replay: &Replay) -> Result<(), Problem> {
    crate::upgrade::look(data)?;
    let store = LibsqlStore::open(&data.join("workspaces")).map_err(|why| {
        Problem::failed("data_busy", why.to_string(), "Stop the host that runs over this directory, then replay.")
    })?;
    let vault = FileVault::open(data.join("vault")).map_err(|why| Problem::damaged(why.to_string(), ""))?;
    block_on(async {
        let ids = match &replay.workspace {
            Some(id) => vec![id.clone()],
            None => store.workspaces().await?,
        };
        let mut damaged = 0;
        for id in ids {
            let workspace: WorkspaceId = id
                .parse()
                .map_err(|_| Problem::usage(format!("{id} is not a workspace id"), "See `kernelos doctor`."))?;
            if is_under_way(&store, workspace).await? {
                eprintln!("workspace {id} is being imported: go on with kernelos import, or give it up with --discard");
                continue;
            }
            let key = vault.workspace_key(&id).await.map_err(|why| Problem::damaged(why.to_string(), ""))?;
            let mut verified = verify(&store, workspace, &key).await?;
            if !replay.verify {
                verified.findings.retain(|finding| finding.what.starts_with("event "));
            }
            damaged += verified.findings.len();
            show(&id, &verified, replay.json);
        }
        if damaged == 0 {
            return Ok(());
        }
        Err(Problem::damaged(
            format!("{damaged} findings"),
            "Nothing was changed. Restore the workspace from a copy; the findings name what is damaged.",
        ))
    })
}

fn show(id: &str, verified: &Verified, as_json: bool) {
    let roots: serde_json::Map<String, Value> =
        verified.roots.iter().map(|(space, root)| (space.to_string(), json!(root.to_string()))).collect();
    if as_json {
        let findings: Vec<Value> =
            verified.findings.iter().map(|finding| json!({ "what": finding.what, "why": finding.why })).collect();
        let line = json!({
            "workspace": id, "events": verified.events, "rows": verified.rows, "roots": roots, "findings": findings,
            "loose": verified.loose,
        });
        shown::line(&line.to_string());
        return;
    }
    shown::line(&format!("workspace {id}: {} events, {} rows", verified.events, verified.rows));
    for (space, root) in &roots {
        shown::line(&format!("  root of {space}: {}", root.as_str().unwrap_or_default()));
    }
    for finding in &verified.findings {
        shown::line(&format!("  {}: {}", finding.what, finding.why));
    }
    if !verified.loose.is_empty() {
        shown::line(&format!("  {} of no snapshot, removed in time", counted(verified.loose.len(), "chunk")));
    }
    if verified.findings.is_empty() {
        shown::line("  everything is as it was written");
    }
}
