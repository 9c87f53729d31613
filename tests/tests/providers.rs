//! A provider is called before it is defined: what works is reported, and what does not says what to do.

#![cfg(test)]

mod support;

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use support::aimock::verifiable;
use support::cli::{Cli, Said};

fn connect(cli: &Cli, base_url: &str, model: &str, more: &[&str]) -> Said {
    cli.run(&[&["provider", "connect", "--base-url", base_url, "--model", model], more].concat())
}

/// What was said on stderr when it failed: without the line that says who is asked, addresses made the same.
fn complaint(said: &Said, base_url: &str) -> String {
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    let lines = said.err.lines().filter(|line| !line.starts_with("asking ") && !line.starts_with("made workspace"));
    lines.collect::<Vec<_>>().join("\n").replace(base_url, "BASE")
}

fn events(cli: &Cli, name: &str) -> usize {
    cli.run(&["log"]).out.lines().filter(|line| line.contains(name)).count()
}

#[test]
fn a_provider_that_works_is_connected_once_and_its_report_says_what_it_can() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), verifiable());
    let cli = Cli::over(&dir.path().join("data")).with("THE_KEY", "sk-0123456789abcdef");
    let prices = ["--name", "large", "--key-ref", "env:THE_KEY", "--input-price", "2.50", "--output-price", "10"];
    let said = connect(&cli, &peer.base_url(), "test-model", &prices);
    assert_eq!(said.code, 0, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], format!("large is connected: test-model at {}", peer.base_url()));
    assert!(lines[1].starts_with("  answers      in ") && lines[1].contains(" ms"), "{said:?}");
    assert_eq!(lines[2..], ["  streaming    works", "  tools        works", "  JSON schema  works"], "{said:?}");

    let listed = cli.run(&["provider", "list"]);
    let words: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["NAME", "MODEL", "ADDRESS", "KEY", "IN/MTOK", "OUT/MTOK", "STATE"]);
    let address = peer.base_url();
    assert_eq!(words[1], ["large", "test-model", &address, "env:THE_KEY", "2.50", "10.00", "current"]);
    let whole: Value = serde_json::from_str(&cli.run(&["provider", "list", "--json"]).out).unwrap();
    assert_eq!(whole["providers"][0]["input_micros_per_mtok"], 2_500_000);

    assert_eq!(connect(&cli, &peer.base_url(), "test-model", &prices).code, 0);
    assert_eq!(events(&cli, "provider.defined"), 1, "what is so already is not defined again");
    let other = [&prices[..4], &["--input-price", "3"]].concat();
    assert_eq!(connect(&cli, &peer.base_url(), "test-model", &other).code, 0);
    assert_eq!(connect(&cli, &peer.base_url(), "test-model", &prices).code, 0);
    let whole: Value = serde_json::from_str(&cli.run(&["provider", "list", "--json"]).out).unwrap();
    let current: Vec<&Value> =
        whole["providers"].as_array().unwrap().iter().filter(|it| it["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["output_micros_per_mtok"], 10_000_000, "what was connected last is what counts");

    let tested = cli.run(&["provider", "test"]);
    assert!(tested.code == 0 && tested.out.starts_with("large works\n"), "{tested:?}");
    let log = cli.run(&["log", "--json"]);
    assert!(!log.out.contains("Answer with the single word"), "nothing of a verification is recorded");
    for said in [&said, &listed, &tested, &log] {
        assert!(!said.out.contains("0123456789abcdef") && !said.err.contains("0123456789abcdef"), "{said:?}");
    }
}

#[test]
fn what_a_model_does_not_do_is_no_failure_and_is_said() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), verifiable());
    let cli = Cli::over(&dir.path().join("data"));
    let said = connect(&cli, &peer.base_url(), "plain", &["--json"]);
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let found = &told["verification"];
    assert_eq!(
        (&found["tools"], &found["schema"], &found["streams"]),
        (&"ignored".into(), &"ignored".into(), &true.into())
    );
    assert!(told["provider"].as_str().is_some_and(|id| id.ends_with(".provider")), "{told}");
}

#[test]
fn what_does_not_work_says_what_happened_and_what_to_do_and_connects_nothing() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), verifiable());
    let cli = Cli::over(&dir.path().join("data")).with("WRONG_KEY", "sk-wrong-0123456789");
    let base = peer.base_url();

    let said = connect(&cli, &base, "locked", &["--key-ref", "env:WRONG_KEY"]);
    assert_eq!(
        complaint(&said, &base),
        "error[provider_auth]: BASE: it refuses the key of env:WRONG_KEY (HTTP 401 (authentication_error, \
         invalid_api_key): Incorrect API key provided). Nothing was connected.\n\n\
         hint: Set it where the host runs: export WRONG_KEY=… A host that runs already has the environment it was \
         started with: restart kernelos dev, or keep the key in the vault with kernelos provider key set NAME."
    );
    let said = connect(&cli, &base, "test-model", &["--key-ref", "vault:nobody"]);
    assert_eq!(
        complaint(&said, &base),
        "error[provider_auth]: BASE: there is no key at vault:nobody (there is no secret vault:nobody). Nothing was \
         connected.\n\nhint: Put the right key there: kernelos provider key set nobody"
    );
    let told = complaint(&connect(&cli, &base, "test-modle", &[]), &base);
    assert!(told.starts_with("error[provider_invalid]: BASE: it knows no model test-modle (HTTP 404"), "{told}");
    assert!(told.ends_with("\n\nhint: Name one that it lists with --model: test-model, locked, plain"), "{told}");

    let closed = format!("http://{}/v1", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let told = complaint(&connect(&cli, &closed, "m", &[]), &closed);
    assert!(
        told.starts_with("error[provider_unavailable]: BASE: nobody answers there (could not connect to "),
        "{told}"
    );
    assert!(
        told.ends_with("\n\nhint: Is the server running? Start it, and check host and port in --base-url."),
        "{told}"
    );

    let page = format!("http://{}/v1", login_page());
    assert_eq!(
        complaint(&connect(&cli, &page, "m", &[]), &page),
        "error[provider_protocol]: BASE: what answers does not speak openai-chat (the answer is not whole JSON (line 1)). \
         Nothing was connected.\n\n\
         hint: Check that --base-url ends where the API's paths begin, as in https://host/v1. A login page or a proxy may \
         answer in its place."
    );
    let clear = "http://192.0.2.7/v1";
    let told = complaint(&connect(&cli, clear, "m", &[]), clear);
    assert!(told.starts_with("error[provider_invalid]: BASE: it is reached in clear ("), "{told}");
    assert!(
        told.ends_with("\n\nhint: Use https://. If the network in between is yours alone: --allow-plain-http"),
        "{told}"
    );
    let named = "https://nobody.invalid/v1";
    let told = complaint(&connect(&cli, named, "m", &[]), named);
    assert!(told.starts_with("error[provider_unavailable]: BASE: its host name means no address ("), "{told}");

    let key = connect(&cli, &base, "test-model", &["--key-ref", "sk-0123456789"]);
    assert!(
        key.code == 2 && key.err.contains("--key-ref says where the key is") && !key.err.contains("sk-"),
        "{key:?}"
    );
    assert_eq!(events(&cli, "provider.defined"), 0);
    let unseen = connect(&cli, &closed, "m", &["--no-verify"]);
    assert!(unseen.code == 0 && unseen.out.contains("it was not called"), "{unseen:?}");
    assert_eq!(events(&cli, "provider.defined"), 1);
    let tested = cli.run(&["provider", "test"]);
    assert!(tested.code == 1 && !tested.err.contains("Nothing was connected"), "{tested:?}");
}

/// A server that answers every request with a page for people.
fn login_page() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 1 << 14];
            let _ = stream.read(&mut request);
            let page = "<!doctype html><title>Sign in</title>";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: ";
            let _ = stream.write_all(format!("{head}{}\r\n\r\n{page}", page.len()).as_bytes());
        }
    });
    address
}

#[test]
fn a_key_goes_into_the_vault_unseen_and_is_found_there() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), support::peer::Peer::start(1));
    let cli = Cli::over(&dir.path().join("data"));
    let kept = cli.told(&["provider", "key", "set", "mine"], "sk-kept-0123456789\n");
    assert!(kept.code == 0 && kept.out.is_empty() && kept.err.contains("--key-ref vault:mine"), "{kept:?}");
    assert!(!kept.err.contains("0123456789"), "{kept:?}");
    let said = connect(&cli, &peer.base_url(), "m", &["--key-ref", "vault:mine"]);
    assert_eq!(said.code, 0, "{said:?}");
    let sent: Vec<String> = peer.calls().into_iter().map(|call| call.authorization).collect();
    assert_eq!(sent, ["Bearer sk-kept-0123456789"; 3], "line ends are no part of a key");
    let keys: std::collections::BTreeSet<String> = peer.calls().into_iter().map(|call| call.key).collect();
    assert_eq!(keys.len(), 3, "each question is meant anew");
    assert!(said.out.contains("  streaming    no: "), "{said:?}");

    for (arguments, input, code) in [
        (["provider", "key", "set", "mine"], "", 2),
        (["provider", "key", "set", "mine"], "two words", 2),
        (["provider", "key", "set", "sk/key"], "x", 2),
        (["provider", "key", "remove", "mine"], "", 0),
        (["provider", "key", "remove", "mine"], "", 1),
    ] {
        let said = cli.told(&arguments, input);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
    }
    assert_eq!(cli.run(&["provider", "test"]).code, 1);
}
