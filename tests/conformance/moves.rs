//! A workspace goes from one host to another while it waits for a timer and for a person, and goes on there.

use crate::host::Place;
use crate::portability::File;
use crate::program::Program;
use crate::room::{Room, wait_for};
use crate::scene::{of_kind, workflow};
use kernelos_tests::hosts::Running;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};

/// What the program says of a move, in order; it may say nothing of waiting.
pub const SAYS: [&str; 4] = ["frozen: ", "transferred: ", "confirmed: ", "adopted: "];

/// Move the workspace, and kill the program when it said so much of it. Says whether it came that far.
fn killed(program: &Program, arguments: &[&str], said: &str) -> bool {
    let mut child = program.listen(arguments);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let came = lines.any(|line| line.starts_with(said));
    child.kill().unwrap();
    child.wait().unwrap();
    came
}

fn run(room: &mut Room, tasks: &Value) -> String {
    let workflow = room.one("workflow.define", &json!({"source": workflow(tasks)}));
    of_kind(&room.make("run.start", &json!({"workflow": workflow, "input": {}})), "task")
}

/// The workspace of `room` left `host`, which says where to.
pub fn gone(host: &Running, room: &Room, to: &str) {
    let mut old = Room::at(host.client(), &room.id);
    assert_eq!(old.get("")["moving"]["to"], to);
    let refused = old.send("task.create", &json!({"title": "here"}));
    assert_eq!((refused.status, refused.text("/code").as_str()), (410, "workspace_moved"), "{}", refused.json());
    assert!(refused.text("/detail").contains(to), "{}", refused.json());
}

#[test]
fn what_waits_for_a_timer_and_for_a_person_goes_on_where_it_was_moved_to_and_the_move_is_killed_at_every_step() {
    // There and back and there again, between this kind of host and the native one.
    let places = [Place::new(), Place::native()];
    let hosts = places.each_ref().map(Place::start);
    let mut room = Room::new(hosts[0].client());
    let waits = run(&mut room, &json!([{"pause": {"wait": "PT2S"}}, {"say": {"set": {"waited": true}}}]));
    let asks = run(&mut room, &json!([{"sure": {"call": "ask", "with": {"question": "Go on?"}}}]));
    let approval = wait_for("an approval", || room.get("/approvals")["approvals"].get(0).cloned());
    for (nth, said) in SAYS.into_iter().enumerate() {
        let (from, to) = (&hosts[nth % 2], &hosts[(nth + 1) % 2]);
        let program = Program::of(from).moving_to(to);
        let (id, url) = (room.id.clone(), to.url());
        let arguments = ["workspace", "move", id.as_str(), "--to", url.as_str()];
        assert!(killed(&program, &arguments, said), "it did not say {said:?}");
        let moved = program.run(&arguments);
        assert_eq!((moved.code, moved.out.trim()), (0, url.as_str()), "{said:?}: {moved:?}");
        gone(from, &room, &url);
        room.client = to.client();
        let view = room.get("");
        assert_eq!(
            (&view["origin"]["held"], &view["origin"]["incarnation"]),
            (&json!(false), &json!(nth + 1)),
            "{view}"
        );
        assert!(view.get("moving").is_none(), "{view}");
    }
    let waited = room.get(&format!("/tasks/{waits}?wait=30000"));
    assert_eq!(waited["status"], "done", "{waited}");
    let decision = json!({
        "approval": approval["id"], "digest": approval["digest"], "decision": "answer", "value": "yes",
    });
    room.make("approval.decide", &decision);
    let asked = room.get(&format!("/tasks/{asks}?wait=30000"));
    assert_eq!(asked["status"], "done", "{asked}");
    for (host, place) in hosts.into_iter().zip(places) {
        host.stop().unwrap();
        place.verify();
    }
}

#[test]
fn what_was_frozen_stays_when_the_move_is_undone_and_nothing_of_it_is_left_there() {
    let places = [Place::new(), Place::new()];
    let hosts = places.each_ref().map(Place::start);
    let mut room = Room::new(hosts[0].client());
    room.one("task.create", &json!({"title": "one"}));
    let url = hosts[1].url();
    let program = Program::of(&hosts[0]).moving_to(&hosts[1]);
    let id = room.id.clone();
    let arguments = ["workspace", "move", id.as_str(), "--to", url.as_str(), "--undo"];
    room.make("workspace.freeze", &json!({"to": url}));
    // All of it came there, and nobody confirmed.
    File::of(&hosts[0], &id).take_in(&hosts[1]);
    let mut copy = Room::at(hosts[1].client(), &id);
    for name in ["workspace.unfreeze", "workspace.adopt"] {
        let refused = copy.send(name, &json!({}));
        assert_eq!(refused.status, 409, "{name}: {}", refused.json());
    }
    let undone = program.run(&arguments);
    assert_eq!(undone.code, 0, "{undone:?}");
    room.one("task.create", &json!({"title": "two"}));
    assert_eq!(hosts[1].client().get(&format!("/v1/workspaces/{id}")).unwrap().status, 404);
    let again = program.run(&arguments);
    assert_eq!(again.code, 0, "{again:?}");
    let moved = program.run(&arguments[..5]);
    assert_eq!(moved.code, 0, "{moved:?}");
    let too_late = program.run(&arguments);
    assert!(too_late.code == 1 && too_late.err.starts_with("error[workspace_moved]"), "{too_late:?}");
}
