//! A server on this machine that answers every request with prepared bytes, in pieces, on connections that stay open.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// What it answers: pieces, with a pause before each but the first.
#[derive(Clone)]
pub struct Script {
    pub pieces: Vec<Vec<u8>>,
    pub pause: Duration,
}

impl Script {
    /// A small JSON answer.
    pub fn json() -> Self {
        let body = r#"{"ok":true}"#;
        let length = body.len();
        let whole =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        Self { pieces: vec![whole.into_bytes()], pause: Duration::ZERO }
    }

    /// A streamed answer of a model, of so many words.
    pub fn words(count: usize, pause: Duration) -> Self {
        let chunk = |data: &str| format!("{:x}\r\ndata: {data}\n\n\r\n", data.len() + 8);
        let mut pieces: Vec<String> = (0..count)
            .map(|nth| chunk(&format!(r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":"word {nth} "}}}}]}}"#)))
            .collect();
        if let Some(first) = pieces.first_mut() {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            first.insert_str(0, head);
        }
        if let Some(last) = pieces.last_mut() {
            last.push_str(&chunk(r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#));
            last.push_str(&chunk("[DONE]"));
            last.push_str("0\r\n\r\n");
        }
        let pieces = if pause.is_zero() { vec![pieces.concat()] } else { pieces };
        Self { pieces: pieces.into_iter().map(String::into_bytes).collect(), pause }
    }
}

/// A server that answers by `script`.
pub struct Upstream {
    pub address: String,
    /// When requests arrived.
    pub arrivals: Receiver<Instant>,
}

impl Upstream {
    pub fn start(script: Script) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
        let address = listener.local_addr().map_err(|why| why.to_string())?.to_string();
        let (arrived, arrivals) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, arrived) = (script.clone(), arrived.clone());
                std::thread::spawn(move || serve(stream, &script, &arrived));
            }
        });
        Ok(Self { address, arrivals })
    }
}

fn serve(mut stream: TcpStream, script: &Script, arrived: &Sender<Instant>) {
    let _ = stream.set_nodelay(true);
    while let Some(at) = request(&mut stream) {
        let _ = arrived.send(at);
        for (nth, piece) in script.pieces.iter().enumerate() {
            if nth > 0 {
                std::thread::sleep(script.pause);
            }
            if stream.write_all(piece).is_err() {
                return;
            }
        }
    }
}

/// Read a request to its end; gives when its first bytes came.
fn request(stream: &mut TcpStream) -> Option<Instant> {
    let (mut all, mut some, mut first) = (Vec::new(), [0; 4096], None);
    loop {
        let count = stream.read(&mut some).ok().filter(|count| *count > 0)?;
        first = first.or_else(|| Some(Instant::now()));
        all.extend_from_slice(some.get(..count)?);
        let Some(end) = all.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(all.get(..end)?).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if all.len() >= end + 4 + length.unwrap_or(0) {
            return first;
        }
    }
}
