//! Whom components reach, and what they are told.
#![cfg(test)]

mod support;

use kernelos_wasi_host::{Config, Host, Limits};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use support::{Probes, component};

/// A peer that answers one request, and where it is.
fn peer() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npeer");
        }
    });
    address.to_string()
}

#[test]
fn a_component_reaches_whom_its_manifest_names_and_nobody_else() {
    let (named, other) = (peer(), peer());
    let allowed = format!("allowed_outbound_hosts = [\"http://{named}\", \"http://two.spin.internal\"]");
    let probes = Probes::start(&allowed, Limits::default());
    let reached = probes.ask("/fetch", &format!("http://{named}/x")).json();
    assert_eq!((&reached["status"], &reached["body"]), (&200.into(), &"peer".into()), "{reached}");
    for refused in [format!("http://{other}/"), format!("https://{named}/"), "http://one.spin.internal/".to_owned()] {
        let answer = probes.ask("/fetch", &refused).json();
        assert!(answer["error"].as_str().unwrap().contains("Denied"), "{refused}: {answer}");
    }
}

#[test]
fn siblings_call_one_another_within_the_process() {
    let allowed = "allowed_outbound_hosts = [\"http://two.spin.internal\", \"http://three.spin.internal\"]";
    let probes = Probes::start(allowed, Limits::default());
    let answer = probes.ask("/fetch", "http://two.spin.internal/hello").json();
    assert_eq!(answer["body"], "\"hello\"", "{answer}");
    let answer = probes.ask("/fetch", "http://three.spin.internal/hello").json();
    assert!(answer["error"].is_string(), "{answer}");
}

#[test]
fn components_that_call_one_another_without_end_are_stopped() {
    let allowed = "allowed_outbound_hosts = [\"http://one.spin.internal\"]";
    let probes = Probes::start(allowed, Limits { instances: 20, ..Limits::default() });
    let answer = probes.ask("/fetch", "http://one.spin.internal/fetch").json();
    assert_eq!(answer["status"], 200, "an empty question is no address: {answer}");
    assert_eq!(probes.ask("/hello", "").json(), "hello");
}

#[test]
fn a_component_is_told_its_own_variables_and_no_others() {
    let probes = Probes::start("[component.one.variables]\nown = \"{{ word }}!\"", Limits::default());
    assert_eq!(probes.ask("/variable", "own").json()["value"], "said!");
    assert!(probes.ask("/variable", "word").json()["error"].as_str().unwrap().contains("word"));
    assert!(probes.ask("/variable", "Not A Name").json()["error"].is_string());
}

#[test]
fn an_application_that_cannot_be_served_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let source = component("kernelos_wasi_probe.wasm");
    let begin = format!(
        "spin_manifest_version = 2\n[application]\nname = \"x\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n\
         [component.one]\nsource = {source:?}\n"
    );
    for (text, named) in [
        (format!("{begin}files = [\"x\"]"), "files"),
        (begin.replace(".wasm", ".no"), "cannot be served"),
        (format!("{begin}[component.one.variables]\na = \"{{{{ b }}}}\""), "the variable b"),
        (format!("{begin}allowed_outbound_hosts = [\"redis://x\"]"), "redis://x"),
        (format!("{begin}[variables]\nneeded = {{ required = true }}"), "SPIN_VARIABLE_NEEDED"),
        (begin.replace("/...", "/:id"), "/:id"),
        (
            format!("{begin}[[trigger.cron]]\ncomponent = \"one\"\ncron_expression = \"0 0 * * * *\""),
            "every so many seconds",
        ),
    ] {
        let path = folder.path().join("spin.toml");
        std::fs::write(&path, &text).unwrap();
        let why = Host::start(Config::new(path, folder.path().join("data"))).unwrap_err().to_string();
        assert!(why.contains(named), "{named}: {why}");
    }
}
