//! Events as they happen: each once, in order, whatever becomes of the connection in between.

use crate::host::{Shared, shared, tells_pieces};
use crate::room::Room;
use crate::routes::{description, is_problem};
use crate::scene::of_kind;
use crate::schema::objection;
use crate::support::aimock::Aimock;
use crate::support::stream::Stream;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// A workspace that is followed.
struct Story {
    host: Arc<Shared>,
    room: Room,
}

impl Story {
    fn begin() -> Self {
        let host = shared();
        let room = Room::new(host.client());
        Self { host, room }
    }

    fn follow(&self, path: &str, place: Option<u64>) -> Stream {
        Stream::open(self.host.address(), self.host.token(), &self.room.path(path), place, "")
    }

    fn write(&mut self, title: &str) -> u64 {
        self.room.one("task.create", &json!({"title": title}));
        self.room.end()
    }

    fn listed(&mut self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let page = self.room.get(&format!("/events?after={}&limit=16", all.len()));
            let events = page["events"].as_array().unwrap();
            if events.is_empty() {
                return all;
            }
            all.extend(events.iter().cloned());
        }
    }
}

#[track_caller]
fn is_the_log(seen: &[(u64, String)], log: &[Value], after: u64) {
    let positions: Vec<u64> = seen.iter().map(|(pos, _)| *pos).collect();
    assert_eq!(positions, (after + 1..=log.len() as u64).collect::<Vec<_>>());
    for (pos, data) in seen {
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), log[*pos as usize - 1], "event {pos}");
    }
}

#[test]
fn a_stream_tells_what_is_there_and_then_what_happens_as_it_is_described() {
    let mut story = Story::begin();
    story.write("before");
    let mut stream = story.follow("/events", None);
    let there = story.room.end();
    let mut seen = stream.events(there);
    for nth in 0..10 {
        let end = story.write(&format!("while it is followed {nth}"));
        seen.extend(stream.events(end));
    }
    is_the_log(&seen, &story.listed(), 0);
    let description = description(&mut story.room.client);
    let told =
        "/paths/~1v1~1workspaces~1{workspace}~1events/get/responses/200/content/text~1event-stream/schema/x-data";
    let schema = description.pointer(told).unwrap()["event"].clone();
    for (_, data) in &seen {
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(objection(&description, &schema, &event), None, "{event}");
    }
}

#[test]
fn whoever_comes_back_with_the_last_event_misses_nothing_and_gets_nothing_twice() {
    let mut story = Story::begin();
    let mut seen = Vec::new();
    for round in 0..6 {
        let place = seen.last().map(|(pos, _): &(u64, String)| *pos);
        let mut stream = story.follow("/events", place);
        for nth in 0..3 {
            story.write(&format!("{round}.{nth}"));
        }
        // Some of it only: the rest is told to the next stream.
        seen.extend(stream.events(place.unwrap_or_default() + 2).into_iter().take(2));
    }
    let place = seen.last().map(|(pos, _)| *pos);
    let end = story.room.end();
    seen.extend(story.follow("/events", place).events(end));
    is_the_log(&seen, &story.listed(), 0);
}

#[test]
fn a_stream_begins_after_the_place_it_is_asked_for_and_the_header_stands_above_the_query() {
    let mut story = Story::begin();
    let end = (0..6).map(|nth| story.write(&format!("{nth}"))).last().unwrap();
    let log = story.listed();
    is_the_log(&story.follow("/events?after=3", None).events(end), &log, 3);
    is_the_log(&story.follow("/events?after=3", Some(5)).events(end), &log, 5);
    let mut at_the_end = story.follow("/events", Some(end));
    let next = story.write("the next");
    assert_eq!(at_the_end.events(next).first().unwrap().0, end + 1);
}

#[test]
fn a_place_that_is_none_gets_a_problem_and_no_stream() {
    let mut story = Story::begin();
    let (path, end) = (story.room.path("/events"), story.room.end());
    let description = description(&mut story.room.client);
    for place in ["nonsense".to_owned(), "-1".to_owned(), (end + 1).to_string(), "9007199254740992".to_owned()] {
        let headers = [("accept", "text/event-stream"), ("last-event-id", place.as_str())];
        let answer = story.room.client.send("GET", &path, &headers, b"").unwrap();
        is_problem(&description, &answer, "invalid_argument");
    }
    let stream = [("accept", "text/event-stream")];
    let answer = story.room.client.send("GET", &format!("{path}?limit=3"), &stream, b"").unwrap();
    is_problem(&description, &answer, "invalid_argument");
}

#[test]
fn what_a_model_says_is_told_while_it_comes_and_never_again() {
    let (mut story, models) = (Story::begin(), Aimock::hesitant());
    let agent = story.room.agent(&models.base_url());
    let before = story.room.end();
    let mut stream = story.follow("/events", Some(before));
    let made = story.room.make("task.ask", &json!({"agent": agent, "prompt": "What is KernelOS?"}));
    let (mut pieces, mut settled) = (Vec::new(), false);
    while !settled {
        let message = stream.message().expect("the stream ended");
        let told: Value = serde_json::from_str(&message.data).unwrap();
        settled = told["event"]["type"] == "step.settled";
        if message.name == "delta" {
            assert_eq!((&told["task"], &told["effect"]), (&json!(made[0]), &json!(of_kind(&made, "effect"))), "{told}");
            pieces.push(told["text"].as_str().unwrap().to_owned());
        }
    }
    let task = story.room.get(&format!("/tasks/{}", made[0]));
    let mut answer = task["steps"][0]["answer"].as_str().unwrap();
    assert_eq!(pieces.len() >= 2, tells_pieces(), "it was told in {} pieces", pieces.len());
    for piece in &pieces {
        // Whoever does not keep up misses pieces; those that come are in order.
        let rest = answer.split_once(piece.as_str());
        answer = rest.unwrap_or_else(|| panic!("{piece:?} is not next in {answer:?}")).1;
    }
    let end = story.room.end();
    let mut later = story.follow("/events", Some(before));
    while let Some(message) = later.message() {
        assert_eq!(message.name, "event", "what was said is not said again");
        if message.id == end.to_string() {
            break;
        }
    }
}

#[test]
fn many_follow_and_each_is_told_everything() {
    const FOLLOWERS: usize = 24;
    let mut story = Story::begin();
    let mut streams: Vec<Stream> = (0..FOLLOWERS).map(|_| story.follow("/events", None)).collect();
    let end = (0..20).map(|nth| story.write(&format!("{nth}"))).last().unwrap();
    let log = story.listed();
    for stream in &mut streams {
        is_the_log(&stream.events(end), &log, 0);
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_may_read_later() {
    let mut story = Story::begin();
    let provider = story.room.provider("http://127.0.0.1:1/v1");
    let (mut slow, mut quick) = (story.follow("/events", None), story.follow("/events", None));
    for nth in 0..24 {
        // Large, and nothing that a runtime would do: instructions of agents that nobody asks.
        let instructions = format!("{nth} {}", "x".repeat(500_000));
        let agent = json!({"name": format!("agent {nth}"), "provider": provider, "instructions": instructions});
        story.room.make("agent.define", &agent);
        let end = story.room.end();
        assert_eq!(quick.events(end).last().unwrap().0, end, "who reads is held up by who does not");
    }
    let log = story.listed();
    is_the_log(&slow.events(log.len() as u64), &log, 0);
}

#[test]
fn a_stream_in_which_nothing_happens_has_a_heartbeat() {
    let mut story = Story::begin();
    let interval = description(&mut story.room.client)["x-limits"]["heartbeat_ms"]["most"].as_u64().unwrap();
    let end = story.room.end();
    let mut connection = BufReader::new(TcpStream::connect(story.host.address()).unwrap());
    // Three in a row that do not come are a broken connection to every client.
    connection.get_mut().set_read_timeout(Some(Duration::from_millis(3 * interval))).unwrap();
    let head = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\
         last-event-id: {end}\r\n\r\n",
        story.room.path("/events"),
        story.host.address(),
        story.host.token()
    );
    connection.get_mut().write_all(head.as_bytes()).unwrap();
    let (mut line, mut beats) = (String::new(), 0);
    while beats < 2 {
        line.clear();
        assert!(connection.read_line(&mut line).expect("no heartbeat came") > 0, "the stream ended");
        beats += usize::from(line.starts_with(": "));
    }
    // It is still the same stream. Other connections were silent for so long that a host may have closed them.
    story.room.client = story.host.client();
    let next = story.write("after the silence");
    while !line.contains(&format!("id: {next}")) {
        line.clear();
        assert!(connection.read_line(&mut line).expect("the event did not come") > 0, "the stream ended");
    }
}
