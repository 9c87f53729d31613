//! A person goes back to before a mistake, says what becomes of work that was under way, and undoes it.

#![cfg(test)]

mod support;

use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use support::cli::{Cli, Said};
use support::desk::{Desk, accepted};
use support::host::Place;
use support::peer::Peer;

/// Send one command; the position of its last event.
fn send(client: &mut Client, desk: &Desk, key: &str, name: &str, data: &Value) -> u64 {
    let answer = client.command(&desk.id, key, name, data).unwrap();
    accepted(&answer);
    let outcome = &answer.json()["outcomes"][0];
    outcome["pos"].as_u64().unwrap() + outcome["events"].as_u64().unwrap() - 1
}

fn failed(said: &Said, code: &str) {
    assert!(said.code == 1 && said.err.starts_with(&format!("error[{code}]: ")), "{code}: {said:?}");
    assert!(said.err.contains("\nhint: "), "{said:?}");
}

fn done(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

fn read(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"))
}

#[test]
fn a_person_goes_back_decides_what_was_under_way_and_undoes_it() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::start(1));
    let place = Place::new(dir.path(), 4);
    let host = place.start();
    let mut client = host.client();
    let desk = Desk::begin(&mut client, &peer.base_url());
    let cli = host.program();
    let ask = json!({"agent": desk.agent, "prompt": "a question"});
    let answer = client.command(&desk.id, "ask", "task.ask", &ask).unwrap();
    let task = accepted(&answer);
    let outcome = &answer.json()["outcomes"][0];
    let asked = outcome["pos"].as_u64().unwrap() + outcome["events"].as_u64().unwrap() - 1;
    let settled = client.get(&desk.path(&format!("/tasks/{task}?wait=30000"))).unwrap().json();
    assert_eq!(settled["steps"][0]["status"], "answered", "{settled}");
    let end = send(&mut client, &desk, "mistake", "task.create", &json!({"title": "a mistake"}));

    let at = asked.to_string();
    let preview = done(cli.run(&["restore", "--at", &at, "--preview"]));
    assert!(preview.out.contains("task") && preview.out.contains("undecided"), "{preview:?}");
    let preview = read(&done(cli.run(&["restore", "--at", &at, "--preview", "--json"])));
    assert_eq!((&preview["kinds"]["task"]["gone"], &preview["more"]), (&json!(1), &json!(false)), "{preview}");
    failed(&cli.run(&["restore", "--at", &(end + 1_000).to_string()]), "position_ahead");

    let went = read(&done(cli.run(&["restore", "--at", &at, "--json"])));
    assert_eq!((&went["line"], &went["held"]), (&json!("main@1"), &json!(true)), "{went}");
    let undo = went["undo"].as_u64().unwrap();
    assert!(undo >= end, "{went}");
    let shown = done(cli.run(&["workspace", "show"]));
    let restored = format!("restored  main@1 goes on as it was at event {at}; what was under way is held");
    assert!(shown.out.contains(&restored), "{shown:?}");
    let shown = read(&done(cli.run(&["task", "show", &task, "--json"])));
    assert_eq!(shown["steps"][0]["status"], "waiting", "{shown}");
    let listed = done(cli.run(&["restore", "list"]));
    assert!(listed.out.contains("undecided") && listed.err.contains("restore decide"), "{listed:?}");
    failed(&cli.run(&["restore", "release"]), "work_undecided");
    let item = read(&done(cli.run(&["restore", "list", "--json"])))["items"][0]["item"].as_str().unwrap().to_owned();
    let (_, short) = item.split_once('.').unwrap();
    done(cli.run(&["restore", "decide", "take", short]));
    failed(&cli.run(&["restore", "decide", "again", &item]), "already_decided");
    done(cli.run(&["restore", "release"]));
    let shown = read(&done(cli.run(&["task", "show", &task, "--json"])));
    for what in ["status", "answer"] {
        assert_eq!(shown["steps"][0][what], settled["steps"][0][what], "what was answered there is taken");
    }
    assert_eq!(peer.calls().len(), 1, "nobody was asked again");

    done(cli.run(&["restore", "--at", &undo.to_string()]));
    let tasks = done(cli.run(&["task", "list", "--json"]));
    assert!(tasks.out.contains("a mistake"), "{tasks:?}");
    host.kill();
    let verified = Cli::over(place.data()).run(&["replay", "--verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn what_is_let_be_done_again_goes_out_under_the_same_key_and_not_before_it_is_released() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::start(1));
    let place = Place::new(dir.path(), 4);
    let host = place.start();
    let mut client = host.client();
    let desk = Desk::begin(&mut client, &peer.base_url());
    let cli = host.program();
    let ask = json!({"agent": desk.agent, "prompt": "a question"});
    let answer = client.command(&desk.id, "ask", "task.ask", &ask).unwrap();
    let task = accepted(&answer);
    let outcome = &answer.json()["outcomes"][0];
    let asked = outcome["pos"].as_u64().unwrap() + outcome["events"].as_u64().unwrap() - 1;
    client.get(&desk.path(&format!("/tasks/{task}?wait=30000"))).unwrap();
    done(cli.run(&["restore", "--at", &asked.to_string()]));
    done(cli.run(&["restore", "decide", "again", "--all"]));
    // The host that performs is alive, and has nothing to perform.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(peer.calls().len(), 1);
    done(cli.run(&["restore", "release"]));
    let settled = client.get(&desk.path(&format!("/tasks/{task}?wait=30000"))).unwrap().json();
    assert_eq!(settled["steps"][0]["status"], "answered", "{settled}");
    let calls = peer.calls();
    assert_eq!((calls.len(), &calls[0].key), (2, &calls[1].key), "to the outside it is the same");
    host.kill();
}
