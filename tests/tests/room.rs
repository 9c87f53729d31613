//! A person looks how much room a workspace takes, makes some, and finds everything as it was.

#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::cli::{Cli, Said};
use support::desk::Desk;
use support::host::Place;
use support::peer::Peer;

fn read(said: &Said) -> Value {
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"))
}

#[test]
fn a_person_sees_what_takes_the_room_and_makes_some() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::start(1));
    let place = Place::new(dir.path(), 4);
    let host = place.start();
    let mut client = host.client();
    let desk = Desk::begin(&mut client, &peer.base_url());
    for nth in 0..6 {
        let task = |n: usize| json!({"type": "task.create", "data": {"title": format!("task {nth}.{n}")}});
        let commands: Vec<Value> = (0..64).map(task).collect();
        let body = json!({ "commands": commands }).to_string();
        let answer = client.post(&desk.path("/commands"), &format!("many-{nth}"), body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    let cli = host.program();
    let before = read(&cli.run(&["workspace", "space", "--json"]));
    assert_eq!((&before["room"], &before["packed_to"]), (&json!("enough"), &json!(0)), "{before}");
    let log = cli.run(&["log", "--limit", "1000", "--json"]).out;
    let said = cli.run(&["compact"]);
    assert!(said.code == 0 && said.out.contains("packed into") && said.out.contains("events up to"), "{said:?}");
    let said = cli.run(&["compact"]);
    assert!(said.out.starts_with("nothing to pack"), "{said:?}");
    let after = read(&cli.run(&["workspace", "space", "--json"]));
    let part = |space: &Value, name: &str| space["parts"][name].as_u64().unwrap();
    assert!(part(&after, "log") + part(&after, "segments") < part(&before, "log") / 2, "{before} {after}");
    let shown = cli.run(&["workspace", "space"]);
    assert!(shown.code == 0 && shown.out.contains("packed events") && shown.out.contains('%'), "{shown:?}");
    assert!(cli.run(&["log", "--limit", "1000", "--json"]).out == log && log.len() > 100_000, "nobody notices");
    drop(client);
    host.kill();
    let verified = Cli::over(dir.path()).run(&["replay", "--verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
