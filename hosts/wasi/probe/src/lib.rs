//! A component that does on request what components must not do, so that tests see what a host makes of it. It is served
//! by no manifest but those of tests.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use ports::{Fetch as _, Timer as _};
use serde_json::{Value as Json, json};
use spin_sdk::sqlite3::{Connection, Error, Value};
use spin_sdk::variables;
use wasi_shared::wasi::exports::http::incoming_handler::Guest;
use wasi_shared::wasi::http::types::{IncomingRequest, ResponseOutparam};
use wasi_shared::{Wasi, WasiFetch, read, run, whole};

/// Most bytes of what is asked.
const BYTES_MAX: usize = 1 << 20;
/// A piece of memory.
const PIECE: usize = 1 << 20;

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        run(serve(request, out));
    }
}

wasi_shared::wasi::http::proxy::export!(Component with_types_in wasi_shared::wasi);

async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let request = match read(request, BYTES_MAX).await {
        Ok(request) => request,
        Err(problem) => return whole(out, problem.response()).await,
    };
    let (path, asked) = (request.uri().path().to_owned(), String::from_utf8_lossy(request.body()).into_owned());
    let answer = match path.as_str() {
        "/hello" => json!("hello"),
        "/memory" => json!(memory()),
        "/compute" => json!(compute()),
        "/sleep" => json!(sleep(&asked).await),
        "/end" => return,
        "/variable" => variable(&asked),
        "/fetch" => fetch(&asked).await,
        "/sql" => sql(&asked),
        _ => json!(path),
    };
    let mut response = Response::new(Bytes::from(answer.to_string()));
    *response.status_mut() = StatusCode::OK;
    whole(out, response).await;
}

/// Take memory without end.
fn memory() -> usize {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(vec![1; PIECE]);
        if taken.len() > 1 << 12 {
            return taken.len();
        }
    }
}

/// Compute without end.
fn compute() -> u64 {
    let mut number = 1_u64;
    while number != 0 {
        number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005) | 1);
    }
    number
}

async fn sleep(ms: &str) -> u64 {
    let ms = ms.trim().parse().unwrap_or_default();
    Wasi.sleep(ms).await;
    ms
}

fn variable(name: &str) -> Json {
    variables::get(name).map_or_else(|why| json!({ "error": why.to_string() }), |value| json!({ "value": value }))
}

/// Ask another one.
async fn fetch(url: &str) -> Json {
    let exchange = async {
        let request = Request::get(url.trim()).body(Bytes::new()).map_err(|why| why.to_string())?;
        let (head, mut body) = WasiFetch.fetch(request).await?.into_parts();
        let body = ports::fetch::whole(&mut *body, BYTES_MAX).await?;
        Ok::<_, String>(json!({ "status": head.status.as_u16(), "body": String::from_utf8_lossy(&body) }))
    };
    exchange.await.unwrap_or_else(|why| json!({ "error": why }))
}

/// Perform statements, each as `[connection, statement, value, ...]`, and tell what each came to.
fn sql(asked: &str) -> Json {
    let Ok(statements) = serde_json::from_str::<Vec<Vec<Json>>>(asked) else { return json!("not a list of lists") };
    let mut connections: Vec<Connection> = Vec::new();
    let mut told = Vec::new();
    for statement in statements {
        told.push(perform(&mut connections, &statement).unwrap_or_else(|why| json!({ "error": why })));
    }
    json!(told)
}

fn perform(connections: &mut Vec<Connection>, asked: &[Json]) -> Result<Json, String> {
    let [nth, statement, values @ ..] = asked else { return Err("too short".to_owned()) };
    let nth = usize::try_from(nth.as_u64().unwrap_or_default()).unwrap_or_default();
    while connections.len() <= nth {
        connections.push(Connection::open_default().map_err(words)?);
    }
    let connection = connections.get(nth).ok_or("no connection")?;
    let values: Vec<Value> = values.iter().map(value).collect();
    let found = connection.execute(statement.as_str().unwrap_or_default(), &values).map_err(words)?;
    Ok(found.rows.iter().map(|row| row.values.iter().map(shown).collect::<Json>()).collect())
}

/// A number is a number, a list a number of zeros, all else a text.
fn value(value: &Json) -> Value {
    match value {
        Json::Number(number) => Value::Integer(number.as_i64().unwrap_or_default()),
        Json::Array(of) => {
            let size = of.first().and_then(Json::as_u64).unwrap_or_default();
            Value::Blob(vec![0; usize::try_from(size).unwrap_or_default()])
        }
        Json::Null => Value::Null,
        other => Value::Text(other.as_str().unwrap_or_default().to_owned()),
    }
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => json!({ "bytes": bytes.len() }),
        Value::Null => Json::Null,
    }
}

fn words(why: Error) -> String {
    match why {
        Error::Io(words) => words,
        other => other.to_string(),
    }
}
