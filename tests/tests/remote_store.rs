//! The suite for the storage port over a database server, spoken to over HTTP.
//!
//! The server is a third party's, which takes single statements only: exactly what the store says. What another server
//! does beyond that (streams, its own replication) is not shown here.
#![cfg(test)]

mod support;

use async_trait::async_trait;
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use kernel::storage::Address;
use kernelos::host::{Config, Database, Host};
use kernelos_tests::crash::Client;
use ports::{Egress, Secret, Sql as _, SqlValue, Store, Timer, Vault, VaultError};
use serde_json::json;
use sql_hrana::Hrana;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use store_sql::SqlStore;
use support::database::Server;
use support::desk::{Desk, accepted};
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

fn host(data: &Path, server: &Server) -> Host {
    let private = vec!["127.0.0.0/8".to_owned()];
    let database = Some(Database { url: server.url.clone(), token: None, private });
    Host::start(&Config { effects_max: 0, database, ..Config::new(data) }).unwrap()
}

/// What the log holds, as a client sees it.
fn events(host: &Host, workspace: &str) -> String {
    let mut client = Client::new(host.address(), host.token());
    client.get(&format!("/v1/workspaces/{workspace}/events")).unwrap().json().to_string()
}

#[test]
fn workspaces_on_a_database_server_are_there_when_another_host_starts() {
    let (dir, rows) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::over(&rows.path().join("all.db"));
    let first = host(dir.path(), &server);
    let mut client = Client::new(first.address(), first.token());
    let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
    let said = events(&first, &desk.id);
    drop(first);

    // Nothing of a workspace is in the data directory; what opens it is.
    let elsewhere = tempfile::tempdir().unwrap();
    copy(dir.path(), elsewhere.path());
    fs::remove_dir_all(elsewhere.path().join("workspaces")).unwrap();
    assert_eq!(events(&host(elsewhere.path(), &server), &desk.id), said);
}

#[test]
fn of_two_hosts_over_one_database_the_later_one_writes_and_the_other_says_so() {
    let (dir, rows) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::over(&rows.path().join("all.db"));
    let first = host(dir.path(), &server);
    let mut old = Client::new(first.address(), first.token());
    let desk = Desk::begin(&mut old, "http://127.0.0.1:1/v1");
    let twin = tempfile::tempdir().unwrap();
    copy(dir.path(), twin.path());
    let second = host(twin.path(), &server);
    let mut new = Client::new(second.address(), second.token());

    accepted(&new.command(&desk.id, "a", "task.create", &json!({"title": "by the second"})).unwrap());
    let refused = old.command(&desk.id, "b", "task.create", &json!({"title": "by the first"})).unwrap();
    assert_eq!((refused.status, refused.text("/code").as_str()), (503, "unavailable"));
    assert!(refused.text("/detail").contains("another host took over"), "{}", refused.text("/detail"));
    accepted(&new.command(&desk.id, "c", "task.create", &json!({"title": "by the second again"})).unwrap());
    assert!(!events(&second, &desk.id).contains("by the first"));
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
