//! The third-party endpoint that stands for a model provider.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = "peers/node_modules/@copilotkit/aimock/dist/cli.js";

/// An endpoint that does all that is asked when a provider is verified.
pub fn verifiable() -> Aimock {
    Aimock::with(&Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fixtures/verify.json"))
}

/// A running endpoint; it ends when this is dropped.
pub struct Aimock {
    process: Child,
    address: String,
}

impl Aimock {
    /// Start it with the answers that every newcomer gets.
    pub fn start() -> Self {
        Self::with(&Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fixtures/ask.json"))
    }

    /// The same, with answers that come in small pieces, one after the other.
    pub fn hesitant() -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fixtures/ask.json");
        Self::launch(&fixtures, &["--latency", "30", "--chunk-size", "12"])
    }

    /// Start it with the answers in the file `fixtures`.
    pub fn with(fixtures: &Path) -> Self {
        Self::launch(fixtures, &[])
    }

    fn launch(fixtures: &Path, more: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = here.join(PROGRAM);
        assert!(program.exists(), "the test endpoint is not installed; run: cargo xtask setup");
        let mut process = Command::new("node")
            .arg(program)
            .args(["--port", "0", "--validate-on-load", "--fixtures"])
            .arg(fixtures)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is not there; run: cargo xtask setup");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_owned()));
        // Whoever does not read what a program says makes it wait.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("the test endpoint did not say where it listens") }
    }

    /// What a client takes as its base URL.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.address)
    }

    /// Where it listens.
    pub fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        // Whoever reads why a call was refused wants to know this.
        if let Some(status) = self.process.try_wait().unwrap() {
            super::say::say(&format!("the test endpoint had ended before it was stopped: {status}"));
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
