//! A server that answers each request as a story wants it, and notes what it was asked.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and path.
    pub what: String,
    /// Its idempotency key.
    pub key: String,
    /// Its body; null when it is no JSON.
    pub body: Value,
}

impl Asked {
    /// The last question in a model call.
    pub fn question(&self) -> String {
        let said = |it: &&Value| it["role"] == "user";
        let last = self.messages().iter().rfind(said).cloned().unwrap_or_default();
        last["content"].as_str().unwrap_or_default().to_owned()
    }

    /// What the tools came to that a model called so far.
    pub fn results(&self) -> Vec<String> {
        let tools = self.messages().iter().filter(|it| it["role"] == "tool");
        tools.map(|it| it["content"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// The server.
#[derive(Clone)]
pub struct Script {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    /// One that sends what `answer` makes of a request, and hangs up.
    pub fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (serving, answer) = (script.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, answer) = (serving.clone(), Arc::clone(&answer));
                // Whoever heard enough hangs up, which is no failure of this side.
                std::thread::spawn(move || drop(script.serve(stream, &*answer)));
            }
        });
        script
    }

    /// Where it is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far.
    pub fn seen(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.seen.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream, answer: &dyn Fn(&Asked) -> Vec<u8>) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let asked = read(&mut reader)?;
        let said = answer(&asked);
        self.seen().push(asked);
        reader.get_mut().write_all(&said)
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let what = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let (mut key, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => value.trim().clone_into(&mut key),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked { what, key, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// An answer of HTTP.
pub fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// A model that says `text`.
pub fn says(text: &str) -> Vec<u8> {
    completion(&json!({ "role": "assistant", "content": text }), "stop")
}

/// A model that asks for tools: name and arguments of each, as it writes them.
pub fn calls(tools: &[(&str, &str)]) -> Vec<u8> {
    let tools = tools.iter().enumerate().map(|(nth, (name, arguments))| {
        let function = json!({ "name": name.replace('.', "__"), "arguments": arguments });
        json!({ "id": format!("tool-{nth}"), "type": "function", "function": function })
    });
    let tools: Vec<Value> = tools.collect();
    completion(&json!({ "role": "assistant", "content": null, "tool_calls": tools }), "tool_calls")
}

fn completion(message: &Value, reason: &str) -> Vec<u8> {
    let choice = json!({ "index": 0, "message": message, "finish_reason": reason });
    let usage = json!({ "prompt_tokens": 5, "completion_tokens": 2 });
    let body = json!({ "id": "c", "model": "m", "choices": [choice], "usage": usage });
    answer("200 OK", "content-type: application/json\r\n", &body.to_string())
}

/// A model whose connection ends in the middle of its answer.
pub fn breaks_off() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";
    let piece = json!({ "choices": [{ "index": 0, "delta": { "content": "half of it" } }] });
    format!("{head}data: {piece}\n\n").into_bytes()
}
