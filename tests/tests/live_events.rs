//! Events as they happen, over HTTP and on the command line: every client sees every event once and in order, whatever
//! becomes of its connections, and a client that does not read harms nobody but itself.

#![cfg(test)]

mod support;

use kernel::id::WorkspaceId;
use kernelos::host::{Config, HOST_FILE, Host};
use kernelos_tests::crash::Client;
use ports::LiveDelta;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use support::cli::Cli;
use support::desk::{Desk, accepted};
use support::stream::Stream;

/// A host that performs nothing, with an empty desk.
struct Story {
    dir: tempfile::TempDir,
    host: Host,
    client: Client,
    desk: Desk,
}

impl Story {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = start(dir.path());
        let mut client = Client::new(host.address(), host.token());
        let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
        Self { dir, host, client, desk }
    }

    fn follow(&self, place: Option<u64>) -> Stream {
        Stream::open(self.host.address(), self.host.token(), &self.desk.path("/events"), place, "")
    }

    fn make(&mut self, title: &str) {
        let data = json!({ "title": title });
        accepted(
            &self
                .client
                .command(&self.desk.id, &format!("make {title}").replace(' ', "-"), "task.create", &data)
                .unwrap(),
        );
    }

    /// A question with much text, nobody answers it.
    fn ask(&mut self, nth: usize) {
        let data = json!({ "agent": self.desk.agent, "prompt": "x".repeat(500_000) });
        accepted(&self.client.command(&self.desk.id, &format!("ask-{nth}"), "task.ask", &data).unwrap());
    }

    fn end(&mut self) -> u64 {
        self.desk.describe(&mut self.client)["pos"].as_u64().unwrap()
    }

    /// The whole log, as the list tells it.
    fn list(&mut self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let page =
                self.client.get(&self.desk.path(&format!("/events?after={}&limit=20", all.len()))).unwrap().json();
            let events = page["events"].as_array().unwrap();
            all.extend(events.iter().cloned());
            if events.is_empty() {
                return all;
            }
        }
    }

    fn workspace(&self) -> WorkspaceId {
        self.desk.id.parse().unwrap()
    }
}

/// A host over `data` that others find.
fn start(data: &Path) -> Host {
    let host = Host::start(&Config { effects_max: 0, ..Config::new(data) }).unwrap();
    std::fs::write(data.join(HOST_FILE), json!({ "address": host.address().to_string() }).to_string()).unwrap();
    host
}

#[track_caller]
fn is_the_log(seen: &[(u64, String)], log: &[Value]) {
    let positions: Vec<u64> = seen.iter().map(|(pos, _)| *pos).collect();
    assert_eq!(positions, (1..=log.len() as u64).collect::<Vec<_>>());
    for ((pos, data), listed) in seen.iter().zip(log) {
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), *listed, "event {pos}");
    }
}

/// Follow from the beginning to `until`, over a new connection every `each` events.
fn in_pieces(address: std::net::SocketAddr, token: &str, path: &str, until: u64, each: usize) -> Vec<(u64, String)> {
    let mut seen: Vec<(u64, String)> = Vec::new();
    while seen.len() < until as usize {
        let place = seen.last().map(|(pos, _)| *pos);
        let mut stream = Stream::open(address, token, path, place, "");
        let there = place.unwrap_or_default() + each as u64;
        seen.extend(stream.events(there.min(until)).into_iter().take(each));
    }
    seen
}

#[test]
fn every_client_sees_every_event_once_and_in_order_also_one_that_comes_back() {
    const EVENTS: u64 = 200;
    let mut story = Story::begin();
    let (address, token, path) = (story.host.address(), story.host.token().to_owned(), story.desk.path("/events"));
    let never_reads = story.follow(None);
    let clients: Vec<_> = [None, None, Some(20)]
        .into_iter()
        .map(|each| {
            let (token, path) = (token.clone(), path.clone());
            std::thread::spawn(move || match each {
                None => Stream::open(address, &token, &path, None, "").events(EVENTS),
                Some(each) => in_pieces(address, &token, &path, EVENTS, each),
            })
        })
        .collect();
    let mut made = 0;
    while story.end() < EVENTS {
        made += 1;
        story.make(&format!("task {made}"));
    }
    let log = story.list();
    for client in clients {
        is_the_log(&client.join().unwrap(), &log[..EVENTS as usize]);
    }
    drop(never_reads);
}

#[test]
fn a_client_that_does_not_read_holds_up_neither_the_host_nor_others_and_may_read_later() {
    let mut story = Story::begin();
    let (mut slow, mut quick) = (story.follow(None), story.follow(None));
    let begun = Instant::now();
    for nth in 0..40 {
        story.ask(nth);
        // The piece of an answer is dropped for who is behind, and heard by who keeps up.
        let end = story.end();
        let seen = quick.events(end);
        assert_eq!(seen.last().unwrap().0, end);
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let (log, end) = (story.list(), story.end());
    is_the_log(&slow.events(end), &log);
    let stopping = Instant::now();
    let _blocked = story.follow(None);
    drop(story.host);
    assert!(stopping.elapsed() < Duration::from_secs(5), "a client that does not read kept the host from stopping");
}

#[test]
fn a_request_behind_a_stream_keeps_nobody_from_being_served() {
    let mut story = Story::begin();
    (0..6).for_each(|nth| story.ask(nth));
    let behind = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", story.host.address());
    let (token, path) = (story.host.token().to_owned(), story.desk.path("/events"));
    let mut stream = Stream::open(story.host.address(), &token, &path, None, &behind);
    let log = story.list();
    is_the_log(&stream.events(log.len() as u64), &log);
}

#[test]
fn pieces_of_answers_are_heard_by_who_listens_and_never_again() {
    let mut story = Story::begin();
    let id = "1c5h8a9xk2m4p7r0t3v6w9y2b4.10.15.";
    let delta = |text: &str| LiveDelta {
        effect: format!("{id}effect").parse().unwrap(),
        task: format!("{id}task").parse().unwrap(),
        text: text.to_owned(),
    };
    let end = story.end();
    let mut listener = story.follow(Some(end));
    story.host.say(story.workspace(), delta("Sun"));
    story.host.say(WorkspaceId([1; 16]), delta("elsewhere"));
    story.host.say(story.workspace(), delta("ny"));
    for piece in ["Sun", "ny"] {
        let message = listener.message().unwrap();
        let told: Value = serde_json::from_str(&message.data).unwrap();
        assert_eq!((message.name.as_str(), message.id.as_str()), ("delta", ""));
        assert_eq!(told, json!({ "effect": format!("{id}effect"), "task": format!("{id}task"), "text": piece }));
    }
    let mut later = story.follow(Some(end));
    story.make("after it");
    assert_eq!(later.message().unwrap().name, "event", "what was said is not said again");
    assert_eq!(listener.message().unwrap().name, "event");
}

#[test]
fn a_host_that_stops_ends_its_streams() {
    let mut story = Story::begin();
    let end = story.end();
    let mut idle = story.follow(Some(end));
    story.make("the last");
    assert_eq!(idle.events(story.end()).first().unwrap().0, end + 1);
    let stopping = Instant::now();
    drop(story.host);
    assert!(stopping.elapsed() < Duration::from_secs(1), "{:?}", stopping.elapsed());
    assert_eq!(idle.message(), None);
}

#[test]
fn a_place_that_is_none_gets_a_problem_and_not_a_stream() {
    let mut story = Story::begin();
    let (path, end) = (story.desk.path("/events"), story.end());
    for (place, status, code) in
        [("nonsense".to_owned(), 422, "invalid_argument"), ((end + 1).to_string(), 422, "invalid_argument")]
    {
        let headers = [("accept", "text/event-stream"), ("last-event-id", place.as_str())];
        let answer = story.client.send("GET", &path, &headers, b"").unwrap();
        assert_eq!((answer.status, answer.text("/code").as_str()), (status, code), "{place}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    // Who was just told of a position may go on from it.
    for nth in 0..50 {
        let data = json!({ "title": "x" });
        let answer = story.client.command(&story.desk.id, &format!("t-{nth}"), "task.create", &data).unwrap().json();
        let outcome = &answer["outcomes"][0];
        let last = outcome["pos"].as_u64().unwrap() + outcome["events"].as_u64().unwrap() - 1;
        drop(story.follow(Some(last)));
    }
}

#[test]
fn the_command_line_follows_a_log_across_a_restart_of_the_host_and_says_so_when_it_is_gone() {
    let mut story = Story::begin();
    let cli = Cli::over(story.dir.path());
    let mut process = cli.listen(&["log", "--follow", "--json", "--after", "1"]);
    let (tell, told) = mpsc::channel();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let reading = std::thread::spawn(move || lines.for_each(|line| drop(tell.send(line))));
    let heard = |count: usize| -> Vec<Value> {
        let line = || told.recv_timeout(Duration::from_secs(30)).expect("nothing more was told");
        (0..count).map(|_| serde_json::from_str(&line()).unwrap()).collect()
    };
    let before = story.list();
    assert_eq!(heard(before.len() - 1), before[1..]);
    story.make("while it follows");
    let now = story.list();
    assert_eq!(heard(now.len() - before.len()), now[before.len()..]);

    drop(story.host);
    story.host = start(story.dir.path());
    story.client = Client::new(story.host.address(), story.host.token());
    story.make("by the next host");
    let after = story.list();
    assert_eq!(heard(after.len() - now.len()), after[now.len()..]);
    let short = cli.run(&["log", "--follow", "--after", "2", "--limit", "2"]);
    assert_eq!((short.code, short.out.lines().count()), (0, 2), "{short:?}");

    drop(story.host);
    assert_eq!(process.wait().unwrap().code(), Some(1));
    reading.join().unwrap();
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let hint = format!("kernelos log --follow --after {}", after.len());
    assert!(said.contains("error[host_unreachable]") && said.contains(&hint), "{said}");
}
