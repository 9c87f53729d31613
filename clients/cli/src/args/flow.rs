//! Arguments of commands about workflows, their runs, and what they wait for.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Look at workflow files.
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Say everything that is wrong with workflow files: line, column, and what to write instead.
    Check(Check),
}

/// Check workflow files.
#[derive(Debug, Args)]
pub struct Check {
    /// Workflows, YAML or JSON; also kernelos.yaml.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a line: each mistake, or what a file without mistakes holds.
    #[arg(long)]
    pub json: bool,
}

/// Run a workflow.
#[derive(Debug, Args)]
#[command(after_help = "\
What the workflow needs – agents, hosts it must reach – is read from kernelos.yaml beside it.
The output of the run is JSON on stdout; what happens meanwhile is told on stderr.

Exit codes: 0 done; 1 it failed; 2 the file or the arguments have mistakes; 4 it waits for a person and nothing is
lost; 130 interrupted, and the run goes on when a host runs.")]
pub struct Run {
    /// The workflow, YAML or JSON.
    pub workflow: PathBuf,
    /// Its input, YAML or JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// The workspace; the only one there is, or a new one named home, when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Print the task and leave; a running host goes on with it.
    #[arg(long)]
    pub detach: bool,
    /// Let the workspace reach what kernelos.yaml asks for.
    #[arg(long)]
    pub allow_egress: bool,
    /// Run this command when a person is waited for; what waits stands on its standard input.
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
    /// How it is watched.
    #[command(flatten)]
    pub watch: Watch,
}

/// How a task is watched.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// One JSON object a line on stdout: each moment, and the end.
    #[arg(long)]
    pub json: bool,
    /// Approve everything that waits for an approval. Questions still wait.
    #[arg(long)]
    pub yes: bool,
    /// The reason that is recorded with --yes.
    #[arg(long, value_name = "TEXT", default_value = "approved in advance with --yes")]
    pub reason: String,
    /// Stop watching after this many seconds; the task goes on when a host runs.
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
}

/// Look at tasks and steer them. An id may be cut to any part at its beginning or end that only one task has.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List tasks, newest first.
    List(TaskList),
    /// Show where a task stands.
    Show(TaskShow),
    /// Watch a task until it is over or waits for a person.
    Follow(TaskFollow),
    /// Cancel a task with everything beneath it.
    Cancel(TaskCancel),
    /// Try a failed task again, from the step that failed.
    Retry(TaskRetry),
}

/// List tasks.
#[derive(Debug, Args)]
pub struct TaskList {
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: u64,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Show a task.
#[derive(Debug, Args)]
pub struct TaskShow {
    /// The task.
    pub id: String,
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Watch a task.
#[derive(Debug, Args)]
pub struct TaskFollow {
    /// The task.
    pub id: String,
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// How it is watched.
    #[command(flatten)]
    pub watch: Watch,
}

/// Cancel a task.
#[derive(Debug, Args)]
pub struct TaskCancel {
    /// The task.
    pub id: String,
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Why; it is recorded.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Try a failed task again.
#[derive(Debug, Args)]
pub struct TaskRetry {
    /// The task.
    pub id: String,
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// How it is watched.
    #[command(flatten)]
    pub watch: Watch,
}

/// Decide what waits for a person; without an id, list it.
#[derive(Debug, Args)]
pub struct Approve {
    /// The approval, or a part of its id at the beginning or end that only one has.
    pub approval: Option<String>,
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Do not let it go on.
    #[arg(long, conflicts_with_all = ["edit", "answer"])]
    pub reject: bool,
    /// Why; it is recorded.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Let it go on with this instead: JSON, or @FILE.
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "answer")]
    pub edit: Option<String>,
    /// The answer to a question: JSON, or text.
    #[arg(long, value_name = "JSON|TEXT")]
    pub answer: Option<String>,
    /// List what waits, and decide nothing.
    #[arg(long)]
    pub list: bool,
    /// Decide everything that waits for an approval; with --list, show what was decided too.
    #[arg(long)]
    pub all: bool,
    /// List as JSON, one object a line.
    #[arg(long)]
    pub json: bool,
}
