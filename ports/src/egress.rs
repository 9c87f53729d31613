//! The way out for all that leaves a workspace, calls of models included: one request, under the rules for it.
//!
//! [`Egress`] is what callers see. Whoever implements it decides by the rules which peer may be spoken to, and needs a
//! [`Resolver`] and a [`Dial`] for it. The two are apart so that the address that was checked is the address that is
//! connected to: a name that means another machine a moment later changes nothing.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A request as a workspace asks for it.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressRequest {
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`, in any case.
    pub method: String,
    /// An absolute `https://` or `http://` URL.
    pub url: String,
    /// Names and values. A value may hold `{{secret:env:NAME}}` and `{{secret:vault:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// Whether a redirect is followed, or is the answer.
    pub follow_redirects: bool,
    /// Sent as `idempotency-key`, unless that header is there already.
    pub idempotency_key: Option<String>,
}

impl EgressRequest {
    /// A request without headers or body that follows redirects.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            follow_redirects: true,
            idempotency_key: None,
        }
    }
}

/// URLs, headers and bodies carry credentials, so none of them is printed.
impl std::fmt::Debug for EgressRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EgressRequest({} with {} headers)", self.method, self.headers.len())
    }
}

/// What a workspace may reach. The default reaches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressPolicy {
    /// Whom it may speak to: `example.com`, `*.example.com` (names below it, not itself), `api.example.com:8443`,
    /// `http://127.0.0.1:8080`. Without a scheme it is https, without a port the scheme's own.
    pub hosts: Vec<String>,
    /// Addresses that are not public and may be reached all the same: `127.0.0.1/32`, `fd00::/8`.
    pub private: Vec<String>,
    /// Which secret may be sent to whom: `vault:github@api.github.com`, what follows `@` as in `hosts`.
    pub secrets: Vec<String>,
    /// Most redirects that are followed.
    pub redirects_max: u32,
    /// Most bytes of an answer's body.
    pub response_bytes_max: usize,
    /// Time for everything together: resolving, connecting, every redirect, the last byte.
    pub timeout_ms: u64,
    /// Longest silence within a body. No rule of a workspace says this.
    #[serde(skip)]
    pub silence_ms: u64,
    /// Whether a secret may travel in clear although the peer is another machine. No rule of a workspace says this; the
    /// entry of a provider does.
    #[serde(skip)]
    pub secrets_in_clear: bool,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            private: Vec::new(),
            secrets: Vec::new(),
            redirects_max: 5,
            response_bytes_max: 8 << 20,
            timeout_ms: 30_000,
            silence_ms: 30_000,
            secrets_in_clear: false,
        }
    }
}

/// The answer to a request, or to the last of its redirects. Any status is an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values. Bytes of a value that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body as it came: an encoded one is not decoded.
    pub body: Bytes,
    /// The URL that answered.
    pub url: String,
}

impl std::fmt::Debug for EgressResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EgressResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EgressClass {
    /// A rule of the policy cannot be read, so nothing is let out by it.
    BadPolicy,
    /// The URL cannot be read, or could be read in two ways.
    BadUrl,
    /// The method, a header or the size of the request.
    BadRequest,
    /// Neither https nor http, or http where only https is allowed.
    RefusedScheme,
    /// No rule names this host with this port.
    RefusedHost,
    /// The host is, or its name means, an address that is not public and not granted.
    RefusedAddress,
    /// A secret is not there, may not go to this host, or would travel in clear.
    Secret,
    /// More redirects than the policy allows.
    TooManyRedirects,
    /// The answer is larger than the policy allows.
    TooLarge,
    /// The name means no address.
    Unresolvable,
    /// No connection, or none that is secure.
    Connect,
    /// The exchange broke off.
    Interrupted,
    /// The time for everything together is over.
    Timeout,
}

impl EgressClass {
    /// The class as it is written in events and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadPolicy => "bad_policy",
            Self::BadUrl => "bad_url",
            Self::BadRequest => "bad_request",
            Self::RefusedScheme => "refused_scheme",
            Self::RefusedHost => "refused_host",
            Self::RefusedAddress => "refused_address",
            Self::Secret => "secret",
            Self::TooManyRedirects => "too_many_redirects",
            Self::TooLarge => "too_large",
            Self::Unresolvable => "unresolvable",
            Self::Connect => "connect",
            Self::Interrupted => "interrupted",
            Self::Timeout => "timeout",
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Unresolvable | Self::Connect | Self::Interrupted | Self::Timeout)
    }
}

/// A request that has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressFailure {
    /// What kind.
    pub class: EgressClass,
    /// In words, without any secret.
    pub detail: String,
    /// Whether a peer may have acted: something was sent, if only to the first of several hosts.
    pub sent: bool,
}

impl EgressFailure {
    /// A failure before anything was sent.
    pub fn unsent(class: EgressClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), sent: false }
    }
}

impl std::fmt::Display for EgressFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.class.as_str(), self.detail)
    }
}

impl std::error::Error for EgressFailure {}

/// An answer whose body is still to come.
pub struct EgressAnswer {
    /// Status and headers. Any status is an answer.
    pub head: http::response::Parts,
    /// The URL that answers.
    pub url: String,
    /// The body. It is let go by dropping it, which ends the exchange.
    pub body: Box<dyn EgressBody>,
}

impl std::fmt::Debug for EgressAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EgressAnswer({})", self.head.status.as_u16())
    }
}

/// A body that is read as it comes, within the limits of the policy it was asked for under.
#[async_trait(?Send)]
pub trait EgressBody {
    /// The next piece, never empty; `None` after the last. After a failure there is no more to read.
    async fn chunk(&mut self) -> Result<Option<Bytes>, EgressFailure>;
}

/// The one way out of a workspace.
#[async_trait(?Send)]
pub trait Egress {
    /// Send `request` as far as `policy` lets it, and wait for the head of the answer. The limits of the policy hold for
    /// the body too, while it is read.
    async fn open(&self, policy: &EgressPolicy, request: EgressRequest) -> Result<EgressAnswer, EgressFailure>;

    /// The same, with the whole answer.
    async fn send(&self, policy: &EgressPolicy, request: EgressRequest) -> Result<EgressResponse, EgressFailure> {
        let EgressAnswer { head, url, mut body } = self.open(policy, request).await?;
        let mut whole = BytesMut::new();
        while let Some(piece) = body.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(EgressResponse { status: head.status.as_u16(), headers, body: whole.freeze(), url })
    }
}

/// What names mean.
#[async_trait(?Send)]
pub trait Resolver {
    /// Every address `host` means now, the preferred first. The error says why there is none.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String>;
}

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The address that was checked, and the only one that may be connected to.
    pub address: SocketAddr,
    /// Whom the peer must prove to be: a name, or an address without brackets.
    pub name: String,
    /// Whether TLS is spoken.
    pub secure: bool,
}

/// Makes connections.
#[async_trait(?Send)]
pub trait Dial {
    /// A connection to `peer`, handshake of TLS included: a new one, or an unused one to exactly this peer. The error
    /// says why not; nothing of a request was sent then.
    async fn connect(&self, peer: &Peer) -> Result<Box<dyn Connection>, String>;
}

/// A connection on which nothing waits for an answer.
#[async_trait(?Send)]
pub trait Connection {
    /// Send `request`, whose URI is a path and whose headers name the host, and wait for the head of the answer.
    /// Follows nothing, decodes nothing, adds no header but the length.
    async fn exchange(
        self: Box<Self>,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Box<dyn ConnectionBody>>, ExchangeError>;
}

/// The body of an answer as it comes on a connection. Dropping it before its end ends the connection.
#[async_trait(?Send)]
pub trait ConnectionBody {
    /// How many bytes will still come at least, as far as the head said.
    fn announced(&self) -> u64;

    /// The next piece, never empty; `None` after the last. The error says why it broke off.
    async fn chunk(&mut self) -> Result<Option<Bytes>, String>;
}

/// Why an exchange on a connection has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeError {
    /// Nothing of the request was sent, and there is no other connection either.
    Unsent(String),
    /// It broke off. The peer may have acted.
    Interrupted(String),
}
