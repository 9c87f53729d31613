//! Where a folder's workflows have to reach, against what the workspace allows.

use super::super::send::once;
use super::screen;
use crate::api::Api;
use crate::outcome::Problem;
use crate::project::Egress;
use serde_json::Value;
use std::io::{BufRead as _, Write as _};

/// Make sure that the workspace allows what is wanted; a person says so, here or on the command line.
pub async fn cover(api: &Api, base: &str, wanted: &Egress, allowed: bool) -> Result<(), Problem> {
    if wanted.is_empty() {
        return Ok(());
    }
    let rules = api.get(&format!("{base}/egress"), 30_000).await?;
    let given = read(&rules);
    let beyond = wanted.beyond(&given);
    if beyond.is_empty() {
        return Ok(());
    }
    if !allowed && !asked(&beyond) {
        return Err(Problem::failed(
            "egress_not_allowed",
            format!("the workflow has to reach what this workspace does not allow: {}", named(&beyond).join(", ")),
            format!("Nothing was started. To allow it: {}\nor run again with --allow-egress.", command(&beyond)),
        ));
    }
    once(api, base, "egress.allow", &given.with(&beyond).json()).await?;
    eprintln!("this workspace may reach {} from now on", named(&beyond).join(", "));
    Ok(())
}

fn read(rules: &Value) -> Egress {
    let list = |name: &str| {
        let items = rules.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    Egress { hosts: list("hosts"), private: list("private"), secrets: list("secrets") }
}

fn named(rules: &Egress) -> Vec<String> {
    [&rules.hosts, &rules.private, &rules.secrets].into_iter().flatten().cloned().collect()
}

/// The command that allows it.
pub fn command(rules: &Egress) -> String {
    let mut words = vec!["kernelos egress allow".to_owned()];
    words.extend(rules.hosts.iter().map(|rule| format!("--host '{rule}'")));
    words.extend(rules.private.iter().map(|rule| format!("--private '{rule}'")));
    words.extend(rules.secrets.iter().map(|rule| format!("--secret '{rule}'")));
    words.join(" ")
}

/// Ask a person who can be asked.
fn asked(rules: &Egress) -> bool {
    if !screen::can_ask() {
        return false;
    }
    eprintln!("The workflow has to reach what this workspace does not allow yet:");
    for rule in named(rules) {
        eprintln!("  {rule}");
    }
    eprint!("Allow it for all workflows and agents of this workspace? (yes/no) ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && ["y", "yes"].contains(&line.trim().to_lowercase().as_str())
}
