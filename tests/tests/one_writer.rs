//! A workspace has one writer, however many requests open it at once.

#![cfg(test)]

use kernelos::host::{Config, Host};
use kernelos_tests::crash::Client;
use ports::Store as _;
use store_libsql::LibsqlStore;
use testkit::block_on;

/// As after a restart, when every client that waited comes back at once and the runtimes begin, too.
#[test]
fn requests_that_open_a_workspace_at_once_are_all_answered_and_it_is_claimed_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(dir.path());
    let host = Host::start(&config).unwrap();
    let made = Client::new(host.address(), host.token()).post("/v1/workspaces", "w", br#"{"name":"w"}"#).unwrap();
    let (id, restarts) = (made.text("/id"), 5);
    drop(host);
    for _ in 0..restarts {
        let host = Host::start(&config).unwrap();
        let (path, address, token) = (format!("/v1/workspaces/{id}/commands"), host.address(), host.token());
        std::thread::scope(|scope| {
            for nth in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let body = br#"{"commands":[{"type":"task.create","data":{"title":"one"}}]}"#;
                    let answer = Client::new(address, token).post(path, &format!("key-{nth}"), body).unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.json());
                });
            }
        });
        drop(host);
    }
    let store = LibsqlStore::open(&dir.path().join("workspaces")).unwrap();
    assert_eq!(block_on(store.head(&id)).unwrap().epoch, 1 + restarts);
}
