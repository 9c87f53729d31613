//! What the way to a provider adds to a direct call: the same answer of the same server on this machine, read by a
//! client that knows nothing but the length of what comes, and through the provider router with its codec.

use super::spread;
use super::upstream::{Script, Upstream};
use crate::report::{Report, Target, median};
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use ports::provider::{Live, Message, ModelRequest, Models as _, ProviderEntry, Speaker};
use ports::{Codec, Secret, Timer, Vault, VaultError};
use provider_openai::ChatCompletions;
use provider_router::Router;
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CALLS: usize = 1_500;
const WORDS: usize = 100;
const STREAMS: usize = 15;
const PAUSE: Duration = Duration::from_millis(3);

pub fn run(report: &mut Report) -> Result<(), String> {
    let short = added(&Script::words(3, Duration::ZERO), 3, CALLS)?;
    report.row("provider path, added to a direct call, p50", short.added, "ms", short.direct, Target::AtMost(0.5));
    let long = added(&Script::words(WORDS, PAUSE), WORDS, STREAMS)?;
    let name = "provider path, added to a stream of 100 words in 300 ms";
    report.row(name, long.added, "ms", long.direct, Target::AtMost(2.0));
    spread(report, name, "ms", &long.rounds);
    Ok(())
}

/// What the path adds, and what the direct call takes, in milliseconds.
struct Added {
    added: f64,
    direct: f64,
    rounds: Vec<f64>,
}

fn added(script: &Script, words: usize, calls: usize) -> Result<Added, String> {
    let upstream = Upstream::start(script.clone())?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| why.to_string())?;
    let path = Path::to(&upstream.address)?;
    let mut direct = Direct::to(&upstream.address, script)?;
    // Connections are made before anything is measured: both sides keep theirs.
    direct.call()?;
    path.call(&executor, words)?;
    let (mut directs, mut paths) = (Vec::new(), Vec::new());
    for _ in 0..calls {
        let began = Instant::now();
        direct.call()?;
        directs.push(began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        path.call(&executor, words)?;
        paths.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let rounds = paths.iter().zip(&directs).map(|(path, direct)| path - direct).collect();
    let direct = median(directs);
    Ok(Added { added: median(paths) - direct, direct, rounds })
}

/// A connection that sends one request again and again.
struct Direct {
    stream: TcpStream,
    length: usize,
    buffer: Vec<u8>,
}

impl Direct {
    fn to(address: &str, script: &Script) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|why| why.to_string())?;
        stream.set_nodelay(true).map_err(|why| why.to_string())?;
        Ok(Self { stream, length: script.pieces.iter().map(Vec::len).sum(), buffer: vec![0; 64 * 1024] })
    }

    fn call(&mut self) -> Result<(), String> {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"are you there?"}],"stream":true}"#;
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).map_err(|why| why.to_string())?;
        let mut left = self.length;
        while left > 0 {
            let count = self.stream.read(&mut self.buffer).map_err(|why| why.to_string())?;
            left = left.checked_sub(count).filter(|_| count > 0).ok_or("the answer has another length")?;
        }
        Ok(())
    }
}

/// The product's way to a provider, as the host puts it together.
struct Path {
    broker: Broker,
    entry: ProviderEntry,
    request: ModelRequest,
}

impl Path {
    fn to(address: &str) -> Result<Self, String> {
        let entry = serde_json::json!({
            "name": "p", "dialect": "openai-chat", "base_url": format!("http://{address}/v1"), "model": "m",
            "timeout_ms": 60_000,
        });
        let message =
            Message { speaker: Speaker::User, text: "are you there?".to_owned(), calls: Vec::new(), call_id: None };
        Ok(Self {
            broker: Broker {
                resolver: Rc::new(SystemResolver),
                dial: Rc::new(HttpDialler::new()?),
                vault: Rc::new(NoSecrets),
                timer: Rc::new(Tokio),
            },
            entry: serde_json::from_value(entry).map_err(|why| why.to_string())?,
            request: ModelRequest {
                model: "m".to_owned(),
                messages: vec![message],
                tools: Vec::new(),
                max_tokens: None,
                schema: None,
            },
        })
    }

    fn call(&self, executor: &Runtime, words: usize) -> Result<(), String> {
        let (codecs, heard): ([&dyn Codec; 1], _) = ([&ChatCompletions], Heard::default());
        let router = Router { codecs: &codecs, vault: &NoSecrets, egress: &self.broker };
        let answer = executor.block_on(router.call(&self.entry, "key", &self.request, &heard));
        answer.map_err(|why| format!("{why:?}"))?;
        if heard.0.get() == words { Ok(()) } else { Err(format!("{} words were heard of {words}", heard.0.get())) }
    }
}

/// Counts the pieces of an answer as they come.
#[derive(Default)]
struct Heard(Cell<usize>);

impl Live for Heard {
    fn delta(&self, _: &str) {
        self.0.set(self.0.get() + 1);
    }
}

/// Time, as a host on tokio has it.
struct Tokio;

#[async_trait::async_trait(?Send)]
impl Timer for Tokio {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// The entry names no key, so nothing is asked of it.
struct NoSecrets;

#[async_trait::async_trait(?Send)]
impl Vault for NoSecrets {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Unknown("there is none".to_owned()))
    }

    async fn secret(&self, _: &str) -> Result<Secret, VaultError> {
        Err(VaultError::Unknown("there is none".to_owned()))
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        Ok(())
    }
}
