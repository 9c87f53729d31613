//! `kernelos dev`: the embedded host in the foreground.

use crate::args::Dev;
use crate::host::{Config, HOST_FILE, Host};
use crate::outcome::Problem;
use serde_json::json;
use std::path::Path;

pub fn run(data: &Path, dev: &Dev) -> Result<(), Problem> {
    let notify = dev.notify.clone();
    let host = Host::start(&Config { port: dev.port, effects_max: dev.effects, notify, ..Config::new(data) })?;
    let note = data.join(HOST_FILE);
    let said = json!({ "address": host.address().to_string(), "pid": std::process::id() });
    std::fs::write(&note, said.to_string()).map_err(|why| {
        Problem::failed("data", format!("{}: {why}", note.display()), "Check the directory's permissions.")
    })?;
    eprintln!("KernelOS listens on http://{}", host.address());
    eprintln!("  data   {}", data.display());
    eprintln!("  token  in {} (0600), derived from token.key; `kernelos ask` finds it by itself", data.display());
    eprintln!("  API    http://{}/openapi.json", host.address());
    host.wait();
    Ok(())
}
