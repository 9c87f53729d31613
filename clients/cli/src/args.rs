//! What the program understands.

pub mod agent;
pub mod backup;
pub mod capability;
pub mod completions;
pub mod documents;
pub mod egress;
mod flow;
pub mod history;
pub mod incident;
pub mod init;
pub mod provider;
mod reading;
pub mod restore;
pub mod search;
pub mod serve;
pub mod snapshot;
pub mod transfer;
pub mod workspace;

pub use flow::{Approve, Check, Run, Task, TaskCancel, TaskFollow, TaskList, TaskRetry, TaskShow, Watch, Workflow};
pub use reading::Reading;

use crate::place::Place;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// What scripts can rely on.
const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  it was tried and failed; what was there before is as it was
    2  it was not understood: unknown flags, a workflow file with mistakes
    3  something stored is not as it was written
    4  it waits for a person; nothing is lost, and it goes on when somebody decides
  130  interrupted; what was begun is in the log and goes on when a host runs

Data goes to stdout and talk to stderr. NO_COLOR is respected. Commands that show something have --json.";

const INIT_EXAMPLES: &str = "\
Examples:
  kernelos init                                   asks for everything
  kernelos init triage --template hello --yes     asks nothing, connects nothing
  kernelos init triage --base-url http://127.0.0.1:11434/v1 --model qwen3 --yes";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  kernelos completions bash >~/.local/share/bash-completion/completions/kernelos
  kernelos completions zsh >~/.zfunc/_kernelos
  kernelos completions fish >~/.config/fish/completions/kernelos.fish";

/// KernelOS: AI work that survives. A workspace is an append-only event log; agents, devices and providers come and go
/// around it.
#[derive(Debug, Parser)]
#[command(name = "kernelos", version, after_help = EXIT_CODES)]
pub struct Args {
    /// Where this machine keeps its workspaces; `kernelos` in the user's data directory when absent.
    #[arg(
        long, global = true, env = "KERNELOS_DATA", hide_env_values = true, default_value_os_t = default_data(),
        hide_default_value = true, value_name = "DIR"
    )]
    pub data: PathBuf,
    /// Talk to the host at this URL instead of the one of this machine; stands before the command. Its token is read from
    /// the environment variable KERNELOS_TOKEN.
    #[arg(long, env = "KERNELOS_HOST", hide_env_values = true, value_name = "URL")]
    pub host: Option<String>,
    /// Talk to that host without TLS though it is not on this machine; its token can be read on the way.
    #[arg(long, requires = "host")]
    pub host_in_clear: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the embedded host in the foreground, on the loopback interface.
    Dev(Dev),
    /// Serve the components of a spin.toml in the foreground, on the loopback interface.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
    /// Ask an agent and wait for its answer.
    Ask(Ask),
    /// Begin a project: a folder from a template, a provider that was verified, and a workspace.
    #[command(after_help = INIT_EXAMPLES)]
    Init(init::Init),
    /// Run a workflow and watch it.
    Run(Run),
    /// Look at tasks and steer them.
    #[command(subcommand)]
    Task(Task),
    /// Decide what waits for a person; without an id, list it.
    Approve(Approve),
    /// Look at workflow files.
    #[command(subcommand)]
    Workflow(Workflow),
    /// Providers of models: connect, list, test, and keep their keys.
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Agents of a workspace: list, show, define.
    #[command(subcommand)]
    Agent(agent::Agent),
    /// What workflows and agents can ask for.
    #[command(subcommand)]
    Capability(capability::Capability),
    /// Documents of a workspace.
    #[command(subcommand)]
    Documents(documents::Documents),
    /// Where requests of a workspace may go.
    #[command(subcommand)]
    Egress(egress::Egress),
    /// Show what was used of providers, and what it cost.
    Usage(Reading),
    /// Workspaces of this machine: list, show, create, adopt, move.
    #[command(subcommand)]
    Workspace(workspace::Workspace),
    /// Snapshots of a workspace: list, make.
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// Make room: pack old events, which are read as before, and remove what nothing refers to. This is done by itself too.
    Compact(Reading),
    /// Write a workspace to a file, for another host or to keep.
    #[command(after_help = transfer::EXPORT_EXAMPLES)]
    Export(transfer::Export),
    /// Take a workspace in from a file.
    #[command(after_help = transfer::IMPORT_EXAMPLES)]
    Import(transfer::Import),
    /// Keep everything of a host in a directory, and what happened since at each later time; or read all of it back.
    #[command(after_help = backup::BACKUP_EXAMPLES)]
    Backup(backup::Backup),
    /// Bring workspaces back from a backup, into another data directory or to another host.
    #[command(after_help = backup::RESTORE_EXAMPLES)]
    RestoreBackup(backup::RestoreBackup),
    /// Go back to what a workspace was, and decide about work that was under way then.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Restore),
    /// Show the event log.
    Log(Log),
    /// Show an entity as it was at a position of the log, or as it is.
    #[command(after_help = history::STATE_EXAMPLES)]
    State(history::State),
    /// Show what changed between two positions of the log.
    #[command(after_help = history::DIFF_EXAMPLES)]
    Diff(history::Diff),
    /// Show why something happened, back to the first cause, and what came of it.
    #[command(after_help = history::WHY_EXAMPLES)]
    Why(history::Why),
    /// Draw when what was done, by whom it was waited for, and for how long.
    Timeline(history::Timeline),
    /// Search what was said in a workspace: documents, notes, titles, questions, answers, names.
    #[command(after_help = search::EXAMPLES)]
    Search(search::Search),
    /// Show how far the read models, which are made of the log, know it; make them anew.
    ReadModels(search::ReadModels),
    /// Write a piece of the timeline to a file, to be looked at on another machine: kernelos replay --incident.
    #[command(after_help = incident::EXAMPLES)]
    Incident(incident::Incident),
    /// Replay a workspace from its first event; with --verify, compare everything that is stored.
    Replay(Replay),
    /// Look at this machine's set-up, and say what is wrong and how to mend it.
    Doctor(Doctor),
    /// Print a script that completes the program's arguments in a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(completions::Completions),
}

/// Run the embedded host.
#[derive(Debug, clap::Args)]
pub struct Dev {
    /// The loopback port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 7117)]
    pub port: u16,
    /// How many effects of one workspace are performed at once.
    #[arg(long, default_value_t = 16)]
    pub effects: usize,
    /// Run this command when a person is waited for; what waits stands on its standard input.
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
    /// Keep workspaces on this libSQL server instead of in files: https://host or http://host:port.
    #[arg(long, env = "KERNELOS_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// What opens that server: env:NAME or vault:NAME. The token itself is never an argument.
    #[arg(
        long,
        env = "KERNELOS_DATABASE_TOKEN_REF",
        hide_env_values = true,
        value_name = "REF",
        requires = "database"
    )]
    pub database_token: Option<String>,
    /// A range of addresses that are not public, if that server is at one of them: 10.1.0.0/16. May be repeated.
    #[arg(long, value_name = "RANGE", requires = "database")]
    pub database_private: Vec<String>,
}

/// Ask an agent.
#[derive(Debug, clap::Args)]
pub struct Ask {
    /// The question.
    pub question: String,
    /// Go on with this task.
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Where the provider is reached, up to and including its version: https://host/v1.
    #[arg(long, env = "KERNELOS_BASE_URL", hide_env_values = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// The provider's name of the model.
    #[arg(long, env = "KERNELOS_MODEL", hide_env_values = true, value_name = "NAME")]
    pub model: Option<String>,
    /// Where the key is: env:NAME or vault:NAME. The key itself is never an argument.
    #[arg(long, env = "KERNELOS_KEY_REF", hide_env_values = true, value_name = "REF")]
    pub key_ref: Option<String>,
    /// The provider's wire dialect.
    #[arg(long, default_value = "openai-chat", value_name = "NAME")]
    pub dialect: String,
    /// What the agent is told before the conversation.
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// Most tokens the answer may have.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,
    /// The workspace; the only one there is, or a new one named home, when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Print the task as JSON instead of the answer.
    #[arg(long)]
    pub json: bool,
    /// Give up waiting after this many seconds; the work goes on when a host runs.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub wait: u64,
}

/// Show the event log.
#[derive(Debug, clap::Args)]
pub struct Log {
    /// The workspace; the only one there is when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Show events after this position.
    #[arg(long, default_value_t = 0, value_name = "POS")]
    pub after: u64,
    /// Show the log as it ended at this position. With --limit and without --after, the last that many before it.
    #[arg(long, value_name = "POS", conflicts_with = "follow")]
    pub at: Option<u64>,
    /// Show at most this many.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Go on with what happens, until interrupted.
    #[arg(long)]
    pub follow: bool,
    /// One JSON object a line: the event as stored, its hash, and its content opened.
    #[arg(long)]
    pub json: bool,
}

/// Replay a workspace.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// The workspace; all of them when absent.
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Compare every row, page, key and head with what the events lead to.
    #[arg(long)]
    pub verify: bool,
    /// Replay the piece of a timeline that `kernelos incident` wrote to this file; no workspace is needed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["workspace", "verify"])]
    pub incident: Option<PathBuf>,
    /// With what the file is opened; a passphrase is asked for otherwise.
    #[command(flatten)]
    pub opened: backup::Opened,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Look at this machine's set-up.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Go on with a workspace although the tail of its log was lost. What is stored now counts.
    #[arg(long, value_name = "WORKSPACE")]
    pub accept_lost_tail: Option<String>,
}

impl Args {
    /// Where the host is that they mean.
    pub fn place(&self) -> Place {
        Place { data: self.data.clone(), host: self.host.clone(), in_clear: self.host_in_clear }
    }
}

fn default_data() -> PathBuf {
    let home = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    home.unwrap_or_else(|| PathBuf::from(".")).join("kernelos")
}
