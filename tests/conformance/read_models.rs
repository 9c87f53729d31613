//! Read models: what was said is found, models follow the log and say how far, and they are made anew while they answer.

use crate::host::Place;
use crate::room::{Room, wait_for};
use crate::routes::{description, is_problem};
use serde_json::{Value, json};

impl Room {
    /// What is found of a query, once the models know all that was committed.
    fn search(&mut self, query: &str) -> Vec<Value> {
        let end = self.end();
        let found = self.ask_search(&json!({ "query": query }), end);
        assert!(found["as_of"].as_u64().unwrap() >= end, "{found}");
        found["hits"].as_array().unwrap().clone()
    }

    fn ask_search(&mut self, body: &Value, wait_for: u64) -> Value {
        let path = self.path(&format!("/search?wait_for={wait_for}"));
        let answer = self.client.post(&path, "", body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }

    fn titled(&mut self, titles: &[&str]) -> Vec<String> {
        titles.iter().map(|title| self.one("task.create", &json!({ "title": title }))).collect()
    }

    /// How the models stand, once they know all that was committed.
    fn stand(&mut self) -> Value {
        let end = self.end();
        self.get(&format!("/read-models?wait_for={end}"))
    }
}

fn ids(hits: &[Value]) -> Vec<&str> {
    hits.iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

#[test]
fn what_was_said_is_found_by_words_phrases_and_beginnings() {
    let mut room = Room::shared();
    let tasks = room.titled(&["The invoice of last month", "An invoice was charged twice", "Crème brûlée"]);
    assert_eq!(ids(&room.search("CREME")), [&tasks[2]]);
    assert_eq!(ids(&room.search("\"last month\"")), [&tasks[0]]);
    assert_eq!(ids(&room.search("invoi* -twice")), [&tasks[0]]);
    assert_eq!(room.search("invoice kind:note"), Vec::<Value>::new());
    let hit = room.search("charged").remove(0);
    assert_eq!((&hit["kind"], &hit["title"]), (&json!("task"), &json!("An invoice was charged twice")));
    assert!(hit["snippet"].as_array().unwrap().contains(&json!({"text": "charged", "found": true})), "{hit}");
    let first = room.ask_search(&json!({"query": "invoice", "limit": 1}), 0);
    assert_eq!((first["hits"].as_array().unwrap().len(), &first["next"]), (1, &json!(1)));
    let refused = room.client.post(&room.path("/search"), "", br#"{"query": "in*"}"#).unwrap();
    is_problem(&description(&mut room.client), &refused, "invalid_argument");
}

#[test]
fn what_a_destroyed_key_took_with_it_and_what_a_restore_left_is_not_found() {
    let mut room = Room::shared();
    let tasks = room.titled(&["a pear to keep", "a pear to forget"]);
    assert_eq!(room.search("pear").len(), 2);
    room.send("key.destroy", &json!({ "subject": format!("task/{}", tasks[1]) }));
    assert_eq!(ids(&room.search("pear")), [&tasks[0]]);
    let pos = room.end();
    let left = room.titled(&["a pear by mistake"]);
    assert_eq!(room.search("mistake").len(), 1);
    room.make("branch.restore", &json!({ "pos": pos }));
    let after = room.titled(&["another pear"]);
    let found = wait_for("the line that main went back to", || {
        let found = room.search("pear");
        (!ids(&found).contains(&left[0].as_str())).then_some(found)
    });
    let mut found = ids(&found);
    found.sort_unstable();
    let mut wanted = [tasks[0].as_str(), after[0].as_str()];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[test]
fn models_say_how_far_they_know_the_log_and_are_made_anew_while_they_answer() {
    let mut room = Room::shared();
    let tasks = room.titled(&["one", "two", "three"]);
    let stand = room.stand();
    assert_eq!((&stand["lag"], &stand["as_of"]), (&json!(0), &stand["end"]));
    let listed = room.get("/read-models/tasks/open");
    let titles: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["three", "two", "one"]);
    let told = room.get(&format!("/read-models/timeline/{}", tasks[0]));
    assert_eq!(told["entries"][0]["event"], "task.created");
    let anew = room.client.post(&room.path("/read-models/rebuild"), "", b"{}").unwrap();
    assert_eq!(anew.status, 202, "{}", anew.json());
    assert_eq!(room.search("two").len(), 1);
    let stand = wait_for("the models to be made", || Some(room.stand()).filter(|it| it["state"] == "current"));
    assert_eq!(stand["lag"], 0);
    assert_eq!(room.get("/read-models/tasks/open")["entries"], listed["entries"]);
    let unknown = room.client.get(&room.path("/read-models/weather")).unwrap();
    is_problem(&description(&mut room.client), &unknown, "not_found");
}

#[test]
fn a_host_that_is_killed_while_it_makes_models_goes_on_with_them() {
    let place = Place::new();
    let mut host = place.start();
    let mut room = Room::new(host.client());
    for nth in 0..6 {
        let task = |one: usize| json!({"type": "task.create", "data": {"title": format!("melon {nth} of {one}")}});
        let commands: Vec<Value> = (0..64).map(task).collect();
        room.batch(&format!("melons-{nth}"), &json!({ "commands": commands }).to_string());
        let id = room.id.clone();
        host.kill();
        host = place.start();
        room = Room::at(host.client(), &id);
        let last = room.search(&format!("\"melon {nth} of 63\""));
        assert_eq!(last.len(), 1, "round {nth}");
    }
    let found = room.ask_search(&json!({"query": "melon", "skip": 380}), 0);
    assert_eq!((found["hits"].as_array().unwrap().len(), &found["next"]), (4, &Value::Null));
    host.stop().unwrap();
    place.verify();
}
