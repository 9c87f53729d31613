//! A client of HTTP/1.1 that blocks, sends exactly the bytes it is given, and keeps its connection until that breaks.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer the tests wait for: a host that hangs fails a test and does not hang it.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header called `name`, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The text at `pointer` of the body; empty when there is none.
    pub fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// A client with the token of one host.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    token: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the host at `address`.
    pub fn new(address: SocketAddr, token: impl Into<String>) -> Self {
        Self { address, token: token.into(), connection: None }
    }

    /// Read `path`.
    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send("GET", path, &[], b"")
    }

    /// Send `body` to `path` under an idempotency key; none when it is empty.
    pub fn post(&mut self, path: &str, key: &str, body: &[u8]) -> io::Result<Answer> {
        let headers = [("idempotency-key", key)];
        self.send("POST", path, if key.is_empty() { &[] } else { &headers }, body)
    }

    /// Send one command to `workspace` under an idempotency key.
    pub fn command(&mut self, workspace: &str, key: &str, name: &str, data: &Value) -> io::Result<Answer> {
        let body = serde_json::json!({ "commands": [{ "type": name, "data": data }] }).to_string();
        self.post(&format!("/v1/workspaces/{workspace}/commands"), key, body.as_bytes())
    }

    /// Send a request with the token, and with JSON's media type unless `headers` name another.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        head += &format!("authorization: Bearer {}\r\n", self.token);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            head += "content-type: application/json\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        self.exchange(&[head.as_bytes(), body].concat())
    }

    /// Send `bytes`, which are one request, and read its answer.
    pub fn exchange(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.address)?,
        };
        // A host that refuses early closes while the rest is sent; its answer is there nevertheless.
        let sent = connection.get_mut().write_all(bytes);
        let has_body = !bytes.starts_with(b"HEAD ");
        let answer = read(&mut connection, has_body).map_err(|why| sent.err().unwrap_or(why))?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    Ok(BufReader::new(stream))
}

fn read(connection: &mut BufReader<TcpStream>, has_body: bool) -> io::Result<Answer> {
    let status = line(connection)?;
    let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("the answer has no status"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(connection)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    // The headers of an answer to HEAD are those that GET would have.
    if !has_body {
        return Ok(answer);
    }
    if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        answer.body = chunks(connection)?;
        return Ok(answer);
    }
    let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    answer.body = vec![0; length];
    connection.read_exact(&mut answer.body)?;
    Ok(answer)
}

/// A body that comes in chunks, whole.
fn chunks(connection: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(connection)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        let before = body.len();
        body.resize(before + size, 0);
        connection.read_exact(body.get_mut(before..).unwrap_or_default())?;
        // An empty line ends every chunk, and nobody here sends trailers behind the last.
        line(connection)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if connection.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}
