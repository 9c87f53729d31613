//! What workflows reach outside: pages, an API, and a webhook that keeps what it is sent with its idempotency key.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long every answer takes: long enough that a kill finds requests under way.
const TAKES: Duration = Duration::from_millis(15);

/// How long the webhook takes to answer.
const WEBHOOK_TAKES: Duration = Duration::from_millis(250);

/// What is there, by path, and the file of `peers/pages` that holds it.
const PAGES: [(&str, &str); 4] = [
    ("/rfc/rfc6585.txt", "rfc6585.txt"),
    ("/rfc/rfc8470.txt", "rfc8470.txt"),
    ("/archive/id/draft-ietf-httpapi-idempotency-key-header-06.txt", "idempotency-key.txt"),
    ("/v1/days/latest", "sales.json"),
];
/// What answers 503 when it is asked for the first time.
const AWAY_AT_FIRST: [&str; 2] = ["/rfc/rfc8470.txt", "/v1/days/latest"];
/// What answers 503 whenever it is asked for.
const AWAY: &str = "/rfc/rfc0000.txt";

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its idempotency key.
    pub key: String,
    /// Its body.
    pub body: String,
}

/// The server. It runs until the test ends.
#[derive(Debug, Clone)]
pub struct Web {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Visit>>>,
}

impl Web {
    /// Start it on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let serving = web.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let web = serving.clone();
                // A connection that breaks is what tests with kills are about.
                std::thread::spawn(move || drop(web.serve(stream)));
            }
        });
        web
    }

    /// Where it is: scheme, address and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn visits(&self) -> Vec<Visit> {
        self.seen().clone()
    }

    /// Every request with that method and path so far.
    pub fn to(&self, method: &str, path: &str) -> Vec<Visit> {
        self.visits().into_iter().filter(|visit| visit.method == method && visit.path == path).collect()
    }

    /// As if nobody had been here yet.
    pub fn forget(&self) {
        self.seen().clear();
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Visit>> {
        self.seen.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let visit = visit(&mut reader)?;
        let nth = {
            let mut seen = self.seen();
            seen.push(visit.clone());
            seen.iter().filter(|other| other.path == visit.path).count()
        };
        std::thread::sleep(if visit.method == "POST" { WEBHOOK_TAKES } else { TAKES });
        let (status, kind, body) = answer(&visit, nth);
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n");
        reader.get_mut().write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }
}

/// The answer to the `nth` request for a path.
fn answer(visit: &Visit, nth: usize) -> (&'static str, &'static str, String) {
    let path = visit.path.as_str();
    if visit.method == "POST" && path == "/reports" {
        return ("200 OK", "application/json", r#"{"received":true}"#.to_owned());
    }
    if path == AWAY || (nth == 1 && AWAY_AT_FIRST.contains(&path)) {
        return ("503 Service Unavailable", "text/plain", "not now".to_owned());
    }
    match PAGES.iter().find(|(known, _)| *known == path) {
        None => ("404 Not Found", "text/plain", "there is no such page".to_owned()),
        Some((_, file)) => {
            let kind = if file.ends_with(".json") { "application/json" } else { "text/plain; charset=utf-8" };
            let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pages");
            ("200 OK", kind, std::fs::read_to_string(pages.join(file)).unwrap())
        }
    }
}

fn visit(reader: &mut BufReader<TcpStream>) -> io::Result<Visit> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (method, path) = (word(), word());
    let (mut key, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => value.trim().clone_into(&mut key),
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Visit { method, path, key, body: String::from_utf8_lossy(&body).into_owned() })
}
