//! Talking to a host over HTTP: the one that runs over the data directory, or one started for this command.

use crate::follow::Follow;
use crate::host::{Config, HOST_FILE, Host, HostError, Identity};
use crate::outcome::Problem;
use bytes::{Bytes, BytesMut};
use egress_http::HttpDialler;
pub use http::Method;
use http::{Request, Response, StatusCode};
use ports::Dial as _;
use ports::egress::{ConnectionBody, ExchangeError, Peer};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 << 20;

/// How long one part of a file may take: it is taken in and committed before it is answered.
const BYTES_WITHIN: Duration = Duration::from_secs(120);

/// A host to talk to.
pub struct Api {
    data: PathBuf,
    address: String,
    token: String,
    dialler: HttpDialler,
    /// The host started for this command; it stops with it.
    own: Option<Host>,
}

impl Api {
    /// The host that runs over `data`, or a new one.
    pub fn reach(data: &Path) -> Result<Self, Problem> {
        Self::reach_or(&Config::new(data))
    }

    /// The host that runs over `data`, or a new one that performs nothing: for a command that is over before anything it
    /// leads to could be. What is cut off in the middle is in doubt afterwards.
    pub fn reach_to_tell(data: &Path) -> Result<Self, Problem> {
        Self::reach_or(&Config { effects_max: 0, ..Config::new(data) })
    }

    /// The host that runs over the data directory of `config`, or a new one like that.
    pub fn reach_or(config: &Config) -> Result<Self, Problem> {
        let data = config.data.as_path();
        match Host::start(config) {
            Ok(host) => {
                let (address, token) = (host.address(), host.token().to_owned());
                Self::at(data, address.to_string(), token, Some(host))
            }
            Err(HostError::Busy(what)) => {
                let address = running(data).ok_or_else(|| Problem::from(HostError::Busy(what)))?;
                Self::at(data, address, Identity::open(data)?.token, None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn at(data: &Path, address: String, token: String, own: Option<Host>) -> Result<Self, Problem> {
        let dialler = HttpDialler::new().map_err(|why| Problem::failed("http", why, ""))?;
        Ok(Self { data: data.to_owned(), address, token, dialler, own })
    }

    /// Whether the host was started for this command.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Where the host listens now: one that was started again may listen elsewhere.
    pub(crate) fn address(&self) -> String {
        let elsewhere = if self.is_own() { None } else { running(&self.data) };
        elsewhere.unwrap_or_else(|| self.address.clone())
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Follow the events of `workspace` after a position: those there are, then those to come.
    pub fn follow(&self, workspace: &str, after: u64) -> Follow<'_> {
        Follow::new(self, workspace, after)
    }

    /// Read `path`.
    pub async fn get(&self, path: &str, timeout_ms: u64) -> Result<Value, Problem> {
        self.send(Method::GET, path, None, Bytes::new(), timeout_ms).await
    }

    /// Send `body` to `path`; the same `key` never takes effect twice.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Problem> {
        self.send(Method::POST, path, Some(key), Bytes::from(body.to_string()), 30_000).await
    }

    /// Ask `path` something that needs a body and changes nothing.
    pub async fn ask(&self, path: &str, body: &Value, timeout_ms: u64) -> Result<Value, Problem> {
        self.send(Method::POST, path, None, Bytes::from(body.to_string()), timeout_ms).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Bytes,
        timeout_ms: u64,
    ) -> Result<Value, Problem> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let request = self.request(method, path, &headers, body)?;
        let outcome = timeout(Duration::from_millis(timeout_ms), self.whole(request)).await;
        let response = outcome.unwrap_or_else(|_| Err(format!("nothing came within {timeout_ms} ms")));
        told(&response.map_err(|why| unreachable(&why))?)
    }

    /// Send bytes to `path`. What comes back without a body is told as null.
    pub async fn bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Value, Problem> {
        let request = self.request(method, path, headers, body)?;
        let outcome = timeout(BYTES_WITHIN, self.whole(request)).await;
        let response = outcome.unwrap_or_else(|_| Err("nothing came in a long time".to_owned()));
        let response = response.map_err(|why| unreachable(&why))?;
        if response.status() == StatusCode::NO_CONTENT { Ok(Value::Null) } else { told(&response) }
    }

    /// Ask `path` for something that is not JSON and may be long: its body as it comes.
    pub async fn open(&self, path: &str, body: &Value) -> Result<Box<dyn ConnectionBody>, Problem> {
        let headers = [("content-type", "application/json")];
        let request = self.request(Method::POST, path, &headers, Bytes::from(body.to_string()))?;
        let response = self.exchange(request).await.map_err(|why| unreachable(&why))?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(match told(&whole(response).await.map_err(|why| unreachable(&why))?) {
            Err(problem) => problem,
            Ok(_) => Problem::failed("protocol", "the host's answer is none", ""),
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Request<Bytes>, Problem> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bad = |why: http::Error| Problem::usage(why.to_string(), "Check the ids that were given.");
        request.body(body).map_err(bad)
    }

    async fn whole(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        whole(self.exchange(request).await?).await
    }

    /// One exchange with the host, which is on this machine and needs no broker to be reached.
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let address: SocketAddr = self.address.parse().map_err(|_| format!("{} is no address", self.address))?;
        let peer = Peer { address, name: address.ip().to_string(), secure: false };
        let sent = self.dialler.connect(&peer).await?.exchange(request).await;
        sent.map_err(|(ExchangeError::Unsent(why) | ExchangeError::Interrupted(why))| why)
    }
}

/// All of an answer.
async fn whole(response: Response<Box<dyn ConnectionBody>>) -> Result<Response<Bytes>, String> {
    let (head, mut body) = response.into_parts();
    let mut whole = BytesMut::new();
    while let Some(piece) = body.chunk().await? {
        if whole.len() + piece.len() > ANSWER_MAX {
            return Err(format!("its answer has more than {ANSWER_MAX} bytes"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Response::from_parts(head, whole.freeze()))
}

fn told(response: &Response<Bytes>) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(response.body())
        .map_err(|why| Problem::failed("protocol", format!("the host's answer is not JSON: {why}"), ""))?;
    if response.status().is_success() { Ok(value) } else { Err(refused(&value)) }
}

fn unreachable(why: &str) -> Problem {
    let what = format!("the host does not answer: {why}");
    Problem::failed("host_unreachable", what, "Is `kernelos dev` still running?")
}

/// A problem document in the words of the command line.
pub fn refused(document: &Value) -> Problem {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut what = vec![text("title"), text("detail")];
    // A rejection that is on record has no other words than its title.
    what.dedup();
    what.retain(|part| !part.is_empty());
    Problem::failed(text("code"), what.join(" "), text("hint"))
}

fn running(data: &Path) -> Option<String> {
    let file = std::fs::read(data.join(HOST_FILE)).ok()?;
    let value: Value = serde_json::from_slice(&file).ok()?;
    value.get("address")?.as_str().map(str::to_owned)
}
