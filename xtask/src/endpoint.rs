//! The local test endpoint: a third-party program that speaks the wire formats of model providers and answers from a file
//! of fixtures. It lets a newcomer see the whole path without an account.

use crate::failure::Failure;
use crate::process::program;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const PROGRAM: &str = "tests/peers/node_modules/@copilotkit/aimock/dist/cli.js";
/// It is ready in a fifth of a second; a machine under load gets a hundred times that.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A running endpoint; it ends when this is dropped.
pub struct Endpoint {
    process: Child,
    base_url: String,
}

impl Endpoint {
    /// Starts it with the answers in `fixtures`, on a port the system chooses, and waits until it says where it listens.
    pub fn start(fixtures: &str) -> Result<Self, Failure> {
        let arguments = [PROGRAM, "--port", "0", "--fixtures", fixtures, "--validate-on-load"];
        let mut process = program("node", &arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::environment(format!("cannot start the test endpoint: {error}")))?;
        let stdout = process.stdout.take();
        // From here on the child ends with this value, also when waiting fails.
        let mut endpoint = Self { process, base_url: String::new() };
        let address = stdout.and_then(wait_for_address);
        let address = address.ok_or_else(|| Failure::check("the test endpoint did not say where it listens"))?;
        endpoint.base_url = format!("{address}/v1");
        Ok(endpoint)
    }

    /// What a client takes as its base URL.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Both fail only when it has ended already, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Reads on a thread of its own, for two reasons: waiting can end by time, and the pipe is drained as long as the
/// endpoint writes, so it never blocks on its own log.
fn wait_for_address(stdout: ChildStdout) -> Option<String> {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                // The receiver is gone once it has what it waited for; later lines are only drained.
                drop(found.send(address.to_owned()));
            }
        }
    });
    address.recv_timeout(READY_WITHIN).ok()
}

fn address_in(line: &str) -> Option<&str> {
    line.split_once("listening on ").map(|(_, address)| address.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_that_announces_it() {
        let line = "[aimock] aimock server listening on http://127.0.0.1:36713";
        assert_eq!(address_in(line), Some("http://127.0.0.1:36713"));
        assert_eq!(address_in("[aimock] Loaded 3 fixture(s)"), None);
    }
}
