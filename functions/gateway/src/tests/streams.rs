//! Events as a stream: what is there, what happens, and what becomes of clients that are slow, come back, or go.

use super::host::{Host, WORKSPACE, json as body, problem, request};
use super::live::{Live, Pulse};
use super::reads::event;
use super::schema::objection;
use crate::{Body, Chunks, Feed, openapi};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use http::{Request, Response};
use kernel::id::{CommandId, DeviceId, Id, Role};
use ports::{LiveChannel as _, LiveDelta, SequencingError};
use serde_json::{Value, json};
use std::rc::Rc;

const PATH: &str = "/v1/workspaces/{workspace}/events";

/// A host with a log of `count` events, and what its streams are fed from.
struct Story {
    host: Rc<Host>,
    live: Rc<Live>,
    pulse: Rc<Pulse>,
}

impl Story {
    fn of(count: u64) -> Self {
        Self::over(Host { log: (1..=count).map(stored).collect::<Vec<_>>().into(), ..Host::new() })
    }

    fn over(host: Host) -> Self {
        Self { host: Rc::new(host), live: Rc::default(), pulse: Rc::default() }
    }

    fn happens(&self, pos: u64) {
        self.host.log.borrow_mut().push(stored(pos));
        self.host.grown.notify_waiters();
    }

    fn says(&self, text: &str) {
        self.live.publish(WORKSPACE, delta(text));
    }

    async fn asks(&self, request: Request<Bytes>) -> Response<Body> {
        let (sequencing, live, timer) = (self.host.clone(), self.live.clone(), self.pulse.clone());
        self.host.handle(request, &Feed { sequencing, live, timer }).await
    }

    async fn follow(&self, query: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let request = request("GET", &format!("/v1/workspaces/{WORKSPACE}/events{query}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.asks(request.header("accept", "text/event-stream").body(Bytes::new()).unwrap()).await
    }

    async fn after(&self, pos: u64) -> Reader {
        let query = format!("?after={pos}");
        Reader { chunks: chunks(self.follow(&query, &[]).await) }
    }

    async fn refused(&self, query: &str, headers: &[(&str, &str)]) -> (u16, String, Value) {
        let response = self.follow(query, headers).await.map(|body| match body {
            Body::Whole(body) => body,
            Body::Stream(_) => panic!("{query} {headers:?} is answered with a stream"),
        });
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let (status, code) = problem(&response);
        (status, code, body(&response)["detail"].clone())
    }
}

fn chunks(response: Response<Body>) -> Chunks {
    assert_eq!(response.status(), 200);
    match response.into_body() {
        Body::Stream(chunks) => chunks,
        Body::Whole(body) => panic!("{body:?} is no stream"),
    }
}

fn stored(pos: u64) -> ports::sequencing::EventView {
    event(pos, &format!("{{\"pos\": {pos}}}"))
}

fn delta(text: &str) -> LiveDelta {
    let id = |role| Id::new(CommandId { device: DeviceId([3; 16]), incarnation: 0, counter: 4 }, role);
    LiveDelta { effect: id(Role::Effect), task: id(Role::Task), text: text.to_owned() }
}

/// A client that reads when the test says so.
struct Reader {
    chunks: Chunks,
}

impl Reader {
    /// The next chunk; fails when there is none yet.
    fn text(&mut self) -> String {
        let chunk = self.chunks.next().now_or_never().expect("nothing comes").expect("the stream is over");
        String::from_utf8(chunk.to_vec()).unwrap()
    }

    /// The messages of the next chunk.
    fn told(&mut self) -> Vec<Message> {
        messages(&self.text())
    }

    fn is_quiet(&mut self) -> bool {
        self.chunks.next().now_or_never().is_none()
    }

    fn is_over(&mut self) -> bool {
        self.chunks.next().now_or_never().is_some_and(|chunk| chunk.is_none())
    }
}

#[derive(Debug, PartialEq)]
struct Message {
    id: Option<u64>,
    name: String,
    data: Value,
}

/// The messages in `text`, each held against the published description.
fn messages(text: &str) -> Vec<Message> {
    let description = openapi();
    let described = &description["paths"][PATH]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"];
    let blocks = text.split("\n\n").filter(|block| block.contains("data: "));
    let message = |block: &str| {
        let field = |name: &str| block.lines().filter_map(move |line| line.strip_prefix(name)).collect::<Vec<_>>();
        let name = field("event: ").concat();
        let data = serde_json::from_str(&field("data: ").join("\n")).unwrap();
        let schema = &described["x-data"][&name];
        assert_eq!(objection(&description, schema, &data), None, "{block}");
        Message { id: field("id: ").first().map(|id| id.parse().unwrap()), name, data }
    };
    blocks.map(message).collect()
}

fn ids(messages: &[Message]) -> Vec<u64> {
    messages.iter().filter_map(|message| message.id).collect()
}

#[tokio::test]
async fn what_is_there_comes_first_and_then_what_happens() {
    let story = Story::of(3);
    let response = story.follow("?after=1", &[]).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        ["content-type", "cache-control", "x-accel-buffering"].map(header),
        ["text/event-stream", "no-store", "no"]
    );
    let mut reader = Reader { chunks: chunks(response) };
    let first = reader.text();
    assert!(first.starts_with("retry: 1000\n\nid: 2\nevent: event\ndata: {"), "{first}");
    assert_eq!(ids(&messages(&first)), [2, 3]);
    assert!(reader.is_quiet());
    story.happens(4);
    story.happens(5);
    assert_eq!(ids(&reader.told()), [4, 5]);
    assert!(reader.is_quiet());
    story.happens(6);
    assert_eq!(ids(&reader.told()), [6]);
}

#[tokio::test]
async fn a_stream_tells_the_very_objects_of_the_list() {
    let odd = "{\"v\":1,\n \"z\":18446744073709551615,\r\n\"a\":\"\\u00e9\"}";
    let story = Story::over(Host { log: vec![stored(1), event(2, odd)].into(), ..Host::new() });
    let list = body(&story.host.get(&format!("/v1/workspaces/{WORKSPACE}/events")).await);
    let mut reader = story.after(0).await;
    let text = reader.text();
    assert!(text.contains("18446744073709551615") && text.contains("\\u00e9"), "{text}");
    let told = messages(&text);
    assert_eq!(json!(told.iter().map(|it| it.data.clone()).collect::<Vec<_>>()), list["events"]);
    let raw =
        String::from_utf8(story.host.get(&format!("/v1/workspaces/{WORKSPACE}/events")).await.into_body().to_vec());
    let line = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert!(raw.unwrap().contains(line), "{line} is not in the list byte by byte");
}

#[tokio::test]
async fn who_comes_back_gets_what_followed_and_nothing_twice() {
    let story = Story::of(200);
    for place in 0..=200 {
        let headers = [("last-event-id", &*place.to_string())];
        // A browser that comes back repeats the query it began with.
        let response = story.follow("?after=3", &headers).await;
        let mut reader = Reader { chunks: chunks(response) };
        let mut all = ids(&reader.told());
        while all.last().is_some_and(|last| *last < 200) {
            all.extend(ids(&reader.told()));
        }
        assert_eq!(all, (place + 1..=200).collect::<Vec<_>>());
        assert!(reader.is_quiet());
    }
}

#[tokio::test]
async fn a_place_that_is_none_is_a_problem() {
    let story = Story::of(3);
    let wrong = |code: &str| (422, code.to_owned());
    for value in ["", "x", "-1", "1.0", "0x2", "99999999999999999999", "9007199254740992", " 1 2"] {
        let (status, code, detail) = story.refused("", &[("last-event-id", value)]).await;
        assert_eq!((status, code), wrong("invalid_argument"), "{value}");
        assert_eq!(detail, "last-event-id must be a whole number from 0 to 9007199254740991");
    }
    let (status, code, detail) = story.refused("", &[("last-event-id", "4")]).await;
    assert_eq!((status, code), wrong("invalid_argument"));
    assert_eq!(detail, "the log ends at position 3; there is nothing after 4 to go on from");
    for (query, headers) in [
        ("?after=4", &[][..]),
        ("?limit=3", &[]),
        ("?afte=1", &[]),
        ("", &[("last-event-id", "1"), ("last-event-id", "1")]),
    ] {
        let (status, code, _) = story.refused(query, headers).await;
        assert_eq!((status, code), wrong("invalid_argument"), "{query} {headers:?}");
    }
    let nowhere = Story::over(Host::failing(SequencingError::NoWorkspace));
    assert_eq!(nowhere.refused("", &[]).await.0, 404);
    assert_eq!(story.live.watched(), 0, "who is refused leaves nothing behind");
}

#[tokio::test]
async fn a_stream_is_for_those_who_name_it() {
    let story = Story::of(1);
    for (accept, streams) in [
        ("text/event-stream", true),
        ("Text/Event-Stream; charset=utf-8", true),
        ("application/json;q=0.5, text/event-stream", true),
        ("text/event-stream;q=0.1", true),
        ("text/event-stream;q=0", false),
        ("text/event-stream; q=0.000", false),
        ("*/*", false),
        ("text/*", false),
        ("application/json", false),
        ("", false),
    ] {
        let path = format!("/v1/workspaces/{WORKSPACE}/events");
        let asked = request("GET", &path).header("accept", accept).body(Bytes::new()).unwrap();
        assert_eq!(matches!(story.asks(asked).await.body(), Body::Stream(_)), streams, "{accept}");
        let other = request("GET", "/health").header("accept", accept).body(Bytes::new()).unwrap();
        assert!(matches!(story.asks(other).await.body(), Body::Whole(_)), "only the log is a stream");
    }
    let stranger = Request::get(format!("/v1/workspaces/{WORKSPACE}/events")).header("accept", "text/event-stream");
    let refused = story.asks(stranger.body(Bytes::new()).unwrap()).await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn a_heart_beats_every_fifteen_seconds_whatever_else_is_said() {
    let story = Story::of(1);
    let mut reader = story.after(1).await;
    assert_eq!(reader.text(), "retry: 1000\n\n");
    assert!(reader.is_quiet());
    for beat in 1..=3 {
        story.pulse.beat();
        assert_eq!(reader.text(), ": heartbeat\n\n");
        story.happens(1 + beat);
        assert_eq!(ids(&reader.told()), [1 + beat]);
        assert!(reader.is_quiet());
    }
    assert_eq!(*story.pulse.asked.borrow(), [15_000; 4], "what is said between does not set the time back");
}

#[tokio::test]
async fn what_is_being_said_has_no_place_and_is_said_once() {
    let story = Story::of(1);
    let mut reader = story.after(0).await;
    assert_eq!(ids(&reader.told()), [1]);
    story.says("Sun");
    story.says("ny");
    story.happens(2);
    story.says(".");
    let told = reader.told();
    let names: Vec<&str> = told.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names, ["delta", "delta", "delta", "event"], "what was said goes before what is recorded");
    assert_eq!(told[0].data["text"], "Sun");
    assert_eq!((told[0].id, told[3].id), (None, Some(2)));
    assert!(reader.is_quiet());
    story.says("late");
    assert_eq!(reader.told()[0].data["text"], "late");

    let mut again = story.after(0).await;
    assert_eq!(ids(&again.told()), [1, 2]);
    assert!(again.is_quiet(), "nothing that was said before is said again");
}

#[tokio::test]
async fn no_event_waits_for_talk_that_never_ceases() {
    let story = Story::of(1);
    let mut reader = story.after(1).await;
    reader.text();
    for pos in 2..50 {
        (0..1000).for_each(|_| story.says("and"));
        story.happens(pos);
        let told = reader.told();
        assert_eq!((told.len(), ids(&told)), (65, vec![pos]));
        // The executor lets a task that never waits have only so much.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_has_nothing_read_for_it() {
    let story = Story::of(1000);
    let mut reader = story.after(0).await;
    let reads = || story.host.asked.borrow().len();
    assert_eq!(reads(), 1, "the first page is read before the answer begins");
    (1001..2000).for_each(|pos| story.happens(pos));
    assert_eq!(reads(), 1);
    let mut all = Vec::new();
    for chunk in 1..=32 {
        all.extend(ids(&reader.told()));
        assert!(reads() <= chunk, "something was read ahead");
    }
    assert_eq!(all, (1..2000).collect::<Vec<_>>());
    assert!(reader.is_quiet());
}

#[tokio::test]
async fn large_events_come_one_by_one_and_are_not_read_in_vain() {
    let large = |pos| event(pos, &format!("{{\"pos\":{pos},\"text\":\"{}\"}}", "x".repeat(300_000)));
    let story = Story::over(Host { log: (1..=100).map(large).collect::<Vec<_>>().into(), ..Host::new() });
    let mut reader = story.after(0).await;
    for pos in 1..=100 {
        let text = reader.text();
        assert_eq!(ids(&messages(&text)), [pos]);
        assert!(text.len() < 310_000);
    }
    let asked = story.host.asked.borrow();
    let read: usize = asked.iter().map(|asked| asked.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    assert!(read < 300, "{read} events were asked for: {asked:?}");
}

#[tokio::test]
async fn a_stream_ends_when_the_host_stops() {
    let story = Story::of(1);
    let (mut idle, mut behind) = (story.after(1).await, story.after(0).await);
    assert_eq!(idle.text(), "retry: 1000\n\n");
    assert!(idle.is_quiet());
    story.live.close();
    assert!(idle.is_over());
    assert_eq!(ids(&behind.told()), [1], "what was read already is handed on");
    assert!(behind.is_over());
}

#[tokio::test]
async fn a_log_that_cannot_be_read_on_ends_the_stream_and_who_comes_back_is_told() {
    let story = Story::over(Host { log: vec![stored(1), stored(2), event(3, "{\"v\":")].into(), ..Host::new() });
    let mut reader = story.after(0).await;
    assert_eq!(ids(&reader.told()), [1, 2], "what is good is handed on");
    assert!(reader.is_over());
    let (status, code, detail) = story.refused("", &[("last-event-id", "2")]).await;
    assert_eq!((status, code.as_str(), detail.as_str()), (500, "damaged", Some("event 3 is not JSON")));
}

#[tokio::test]
async fn a_client_that_goes_leaves_nothing_behind() {
    let story = Story::of(1);
    let mut reader = story.after(0).await;
    reader.told();
    assert!(reader.is_quiet() && story.live.watched() == 1 && Rc::strong_count(&story.host) > 1);
    drop(reader);
    assert_eq!((story.live.watched(), Rc::strong_count(&story.host), Rc::strong_count(&story.pulse)), (0, 1, 1));
}
