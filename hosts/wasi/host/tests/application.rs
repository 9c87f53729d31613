//! The application as it ships: the very files of the manifest, over a file of libSQL.
#![cfg(test)]

mod support;

use kernelos_wasi_host::Host;
use support::{Client, application, send};

fn client(host: &Host) -> Client {
    Client { address: host.address(), token: host.token().to_owned() }
}

#[test]
fn a_workspace_is_made_commanded_and_read_and_is_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(application(data.path())).unwrap();
    let client_ = client(&host);
    assert_eq!(send(host.address(), "GET", "/health", &[], "").unwrap().json()["status"], "ok");
    let workspace = client_.workspace();
    let defined = client_.define(&workspace, "k1", "first").unwrap();
    assert_eq!(
        (defined.status, defined.json()["outcomes"][0]["status"].as_str()),
        (200, Some("accepted")),
        "{defined:?}"
    );
    let again = client_.define(&workspace, "k1", "first").unwrap();
    assert_eq!(again.body, defined.body);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let events = client_.events(&workspace);
    assert!(events.len() >= 2, "{events:?}");
    let other = client_.define(&workspace, "k1", "second").unwrap();
    assert_eq!(other.status, 409, "{other:?}");
    drop(host);

    let host = Host::start(application(data.path())).unwrap();
    let client_ = client(&host);
    assert_eq!(client_.events(&workspace), events);
    let listed = client_.send("GET", "/v1/workspaces", None, "").unwrap().json();
    assert_eq!(listed["workspaces"][0].as_str(), Some(workspace.as_str()));
}

#[test]
fn nobody_without_the_token_reads_or_ticks_and_no_component_is_reached_from_outside() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(application(data.path())).unwrap();
    for (method, path) in [("GET", "/v1/workspaces"), ("POST", "/v1/tick")] {
        let refused = send(host.address(), method, path, &[("authorization", "Bearer wrong")], "").unwrap();
        assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("unauthenticated")), "{path}");
    }
    let ticked = client(&host).send("POST", "/v1/tick", None, "").unwrap();
    assert_eq!((ticked.status, &ticked.json()["due"]), (200, &serde_json::json!(0)), "{ticked:?}");
    for path in ["/ask/w", "/workspaces", "/wake/w", "/call", "/verify"] {
        let refused = client(&host).send("POST", path, None, "{}").unwrap();
        assert_eq!((refused.status, refused.json()["code"].as_str()), (404, Some("unknown_route")), "{path}");
    }
}

#[test]
fn a_directory_that_is_in_use_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(application(data.path())).unwrap();
    let second = Host::start(application(data.path())).unwrap_err();
    assert!(second.to_string().contains("in use"), "{second}");
    drop(host);
    drop(Host::start(application(data.path())).unwrap());
}
