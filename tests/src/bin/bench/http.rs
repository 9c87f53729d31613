//! A client that costs as little as possible: keep-alive connections, prepared bytes.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// A connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    token: String,
}

impl Client {
    pub fn connect(address: &str, token: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|why| why.to_string())?;
        stream.set_nodelay(true).map_err(|why| why.to_string())?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024], token: token.to_owned() })
    }

    /// Send, and give status and body.
    pub fn send(&mut self, method: &str, path: &str, key: &str, body: &str) -> Result<(u16, Vec<u8>), String> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).map_err(|why| why.to_string())?;
        self.answer()
    }

    /// Send, insist on success, and read JSON.
    pub fn json(&mut self, method: &str, path: &str, key: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.send(method, path, key, &body)?;
        let text = String::from_utf8_lossy(&answer);
        if !(200..300).contains(&status) {
            return Err(format!("{method} {path}: {status} {text}"));
        }
        serde_json::from_slice(&answer).map_err(|why| format!("{why}: {text}"))
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>), String> {
        let mut answer = Vec::new();
        loop {
            let count = self.stream.read(&mut self.buffer).map_err(|why| why.to_string())?;
            if count == 0 {
                return Err("the host closed the connection".to_owned());
            }
            answer.extend_from_slice(self.buffer.get(..count).unwrap_or_default());
            if let Some(done) = complete(&answer) {
                return Ok(done);
            }
        }
    }
}

fn complete(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    let body = answer.get(end + 4..)?;
    (body.len() >= length).then(|| (status, body.to_vec()))
}
