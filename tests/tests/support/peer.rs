//! A model's endpoint that counts: who called with which idempotency key, when, and whether the answer went out.
//!
//! It counts itself, because the third-party endpoint of the other tests does not note calls that are cut off while they
//! wait for their answer, and those are what a killed host leaves behind.

use super::dice::Dice;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long an answer takes to a question that begins with "slow".
const SLOW_MS: u64 = 400;

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its idempotency key.
    pub key: String,
    /// Its credentials, as they stand in the header.
    pub authorization: String,
    /// What was asked last.
    pub prompt: String,
    /// When it arrived.
    pub at: Instant,
    /// Which process of the host made it.
    pub generation: usize,
    /// Whether an answer was sent.
    pub answered: bool,
}

#[derive(Debug)]
struct Seen {
    calls: Vec<Call>,
    generation: usize,
    open: usize,
    barriers: usize,
    dice: Dice,
}

/// The endpoint.
#[derive(Debug, Clone)]
pub struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// Start one; how long its answers take follows from `seed`.
    pub fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen { calls: Vec::new(), generation: 0, open: 0, barriers: 0, dice: Dice::new(seed) };
        let peer = Self { address, seen: Arc::new(Mutex::new(seen)) };
        let accepting = peer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                accepting.seen().open += 1;
                let peer = accepting.clone();
                std::thread::spawn(move || {
                    // A connection that breaks is what this test is about.
                    let _ = peer.serve(stream);
                    peer.seen().open -= 1;
                });
            }
        });
        peer
    }

    /// What a provider is defined with.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.seen().calls.clone()
    }

    /// Calls by idempotency key.
    pub fn calls_by_key(&self) -> BTreeMap<String, Vec<Call>> {
        let mut by_key: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for call in self.calls() {
            by_key.entry(call.key.clone()).or_default().push(call);
        }
        by_key
    }

    /// Everything the killed process had sent has arrived; what arrives from here on is by process number `generation`.
    pub fn next_generation(&self, generation: usize) {
        // Connections are accepted in order: when this one is, every one of the killed process was.
        let barriers = self.seen().barriers;
        let mut barrier = TcpStream::connect(self.address).unwrap();
        barrier.write_all(b"BARRIER\r\n").unwrap();
        drop(barrier);
        let begun = Instant::now();
        loop {
            let mut seen = self.seen();
            if seen.barriers > barriers && seen.open == 0 {
                seen.generation = generation;
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "connections of a killed process stay open");
            drop(seen);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let Some(request) = request(&mut reader)? else { return Ok(()) };
            let Request::Call { key, authorization, body } = request else {
                self.seen().barriers += 1;
                return Ok(());
            };
            let body: Value = serde_json::from_slice(&body)?;
            let prompt = body.pointer("/messages").and_then(Value::as_array).and_then(|said| said.last());
            let prompt = prompt.and_then(|said| said.get("content")?.as_str()).unwrap_or_default().to_owned();
            let slow = prompt.starts_with("slow");
            let (nth, takes) = {
                let mut seen = self.seen();
                let generation = seen.generation;
                let (prompt, at) = (prompt.clone(), Instant::now());
                seen.calls.push(Call { key, authorization, prompt, at, generation, answered: false });
                let nth = seen.calls.len() - 1;
                (nth, if slow { SLOW_MS } else { seen.dice.below(40) })
            };
            std::thread::sleep(Duration::from_millis(takes));
            let said = json!({
                "id": "c", "object": "chat.completion", "created": 0, "model": "m",
                "choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": { "role": "assistant", "content": format!("answer to {prompt}") },
                }],
                "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
            })
            .to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
            reader.get_mut().write_all(format!("{head}{}\r\n\r\n{said}", said.len()).as_bytes())?;
            self.seen().calls[nth].answered = true;
        }
    }
}

enum Request {
    /// See [`Peer::next_generation`].
    Barrier,
    Call {
        key: String,
        authorization: String,
        body: Vec<u8>,
    },
}

/// The next request; none at the end of the connection.
fn request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if line.starts_with("BARRIER") {
        return Ok(Some(Request::Barrier));
    }
    let (mut key, mut authorization, mut length) = (String::new(), String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => value.trim().clone_into(&mut key),
            "authorization" => value.trim().clone_into(&mut authorization),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request::Call { key, authorization, body }))
}
