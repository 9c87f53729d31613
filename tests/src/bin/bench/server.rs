//! The host in a process of its own, so that its CPU can be told from the client's.

use kernelos::host::{Config, Host};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

/// The argument that makes this program a host.
pub const SERVE: &str = "--serve";

/// Be a host over `data` until killed.
pub fn serve(data: &str) -> ExitCode {
    match Host::start(&Config { effects_max: 16, ..Config::new(data) }) {
        Ok(host) => {
            println!("{} {}", host.address(), host.token());
            host.wait();
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// A host process; killed when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    pub token: String,
}

impl Server {
    pub fn start(data: &Path) -> Result<Self, String> {
        let this = std::env::current_exe().map_err(|why| why.to_string())?;
        let mut child = Command::new(this)
            .args([SERVE, &data.to_string_lossy()])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| why.to_string())?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("the host has no output")?;
        BufReader::new(out).read_line(&mut line).map_err(|why| why.to_string())?;
        let (address, token) = line.trim().split_once(' ').ok_or("the host did not start")?;
        Ok(Self { address: address.to_owned(), token: token.to_owned(), child })
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
