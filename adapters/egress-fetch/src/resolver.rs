//! Names over HTTPS, in the JSON form that the large public resolvers speak.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join;
use http::header::ACCEPT;
use http::{Request, StatusCode};
use ports::fetch::whole;
use ports::{Fetch, Resolver};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// The resolver that is asked when a host names no other.
pub const DNS: &str = "https://cloudflare-dns.com/dns-query";

/// Most bytes of an answer: a name with a hundred addresses has a tenth of it.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Numbers of record types: A and AAAA.
const A: u16 = 1;
const AAAA: u16 = 28;
/// The name does not exist, which is an answer.
const NO_SUCH_NAME: u16 = 3;

/// Asks a resolver over HTTPS. Answers are not kept.
#[derive(Clone)]
pub struct HttpsResolver {
    fetch: Rc<dyn Fetch>,
    endpoint: String,
}

impl std::fmt::Debug for HttpsResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpsResolver({})", self.endpoint)
    }
}

/// What a resolver says.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

impl HttpsResolver {
    /// The resolver at `endpoint`, an `https://` URL without a query.
    pub fn new(fetch: Rc<dyn Fetch>, endpoint: impl Into<String>) -> Self {
        Self { fetch, endpoint: endpoint.into() }
    }

    /// The addresses of one family.
    async fn ask(&self, host: &str, kind: u16) -> Result<Vec<IpAddr>, String> {
        let family = if kind == A { "A" } else { "AAAA" };
        let request = Request::get(format!("{}?name={host}&type={family}", self.endpoint));
        let request = request.header(ACCEPT, "application/dns-json").body(Bytes::new());
        let request = request.map_err(|why| format!("the resolver cannot be asked: {why}"))?;
        let (head, mut body) = self.fetch.fetch(request).await.map_err(silent)?.into_parts();
        if head.status != StatusCode::OK {
            return Err(silent(format!("it says {}", head.status)));
        }
        let said = whole(&mut *body, ANSWER_BYTES_MAX).await.map_err(silent)?;
        let said: Said = serde_json::from_slice(&said).map_err(|why| silent(why.to_string()))?;
        match said.status {
            0 => said.answer.iter().filter(|record| record.kind == kind).map(address).collect(),
            NO_SUCH_NAME => Ok(Vec::new()),
            other => Err(format!("the resolver failed with code {other}")),
        }
    }
}

#[async_trait(?Send)]
impl Resolver for HttpsResolver {
    /// Both families, or neither: what only one of them says is not every address the name means.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        // RFC 6761: it means this machine and is asked nobody.
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        // What the broker takes for a name is one; anything else would be another question.
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
            return Err("it is no name that can be asked for".to_owned());
        }
        let (mut addresses, more) = try_join(self.ask(host, A), self.ask(host, AAAA)).await?;
        addresses.extend(more);
        Ok(addresses)
    }
}

fn silent(why: String) -> String {
    format!("the resolver does not answer: {why}")
}

fn address(record: &Record) -> Result<IpAddr, String> {
    record.data.parse().map_err(|_| "the resolver said an address that is none".to_owned())
}
