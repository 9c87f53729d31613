//! The third-party database server that speaks what libSQL servers speak.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server over a file; it is killed when this is dropped.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Start one over `file`.
    pub fn over(file: &Path) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/node_modules/turso/package.json");
        assert!(program.exists(), "the database server is not installed; run: cargo xtask setup");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let mut process = Command::new(binary())
            .arg(file)
            .args(["--sync-server", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert_eq!(process.try_wait().unwrap(), None, "the database server ended at once");
            assert!(begun.elapsed() < Duration::from_secs(30), "the database server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { process, url: format!("http://{address}") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server itself, without the script around it, so that killing it kills it.
fn binary() -> PathBuf {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/node_modules/@tursodatabase");
    let here = std::fs::read_dir(&packages).unwrap().next().expect("one package for this platform").unwrap().path();
    let name = if cfg!(windows) { "tursodb.exe" } else { "tursodb" };
    here.join(name)
}
