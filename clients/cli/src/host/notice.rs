//! Notices by a command: what waits for a person is written to its standard input, as one JSON object.

use async_trait::async_trait;
use kernel::id::{Id, WorkspaceId};
use ports::Notices;
use ports::sequencing::Notice;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long the command may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Gives notice by a command of this host's owner. Without one, what waits is only in the lists.
pub struct Hook {
    command: Option<String>,
}

impl Hook {
    /// By `command`, which a shell runs.
    pub fn new(command: Option<String>) -> Self {
        Self { command }
    }
}

#[async_trait(?Send)]
impl Notices for Hook {
    async fn give(&self, workspace: WorkspaceId, task: Id, notice: &Notice) -> Result<(), String> {
        let Some(command) = self.command.clone() else { return Ok(()) };
        let message = json!({ "workspace": workspace, "task": task, "notice": notice });
        let (done, outcome) = oneshot::channel();
        // The command may take its time: a thread of its own waits for it.
        std::thread::Builder::new()
            .name("notice".to_owned())
            .spawn(move || drop(done.send(run(&command, &message))))
            .map_err(|why| why.to_string())?;
        outcome.await.map_err(|_| "the notice was given up".to_owned())?
    }
}

fn run(command: &str, message: &Value) -> Result<(), String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut child = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| format!("the command for notices cannot be started: {why}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read what it is told is no failure.
        let _ = writeln!(stdin, "{message}");
    }
    let until = Instant::now() + WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("the command for notices ended with {status}")),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the command for notices took longer than {} s", WITHIN.as_secs()));
            }
            Err(why) => return Err(why.to_string()),
        }
    }
}
