//! The program's commands, one a file.

mod agent;
mod approve;
mod ask;
mod capability;
mod completions;
mod dev;
mod doctor;
mod documents;
mod egress;
mod export;
mod ids;
mod import;
mod init;
mod log;
mod progress;
mod provider;
mod replay;
mod run;
mod send;
mod shown;
mod task;
mod usage;
mod workflow;
mod workspace;
mod workspaces;

use crate::args::{Args, Command};
use crate::outcome::Problem;
use std::future::Future;

/// Do what the arguments say.
pub fn run(args: &Args) -> Result<(), Problem> {
    match &args.command {
        Command::Dev(dev) => dev::run(&args.data, dev),
        Command::Ask(ask) => ask::run(&args.data, ask),
        Command::Init(init) => init::run(&args.data, init),
        Command::Provider(provider) => provider::run(&args.data, provider),
        Command::Agent(agent) => agent::run(&args.data, agent),
        Command::Capability(capability) => capability::run(&args.data, capability),
        Command::Documents(documents) => documents::run(&args.data, documents),
        Command::Egress(egress) => egress::run(&args.data, egress),
        Command::Usage(usage) => usage::run(&args.data, usage),
        Command::Workspace(workspace) => workspace::run(&args.data, workspace),
        Command::Export(export) => export::run(&args.data, export),
        Command::Import(import) => import::run(&args.data, import),
        Command::Run(run) => run::run(&args.data, run),
        Command::Task(task) => task::run(&args.data, task),
        Command::Approve(approve) => approve::run(&args.data, approve),
        Command::Workflow(workflow) => workflow::run(workflow),
        Command::Log(log) => log::run(&args.data, log),
        Command::Replay(replay) => replay::run(&args.data, replay),
        Command::Doctor(doctor) => doctor::run(&args.data, doctor),
        Command::Completions(completions) => completions::run(completions),
    }
}

/// Run to the end on this thread.
fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.map_err(|why| Problem::failed("executor", why.to_string(), ""))?;
    tokio::task::LocalSet::new().block_on(&executor, work)
}
