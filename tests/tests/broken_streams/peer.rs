//! A provider that does what a test says, and a call of it: router, broker, resolver and connections are the real ones.

use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use ports::egress::{EgressAnswer, EgressFailure};
use ports::provider::{
    FailureClass, Live, Message, ModelFailure, ModelRequest, ModelResponse, Models, ProviderEntry, Speaker,
};
use ports::{Codec, Egress, EgressPolicy, EgressRequest, Secret, Timer, Vault, VaultError};
use provider_openai::{ChatCompletions, DIALECT};
use provider_router::Router;
use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

pub const KEY: &str = "sk-secret-0123456789";
pub const AMPLE_MS: u64 = 30_000;
const SILENCE_MS: u64 = 150;

/// What the model says when nothing breaks.
pub const TRUTH: &str = "h\u{e9}llo \u{1f600}";

/// One thing that a provider does after it read the request; after the last one it hangs up.
#[derive(Clone)]
pub enum Act {
    Say(Vec<u8>),
    /// Byte by byte, each sent on its own.
    Spell(Vec<u8>),
    /// The same again and again, until the client hangs up.
    Repeat(Vec<u8>, Duration),
    /// Nothing, for a while.
    Pause(Duration),
    /// Nothing, until the client hangs up.
    Hang,
}

pub fn say(text: impl AsRef<[u8]>) -> Act {
    Act::Say(text.as_ref().to_vec())
}

/// A provider that answers one request and goes on listening, so that a second one would be noticed.
fn provider(acts: Vec<Act>) -> (String, JoinHandle<TcpListener>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        read_request(&mut stream);
        for act in acts {
            // The client may have heard enough.
            if perform(&mut stream, act).is_err() {
                break;
            }
        }
        listener
    });
    (url, thread)
}

fn perform(stream: &mut TcpStream, act: Act) -> std::io::Result<()> {
    match act {
        Act::Say(bytes) => stream.write_all(&bytes),
        Act::Spell(bytes) => bytes.chunks(1).try_for_each(|byte| stream.write_all(byte)),
        Act::Repeat(bytes, pause) => loop {
            stream.write_all(&bytes)?;
            std::thread::sleep(pause);
        },
        Act::Pause(pause) => {
            std::thread::sleep(pause);
            Ok(())
        }
        Act::Hang => stream.read(&mut [0]).map(drop),
    }
}

fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the request is cut");
        request.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length == Some(body.len()) {
            assert!(body.contains(r#""stream":true"#), "{body}");
            return;
        }
    }
}

struct Machine;

#[async_trait::async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn broker() -> Broker {
    let dial = Rc::new(HttpDialler::new().unwrap());
    Broker { resolver: Rc::new(SystemResolver), dial, vault: Rc::new(Machine), timer: Rc::new(Machine) }
}

/// The way out, which waits in silence for 150 ms only.
struct Impatient(Broker);

#[async_trait::async_trait(?Send)]
impl Egress for Impatient {
    async fn open(&self, policy: &EgressPolicy, request: EgressRequest) -> Result<EgressAnswer, EgressFailure> {
        self.0.open(&EgressPolicy { silence_ms: SILENCE_MS, ..policy.clone() }, request).await
    }
}

#[async_trait::async_trait(?Send)]
impl Vault for Machine {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Unknown("workspace".into()))
    }

    async fn secret(&self, _: &str) -> Result<Secret, VaultError> {
        Ok(Secret::new(KEY))
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        Ok(())
    }
}

#[derive(Default)]
struct Seen(RefCell<String>);

impl Live for Seen {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
}

/// How a call ended, and what was seen of it.
pub struct Ending {
    pub outcome: Result<ModelResponse, ModelFailure>,
    pub seen: String,
}

impl Ending {
    pub fn is_whole(&self) -> &ModelResponse {
        let response = self.outcome.as_ref().unwrap();
        assert_eq!((response.text.as_str(), self.seen.as_str()), (TRUTH, TRUTH));
        response
    }

    pub fn is(&self, class: FailureClass, retriable: bool, retry_after_ms: Option<u64>) -> &ModelFailure {
        let failure = self.outcome.as_ref().unwrap_err();
        assert_eq!(
            (failure.class, failure.retriable, failure.retry_after_ms),
            (class, retriable, retry_after_ms),
            "{failure:?}"
        );
        assert!(TRUTH.starts_with(&self.seen), "{:?} was seen", self.seen);
        assert!(!failure.detail.contains(KEY), "{}", failure.detail);
        failure
    }
}

pub fn call_at(base_url: &str, timeout_ms: u64) -> Ending {
    let entry = ProviderEntry {
        dialect: DIALECT.into(),
        base_url: base_url.into(),
        key_ref: Some("vault:one".into()),
        model: "m".into(),
        timeout_ms,
        allow_plain_http: false,
        private: Vec::new(),
    };
    let message = Message { speaker: Speaker::User, text: "hi".into(), calls: Vec::new(), call_id: None };
    let request =
        ModelRequest { model: "m".into(), messages: vec![message], tools: Vec::new(), max_tokens: None, schema: None };
    let seen = Seen::default();
    let codecs: [&dyn Codec; 1] = [&ChatCompletions];
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = executor.block_on(async {
        let router = Router { codecs: &codecs, vault: &Machine, egress: &Impatient(broker()) };
        router.call(&entry, "call-7", &request, &seen).await
    });
    Ending { outcome, seen: seen.0.into_inner() }
}

/// Call a provider that does `acts`, within `timeout_ms`; it must be called once.
pub fn call_within(timeout_ms: u64, acts: Vec<Act>) -> Ending {
    let (url, thread) = provider(acts);
    let ending = call_at(&url, timeout_ms);
    let listener = thread.join().unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the call was repeated");
    ending
}

pub fn call(acts: Vec<Act>) -> Ending {
    call_within(AMPLE_MS, acts)
}

/// A head after which the body goes on until the connection is closed, which also hides where it was cut.
pub const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
pub const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

pub const STOPS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub const COUNTS: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";

pub fn says(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// The first half of the truth.
pub fn half() -> String {
    says("h\u{e9}l")
}

/// The events of a whole answer.
pub fn events() -> [String; 6] {
    let comment = ": processing\n\n".to_owned();
    [comment, half(), says("lo \u{1f600}"), STOPS.into(), COUNTS.into(), DONE.into()]
}

pub fn answer(status: &str, headers: &str, body: &str) -> Vec<Act> {
    vec![say(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))]
}

/// `events` on the wire, each in a chunk of its own.
pub fn chunked(events: &[String]) -> String {
    let chunks: String = events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len())).collect();
    format!("{CHUNKED}{chunks}0\r\n\r\n")
}
