//! The program's commands, one a file.

mod agent;
mod approve;
mod ask;
mod backup;
mod capability;
mod completions;
mod dev;
mod diff;
mod doctor;
mod documents;
mod egress;
mod export;
mod ids;
mod import;
mod incident;
mod init;
mod log;
mod provider;
mod read_models;
mod replay;
mod restore;
mod restore_backup;
mod run;
mod search;
mod send;
mod serve;
mod shown;
mod snapshot;
mod space;
mod state;
mod task;
mod timeline;
mod usage;
mod why;
mod workflow;
mod workspace;
mod workspace_move;
mod workspaces;

pub use send::once;

use crate::args::{Args, Command, Replay};
use crate::outcome::Problem;
use std::future::Future;

/// Do what the arguments say.
pub fn run(args: &Args) -> Result<(), Problem> {
    let place = &args.place();
    match &args.command {
        Command::Dev(dev) => dev::run(place.here("kernelos dev", DEV)?, dev),
        Command::Serve(serve) => serve::run(place.here("kernelos serve", DEV)?, serve),
        Command::Ask(ask) => ask::run(place, ask),
        Command::Init(init) => init::run(place, init),
        Command::Provider(provider) => provider::run(place, provider),
        Command::Agent(agent) => agent::run(place, agent),
        Command::Capability(capability) => capability::run(place, capability),
        Command::Documents(documents) => documents::run(place, documents),
        Command::Egress(egress) => egress::run(place, egress),
        Command::Usage(usage) => usage::run(place, usage),
        Command::Workspace(workspace) => workspace::run(place, workspace),
        Command::Snapshot(snapshot) => snapshot::run(place, snapshot),
        Command::Compact(reading) => space::compact(place, reading),
        Command::Export(export) => export::run(place, export),
        Command::Import(import) => import::run(place, import),
        Command::Backup(backup) => backup::run(place, backup),
        Command::RestoreBackup(restore) => restore_backup::run(place, restore),
        Command::Run(run) => run::run(place, run),
        Command::Task(task) => task::run(place, task),
        Command::Approve(approve) => approve::run(place, approve),
        Command::Workflow(workflow) => workflow::run(workflow),
        Command::Restore(restore) => restore::run(place, restore),
        Command::Log(log) => log::run(place, log),
        Command::State(state) => state::run(place, state),
        Command::Diff(diff) => diff::run(place, diff),
        Command::Why(why) => why::run(place, why),
        Command::Timeline(timeline) => timeline::run(place, timeline),
        Command::Search(search) => search::run(place, search),
        Command::ReadModels(models) => read_models::run(place, models),
        Command::Incident(it) => incident::run(place, it),
        Command::Replay(Replay { incident: Some(file), opened, json, .. }) => incident::replay(file, opened, *json),
        Command::Replay(replay) => replay::run(place.here("kernelos replay", REPLAY)?, replay),
        Command::Doctor(doctor) => doctor::run(place.here("kernelos doctor", DOCTOR)?, doctor),
        Command::Completions(completions) => completions::run(completions),
    }
}

/// What to do instead of what works on this machine only.
const DEV: &str = "A host elsewhere is started where it runs.";
const REPLAY: &str =
    "Every event of a host elsewhere is shown by `kernelos log --json`, with the hash it was recorded under.";
const DOCTOR: &str =
    "See whether the host elsewhere answers: `kernelos workspace list`. What it stores is looked at where it runs.";

/// Run to the end on this thread.
fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.map_err(|why| Problem::failed("executor", why.to_string(), ""))?;
    tokio::task::LocalSet::new().block_on(&executor, work)
}
