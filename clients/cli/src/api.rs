//! Talking to a host over HTTP: the one that runs over the data directory, one started for this command, or one
//! elsewhere.

use crate::follow::Follow;
use crate::host::{Config, HOST_FILE, Host, HostError, Identity};
use crate::outcome::Problem;
use crate::place::{Place, TO_TOKEN, TOKEN, Target};
use bytes::{Bytes, BytesMut};
use egress_http::{HttpDialler, SystemResolver};
pub use http::Method;
use http::{Request, Response, StatusCode, request};
use ports::egress::{ConnectionBody, ExchangeError, Peer};
use ports::{Dial as _, Resolver as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 << 20;

/// How long one part of a file may take: it is taken in and committed before it is answered.
const BYTES_WITHIN: Duration = Duration::from_secs(120);

/// A host to talk to.
pub struct Api {
    at: At,
    token: String,
    dialler: HttpDialler,
    /// The host started for this command; it stops with it.
    own: Option<Host>,
}

/// Where the host is.
enum At {
    /// Over a data directory of this machine. One that is started again may listen elsewhere, so where stands in a file
    /// there.
    Here { data: PathBuf, address: String },
    /// At a URL; its token is in this environment variable.
    There(Target, &'static str),
}

impl Api {
    /// The host that is meant: the one elsewhere, the one that runs over the data directory, or a new one.
    pub fn reach(place: &Place) -> Result<Self, Problem> {
        Self::reach_or(place, &Config::new(&place.data))
    }

    /// The host that is meant, or a new one that performs nothing: for a command that is over before anything it leads
    /// to could be. What is cut off in the middle is in doubt afterwards.
    pub fn reach_to_tell(place: &Place) -> Result<Self, Problem> {
        Self::reach_or(place, &Config { effects_max: 0, ..Config::new(&place.data) })
    }

    /// The host that is meant, or a new one like `config`.
    pub fn reach_or(place: &Place, config: &Config) -> Result<Self, Problem> {
        if let Some((target, token)) = place.elsewhere()? {
            return Self::at(At::There(target, TOKEN), token, None);
        }
        let data = config.data.as_path();
        match Host::start(config) {
            Ok(host) => {
                if let Some(upgraded) = host.upgraded() {
                    eprintln!("{}", upgraded.told(data));
                }
                let (address, token) = (host.address().to_string(), host.token().to_owned());
                Self::at(At::Here { data: data.to_owned(), address }, token, Some(host))
            }
            Err(HostError::Busy(what)) => {
                let address = running(data).ok_or_else(|| Problem::from(HostError::Busy(what)))?;
                Self::at(At::Here { data: data.to_owned(), address }, Identity::open(data)?.token, None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The host at `url` that a workspace is moved to, and how it is called.
    pub fn reach_to(url: &str, in_clear: bool) -> Result<(Self, String), Problem> {
        let (target, token) = Target::with_token(url, in_clear, TO_TOKEN)?;
        let url = target.url();
        Ok((Self::at(At::There(target, TO_TOKEN), token, None)?, url))
    }

    /// The host at `target`.
    #[cfg(test)]
    pub(crate) fn there(target: Target, token: &str) -> Result<Self, Problem> {
        Self::at(At::There(target, TOKEN), token.to_owned(), None)
    }

    fn at(at: At, token: String, own: Option<Host>) -> Result<Self, Problem> {
        let dialler = HttpDialler::new().map_err(|why| Problem::failed("http", why, ""))?;
        Ok(Self { at, token, dialler, own })
    }

    /// Whether the host was started for this command.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Whether the host is not of this machine's data directory.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self.at, At::There(..))
    }

    /// Where the host is reached now.
    fn target(&self) -> Result<Target, String> {
        match &self.at {
            At::There(target, _) => Ok(target.clone()),
            At::Here { data, address } => {
                let elsewhere = if self.is_own() { None } else { running(data) };
                let address = elsewhere.unwrap_or_else(|| address.clone());
                address.parse().map(Target::here).map_err(|_| format!("{address} is no address"))
            }
        }
    }

    /// The host does not answer, and why.
    pub(crate) fn unreachable(&self, why: impl std::fmt::Display) -> Problem {
        Problem::failed("host_unreachable", format!("the host does not answer: {why}"), self.whether_it_is_there())
    }

    /// What to look at when the host does not answer.
    pub(crate) fn whether_it_is_there(&self) -> String {
        match &self.at {
            At::Here { .. } => "Is `kernelos dev` still running?".to_owned(),
            At::There(target, _) => {
                format!("Does a host run at {}, and can it be reached from here?", target.authority)
            }
        }
    }

    /// Follow the events of `workspace` after a position: those there are, then those to come.
    pub fn follow(&self, workspace: &str, after: u64) -> Follow<'_> {
        Follow::new(self, workspace, after)
    }

    /// Read `path`.
    pub async fn get(&self, path: &str, timeout_ms: u64) -> Result<Value, Problem> {
        self.send(Method::GET, path, None, Bytes::new(), timeout_ms).await
    }

    /// Read `path`, as it was sent: numbers and the order of members stay.
    pub async fn read_as<T: DeserializeOwned>(&self, path: &str, timeout_ms: u64) -> Result<T, Problem> {
        let request = Request::builder().method(Method::GET).uri(path);
        let outcome = timeout(Duration::from_millis(timeout_ms), self.exchange(request, Bytes::new())).await;
        let outcome = outcome.unwrap_or_else(|_| Err(self.unreachable(format!("nothing came within {timeout_ms} ms"))));
        let response = outcome?;
        if !response.status().is_success() {
            self.told(&response)?;
        }
        serde_json::from_slice(response.body()).map_err(|why| self.not_json(&why))
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
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let outcome = timeout(Duration::from_millis(timeout_ms), self.exchange(request, body)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(self.unreachable(format!("nothing came within {timeout_ms} ms"))));
        self.told(&outcome?)
    }

    /// Send bytes to `path`. What comes back without a body is told as null.
    pub async fn bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Value, Problem> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = timeout(BYTES_WITHIN, self.exchange(request, body)).await;
        let response = outcome.unwrap_or_else(|_| Err(self.unreachable("nothing came in a long time")))?;
        if response.status() == StatusCode::NO_CONTENT { Ok(Value::Null) } else { self.told(&response) }
    }

    /// Ask `path` for something that is not JSON and may be long: its body as it comes.
    pub async fn download(&self, path: &str, body: &Value) -> Result<Box<dyn ConnectionBody>, Problem> {
        let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
        let response = self.open(request, Bytes::from(body.to_string())).await?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(match self.told(&self.whole(response).await?) {
            Err(problem) => problem,
            Ok(_) => Problem::failed("protocol", "the host's answer is none", ""),
        })
    }

    fn told(&self, response: &Response<Bytes>) -> Result<Value, Problem> {
        let value: Value = serde_json::from_slice(response.body()).map_err(|why| self.not_json(&why))?;
        if response.status().is_success() { Ok(value) } else { Err(self.refused(&value)) }
    }

    /// One exchange with the host, with the whole answer.
    async fn exchange(&self, request: request::Builder, body: Bytes) -> Result<Response<Bytes>, Problem> {
        self.whole(self.open(request, body).await?).await
    }

    /// All of an answer.
    async fn whole(&self, response: Response<Box<dyn ConnectionBody>>) -> Result<Response<Bytes>, Problem> {
        let (head, mut body) = response.into_parts();
        let mut whole = BytesMut::new();
        while let Some(piece) = body.chunk().await.map_err(|why| self.unreachable(why))? {
            if whole.len() + piece.len() > ANSWER_MAX {
                return Err(self.unreachable(format!("its answer has more than {ANSWER_MAX} bytes")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Response::from_parts(head, whole.freeze()))
    }

    /// Send a request to the host, and wait for the head of the answer.
    pub(crate) async fn open(
        &self,
        request: request::Builder,
        body: Bytes,
    ) -> Result<Response<Box<dyn ConnectionBody>>, Problem> {
        let target = self.target().map_err(|why| self.unreachable(why))?;
        let request = request
            .header("host", &target.authority)
            .header("authorization", format!("Bearer {}", self.token))
            .body(body)
            .map_err(|why| Problem::usage(why.to_string(), "Check the ids that were given."))?;
        let sent = self.send_to(&target, request).await;
        sent.map_err(|why| self.unreachable(why))
    }

    /// To the first address that can be connected to. The host is whom its owner named, and needs no broker to be reached.
    async fn send_to(
        &self,
        target: &Target,
        request: Request<Bytes>,
    ) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let mut why = format!("{} has no address", target.name);
        for ip in addresses(target).await? {
            let address = SocketAddr::new(ip, target.port);
            let peer = Peer { address, name: target.name.clone(), secure: target.secure };
            match self.dialler.connect(&peer).await {
                Ok(connection) => {
                    let sent = connection.exchange(request).await;
                    return sent.map_err(|(ExchangeError::Unsent(why) | ExchangeError::Interrupted(why))| why);
                }
                Err(refused) => why = refused,
            }
        }
        Err(why)
    }

    /// A problem document of the host in the words of the command line.
    pub(crate) fn refused(&self, document: &Value) -> Problem {
        let problem = refused(document);
        match &self.at {
            At::There(target, variable) if problem.code == "unauthenticated" => {
                Problem { hint: format!("Set {variable} to a token of {}.", target.authority), ..problem }
            }
            _ => problem,
        }
    }

    /// What came is no answer of a host.
    pub(crate) fn not_json(&self, why: &serde_json::Error) -> Problem {
        let hint = match &self.at {
            At::Here { .. } => String::new(),
            At::There(target, _) => format!("Is {} a KernelOS host, or something in front of it?", target.authority),
        };
        Problem::failed("protocol", format!("the host's answer is not JSON: {why}"), hint)
    }
}

/// The addresses of `target`, the preferred first.
async fn addresses(target: &Target) -> Result<Vec<IpAddr>, String> {
    let mut found = match target.name.parse() {
        Ok(address) => vec![address],
        Err(_) => SystemResolver.resolve(&target.name).await?,
    };
    found.retain(|address| address.is_loopback() || !target.loopback);
    Ok(found)
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
