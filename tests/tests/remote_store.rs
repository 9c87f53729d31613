//! The suite for the storage port over a database server, spoken to over HTTP.
//!
//! The server is a third party's, which takes single statements only: exactly what the store says. What another server
//! does beyond that (streams, its own replication) is not shown here.
#![cfg(test)]

use async_trait::async_trait;
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use kernel::storage::Address;
use ports::{Egress, Secret, Sql as _, SqlValue, Store, Timer, Vault, VaultError};
use sql_hrana::Hrana;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use store_sql::SqlStore;
use testkit::store::{Subject, run};
use tokio::task::LocalSet;

struct Machine;

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

#[async_trait(?Send)]
impl Vault for Machine {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Unknown("no workspace".into()))
    }

    async fn secret(&self, _: &str) -> Result<Secret, VaultError> {
        Ok(Secret::new("a token"))
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        Ok(())
    }
}

fn egress() -> Rc<dyn Egress> {
    let (machine, dial) = (Rc::new(Machine), Rc::new(HttpDialler::new().unwrap()));
    Rc::new(Broker { resolver: Rc::new(SystemResolver), dial, vault: machine.clone(), timer: machine })
}

/// A running server over a file; it is killed when this is dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn over(file: &Path) -> Self {
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

struct Remote {
    dir: tempfile::TempDir,
    server: Option<Server>,
    sql: Rc<Hrana>,
    store: SqlStore,
}

fn reach(server: &Server) -> Rc<Hrana> {
    Rc::new(Hrana::new(egress(), &server.url, Some("env:DATABASE_TOKEN"), vec!["127.0.0.0/8".to_owned()]))
}

impl Remote {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::over(&dir.path().join("all.db"));
        let sql = reach(&server);
        let store = SqlStore::new(Rc::<Hrana>::clone(&sql));
        store.prepare().await.unwrap();
        Self { dir, server: Some(server), sql, store }
    }
}

#[async_trait(?Send)]
impl Subject for Remote {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn reopen(&mut self) -> Result<(), String> {
        // The old one is killed before the new one opens the file.
        self.server = None;
        let server = Server::over(&self.dir.path().join("all.db"));
        self.sql = reach(&server);
        self.server = Some(server);
        self.store = SqlStore::new(Rc::<Hrana>::clone(&self.sql));
        self.store.prepare().await.map_err(|why| why.to_string())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        let statement =
            "UPDATE rows SET value=CAST('!'||substr(value,2) AS BLOB) WHERE workspace=?1 AND space=?2 AND key=?3";
        let values = [workspace.into(), at.space.as_str().into(), at.key.as_str().into()];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        let statement = "UPDATE events SET body=CAST('!'||substr(body,2) AS BLOB) WHERE workspace=?1 AND pos=?2";
        let values = [workspace.into(), SqlValue::Integer(pos.try_into().unwrap())];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }
}

#[test]
fn a_store_on_a_database_server_conforms() {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = LocalSet::new().block_on(&executor, run(async || Remote::new().await));
    assert!(report.failed.is_empty(), "{report}");
}
