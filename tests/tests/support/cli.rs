//! The program, run as a person runs it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program over one data directory.
#[derive(Debug, Clone)]
pub struct Cli {
    data: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Cli {
    /// Over `data`.
    pub fn over(data: &Path) -> Self {
        Self { data: data.to_owned(), environment: Vec::new() }
    }

    /// With `name` set to `value` in its environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Run it to the end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Run it to the end with `input` on its standard input.
    pub fn told(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Start it, its standard error to be read.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Start it, everything it says to be read.
    pub fn listen(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What is set on the machine of whoever runs the tests does not reach the program.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kernelos-under-test"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KERNELOS_")) {
            command.env_remove(name);
        }
        command.arg("--data").arg(&self.data).args(arguments).envs(self.environment.clone());
        command
    }
}
