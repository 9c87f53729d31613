//! `cargo xtask bench [GROUP] [--json]`: the product against baselines of the same run.
//!
//! Every number is a ratio to something measured beside it (raw libSQL, a smaller workspace, bytes appended), because
//! absolute times say more about the machine than about the product. Values are medians over alternating rounds.

mod commands;
mod cpu;
mod desk;
mod growth;
mod history;
mod hosts;
mod http;
mod idle;
mod open;
mod raw;
mod recorder;
mod recovery;
mod replay;
mod report;
mod search;
mod sequencer;
mod server;
mod statement;
mod workflow;

use report::Report;
use std::process::ExitCode;

/// A group of measurements: its name, and what measures it.
type Group = (&'static str, fn(&mut Report) -> Result<(), String>);

const GROUPS: [Group; 15] = [
    ("commands", commands::run),
    ("sequencer", sequencer::run),
    ("replay", replay::run),
    ("open", open::run),
    ("growth", growth::run),
    ("recovery", recovery::run),
    ("idle", idle::run),
    ("workflow-dispatch", workflow::dispatch),
    ("workflow-runs", workflow::runs),
    ("workflow-provider", workflow::provider),
    ("workflow-for", workflow::loops),
    ("workflow-memory", workflow::memory),
    ("history", history::run),
    ("history-search", search::run),
    ("hosts", hosts::run),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, data] = args.as_slice()
        && serve == server::SERVE
    {
        return server::serve(data);
    }
    let json = args.iter().any(|arg| arg == "--json");
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|name| GROUPS.iter().all(|(group, _)| !names(name, group))) {
        eprintln!("there is no group {unknown}; there are: {}", GROUPS.map(|(group, _)| group).join(", "));
        return ExitCode::from(2);
    }
    let mut report = Report::new(json);
    for (group, run) in GROUPS {
        if !wanted.is_empty() && !wanted.iter().any(|name| names(name, group)) {
            continue;
        }
        report.begin(group);
        if let Err(why) = run(&mut report) {
            eprintln!("{group}: {why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Whether `name` means `group`: `workflow` means `workflow-runs` and its like.
fn names(name: &str, group: &str) -> bool {
    group.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
