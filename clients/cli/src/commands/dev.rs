//! `kernelos dev`: the embedded host in the foreground.

use crate::args::Dev;
use crate::host::{Config, Database, HOST_FILE, Host};
use crate::outcome::Problem;
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

pub fn run(data: &Path, dev: &Dev) -> Result<(), Problem> {
    let notify = dev.notify.clone();
    let database = dev.database.clone().map(|url| Database {
        url,
        token: dev.database_token.clone(),
        private: dev.database_private.clone(),
    });
    let host =
        Host::start(&Config { port: dev.port, effects_max: dev.effects, notify, database, ..Config::new(data) })?;
    let note = data.join(HOST_FILE);
    let said = json!({ "address": host.address().to_string(), "pid": std::process::id() });
    std::fs::write(&note, said.to_string()).map_err(|why| {
        Problem::failed("data", format!("{}: {why}", note.display()), "Check the directory's permissions.")
    })?;
    if let Some(upgraded) = host.upgraded() {
        eprintln!("{}", upgraded.told(data));
    }
    // Whoever started it may not listen any more, and that ends nobody's work.
    let _ = std::io::stderr().write_all(told(&host, data).as_bytes());
    host.wait();
    Ok(())
}

/// Where it listens, and what is where.
fn told(host: &Host, data: &Path) -> String {
    let (address, data) = (host.address(), data.display());
    format!(
        "KernelOS listens on http://{address}\n  data   {data}\n  token  in {data} (0600), derived from token.key; \
         `kernelos ask` finds it by itself\n  API    http://{address}/openapi.json\n"
    )
}
