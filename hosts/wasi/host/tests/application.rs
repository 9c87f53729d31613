//! The application as it ships: the very files of the manifest, over a file of libSQL.
#![cfg(test)]

mod support;

use kernelos_wasi_host::Host;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

/// Files of compiled components, with their bytes. What only counts uses is left out.
fn compiled(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![data.join("compiled/modules")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none() {
                files.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn what_was_compiled_is_used_again_and_what_was_cut_or_altered_is_compiled_again() {
    let data = tempfile::tempdir().unwrap();
    let start = || drop(Host::start(application(data.path())).unwrap());
    start();
    let made = compiled(data.path());
    assert_eq!(made.len(), 5, "one for each component");
    let written = |path: &PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
    let times: Vec<_> = made.keys().map(written).collect();
    start();
    assert_eq!(made.keys().map(written).collect::<Vec<_>>(), times, "something was compiled again");

    let [cut, altered, whole, ..] = made.keys().collect::<Vec<_>>()[..] else { panic!("{:?}", made.keys()) };
    std::fs::write(cut, &made[cut][..made[cut].len() / 2]).unwrap();
    let mut bytes = made[altered].clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(altered, &bytes).unwrap();
    let before = written(whole);
    start();
    assert!(compiled(data.path()) == made, "what is there is not what was compiled");
    assert_eq!(written(whole), before, "what nobody touched was compiled again");

    std::fs::write(data.path().join("compiled/sums.json"), b"{").unwrap();
    start();
    assert!(compiled(data.path()) == made, "nothing is believed without its sum");
}

#[test]
fn workspaces_that_are_made_at_once_in_an_empty_directory_take_commands_as_soon_as_they_are_made() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(application(data.path())).unwrap();
    // The clock begins meanwhile, too, and whoever comes first makes the tables.
    let begin = |nth: usize| {
        let client = client(&host);
        let made = client.send("POST", "/v1/workspaces", Some(&format!("w{nth}")), r#"{"name":"desk"}"#).unwrap();
        assert_eq!(made.status, 201, "{made:?}");
        let workspace = made.json()["id"].as_str().unwrap().to_owned();
        let defined = client.define(&workspace, "k", "first").unwrap();
        assert_eq!(defined.json()["outcomes"][0]["status"], "accepted", "{defined:?}");
        assert_eq!(client.events(&workspace).first().unwrap()["event"]["pos"], 1);
    };
    std::thread::scope(|scope| {
        for nth in 0..16 {
            let begin = &begin;
            scope.spawn(move || begin(nth));
        }
    });
}
