//! A host over the components that were built, and a client of one request per connection.
#![allow(dead_code, reason = "not every story needs everything")]

use kernelos_wasi_host::{Config, Host, Limits};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The root of the tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

/// A component that was built.
pub fn component(name: &str) -> PathBuf {
    let file = root().join("target/wasm32-wasip2/component").join(name);
    assert!(file.exists(), "{} is not built; run: cargo xtask build wasi", file.display());
    file
}

/// The application as it ships, over `data`.
pub fn application(data: &Path) -> Config {
    component("kernelos_wasi_gateway.wasm");
    let mut config = Config::new(root().join("spin.toml"), data);
    config.variables = BTreeMap::new();
    config
}

/// A host of two probes, `one` and `two`, whose first has more in its manifest.
pub struct Probes {
    /// The host.
    pub host: Host,
    _folder: TempDir,
}

impl Probes {
    /// With `more` in the manifest of `one`.
    pub fn start(more: &str, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = component("kernelos_wasi_probe.wasm");
        let manifest = format!(
            "spin_manifest_version = 2\n[application]\nname = \"probes\"\n\
             [variables]\nword = {{ default = \"said\" }}\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"one\"\n\
             [[trigger.http]]\nroute = \"/two/...\"\ncomponent = \"two\"\n\
             [component.two]\nsource = {source:?}\n\
             [component.one]\nsource = {source:?}\n{more}\n"
        );
        let path = folder.path().join("spin.toml");
        std::fs::write(&path, manifest).unwrap();
        let config = Config { variables: BTreeMap::new(), limits, ..Config::new(path, folder.path().join("data")) };
        Self { host: Host::start(config).unwrap(), _folder: folder }
    }

    /// What `one` answers to `body` at `path`.
    pub fn ask(&self, path: &str, body: &str) -> Answer {
        send(self.host.address(), "POST", path, &[], body).unwrap()
    }

    /// What `one` says to statements.
    pub fn sql(&self, statements: Value) -> Value {
        self.ask("/sql", &statements.to_string()).json()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {} {text}", self.status))
    }
}

/// Send a request and read the answer to its end.
pub fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes())?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    parsed(&all).ok_or_else(|| std::io::Error::other("the answer broke off"))
}

fn parsed(all: &[u8]) -> Option<Answer> {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(all.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    let rest = all.get(end + 4..)?;
    let body = match headers.get("content-length") {
        Some(length) => rest.get(..length.parse().ok()?)?.to_vec(),
        None if headers.contains_key("transfer-encoding") => unchunked(rest)?,
        None => rest.to_vec(),
    };
    Some(Answer { status, headers, body })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?.trim(), 16).ok()?;
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
        if size == 0 {
            return Some(body);
        }
    }
}

/// A client of the application.
pub struct Client {
    /// Where it listens.
    pub address: SocketAddr,
    /// The owner's token.
    pub token: String,
}

impl Client {
    /// Send a request as the owner.
    pub fn send(&self, method: &str, path: &str, key: Option<&str>, body: &str) -> std::io::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        send(self.address, method, path, &headers, body)
    }

    /// A new workspace.
    pub fn workspace(&self) -> String {
        let made = self.send("POST", "/v1/workspaces", Some("the-workspace"), r#"{"name":"desk"}"#).unwrap();
        assert!(matches!(made.status, 200 | 201), "{made:?}");
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Define a provider under `key`.
    pub fn define(&self, workspace: &str, key: &str, name: &str) -> std::io::Result<Answer> {
        let data =
            format!(r#"{{"name":"{name}","dialect":"openai-chat","base_url":"http://127.0.0.1:1/v1","model":"m"}}"#);
        let body = format!(r#"{{"commands":[{{"type":"provider.define","data":{data}}}]}}"#);
        self.send("POST", &format!("/v1/workspaces/{workspace}/commands"), Some(key), &body)
    }

    /// All events of a workspace.
    pub fn events(&self, workspace: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let path = format!("/v1/workspaces/{workspace}/events?after={}&limit=256", all.len());
            let page = self.send("GET", &path, None, "").unwrap();
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json()["events"].as_array().unwrap().clone();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

/// The database file as it lies there.
pub struct File(libsql::Connection);

impl File {
    /// Open it.
    pub fn open(path: &Path) -> Self {
        let open = async { libsql::Builder::new_local(path).build().await.unwrap().connect().unwrap() };
        Self(testkit::block_on(open))
    }
}

#[async_trait::async_trait(?Send)]
impl ports::Sql for File {
    async fn execute(
        &self,
        statement: &str,
        values: &[ports::SqlValue],
    ) -> Result<Vec<Vec<ports::SqlValue>>, ports::SqlError> {
        let failed = |why: libsql::Error| ports::SqlError(why.to_string());
        let values: Vec<libsql::Value> = values.iter().cloned().map(to).collect();
        let mut rows = self.0.query(statement, values).await.map_err(failed)?;
        let (mut found, columns) = (Vec::new(), rows.column_count());
        while let Some(row) = rows.next().await.map_err(failed)? {
            found.push((0..columns).map(|nth| from(row.get_value(nth).unwrap())).collect());
        }
        Ok(found)
    }
}

fn to(value: ports::SqlValue) -> libsql::Value {
    match value {
        ports::SqlValue::Null => libsql::Value::Null,
        ports::SqlValue::Integer(number) => libsql::Value::Integer(number),
        ports::SqlValue::Text(text) => libsql::Value::Text(text),
        ports::SqlValue::Blob(bytes) => libsql::Value::Blob(bytes),
    }
}

fn from(value: libsql::Value) -> ports::SqlValue {
    match value {
        libsql::Value::Null => ports::SqlValue::Null,
        libsql::Value::Integer(number) => ports::SqlValue::Integer(number),
        libsql::Value::Real(number) => ports::SqlValue::Text(number.to_string()),
        libsql::Value::Text(text) => ports::SqlValue::Text(text),
        libsql::Value::Blob(bytes) => ports::SqlValue::Blob(bytes),
    }
}
