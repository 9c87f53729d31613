//! Workspaces as files, seen from outside.

use super::host::{Host, WORKSPACE, problem, request};
use crate::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response};
use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::seal::TransferKey;
use ports::SequencingError;
use ports::problem::Fault;
use ports::transfer::{self, About, FILE_FORMAT, FrameKind, KeyAbout, MAGIC};
use serde_json::{Value, json};

fn path(end: &str) -> String {
    format!("/v1/workspaces/{WORKSPACE}/{end}")
}

fn key() -> Value {
    json!(HashText([7; 32]))
}

/// A file's beginning.
fn head(workspace: WorkspaceId) -> Vec<u8> {
    let key = KeyAbout { check: TransferKey::new([7; 32]).check(workspace), age: None };
    let kernel = "0".to_owned();
    let about = About {
        file: FILE_FORMAT,
        format: 1,
        kernel,
        workspace,
        after: 0,
        pos: 3,
        roots: [].into(),
        written_at: 1,
        key,
    };
    let raw = serde_json::to_vec(&about).unwrap();
    [MAGIC, &transfer::write(&mut transfer::begin(), FrameKind::About, &raw)].concat()
}

fn base64(bytes: &[u8]) -> Value {
    let mut text = Vec::new();
    transfer::text::bytes::serialize(bytes, &mut serde_json::Serializer::new(&mut text)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// All of an answer, whichever form it has, without holding it against the description: files are not JSON.
async fn all(host: &Host, request: Request<Bytes>) -> Response<Bytes> {
    let (head, body) = host.handle(request, &Host::quiet()).await.into_parts();
    let body = match body {
        Body::Whole(bytes) => bytes,
        Body::Stream(chunks) => chunks.collect::<Vec<_>>().await.concat().into(),
    };
    Response::from_parts(head, body)
}

fn asked(method: &str, end: &str, body: &Value) -> Request<Bytes> {
    let request = request(method, &path(end)).header("content-type", "application/json");
    request.body(Bytes::from(body.to_string())).unwrap()
}

fn part(offset: &str, media_type: &str) -> Request<Bytes> {
    let request = request("PATCH", &path("import")).header("content-type", media_type).header("upload-offset", offset);
    request.body(Bytes::from_static(b"bytes")).unwrap()
}

#[tokio::test]
async fn a_file_comes_as_a_stream_and_says_why_when_there_is_no_more() {
    let host = Host::new();
    let response = all(&host, asked("POST", "export", &json!({"key": key()}))).await;
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, &b"the beginning, the end"[..]));
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    let response = all(&host, asked("POST", "export", &json!({"key": key(), "wrapped": "fails"}))).await;
    let rest = response.body().strip_prefix(b"the beginning, ").unwrap();
    let frame = transfer::read(rest, &HashText([0; 32])).unwrap().unwrap();
    let why: Value = serde_json::from_slice(&frame.raw).unwrap();
    assert_eq!((frame.kind, &why["code"]), (FrameKind::Failure, &json!("unavailable")));
}

#[tokio::test]
async fn what_is_wrong_with_an_export_from_the_beginning_is_a_problem() {
    let host = Host::failing(SequencingError::NoWorkspace);
    let feed =
        crate::Feed { sequencing: std::rc::Rc::new(Host::failing(SequencingError::NoWorkspace)), ..Host::quiet() };
    let (head, _) = host.handle(asked("POST", "export", &json!({"key": key()})), &feed).await.into_parts();
    assert_eq!(head.status.as_u16(), 404);
    let host = Host::new();
    let bodies = [json!({}), json!({"key": "short"}), json!({"key": key(), "passphrase": "x"})];
    for (body, code) in bodies.iter().zip([(422, "invalid_argument"), (400, "bad_id"), (422, "invalid_argument")]) {
        let response = all(&host, asked("POST", "export", body)).await;
        assert_eq!(problem(&response), (code.0, code.1.to_owned()), "{body}");
    }
    let long = "x".repeat(40_000);
    let response = all(&host, asked("POST", "export", &json!({"key": key(), "wrapped": long}))).await;
    assert_eq!(problem(&response), (422, "too_long".to_owned()));
}

#[tokio::test]
async fn an_import_is_begun_gone_on_with_asked_for_and_given_up() {
    let host = Host::new();
    let head = head(WORKSPACE);
    let begun = host.send(asked("POST", "import", &json!({"head": base64(&head), "key": key()}))).await;
    assert_eq!((begun.status().as_u16(), &begun.headers()["upload-offset"]), (201, &"70".parse().unwrap()));
    assert_eq!(begun.headers()["location"], path("import"));
    for media_type in ["application/octet-stream", "application/partial-upload", "application/offset+octet-stream"] {
        let appended = host.send(part("70", media_type)).await;
        assert_eq!((appended.status().as_u16(), &appended.headers()["upload-complete"]), (200, &"?0".parse().unwrap()));
    }
    for (method, header) in [("HEAD", Some("70")), ("DELETE", None)] {
        let response = all(&host, request(method, &path("import")).body(Bytes::new()).unwrap()).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
        assert_eq!(response.headers().get("upload-offset").map(|it| it.to_str().unwrap()), header);
    }
    let whole = all(&host, request("DELETE", &path("import?whole=7")).body(Bytes::new()).unwrap()).await;
    assert_eq!(whole.status().as_u16(), 204);
    let begin = format!("begin with {} bytes", head.len());
    let append = "5 bytes at 70 by p-owner";
    assert_eq!(
        *host.asked.borrow(),
        [&begin, append, append, append, "Stand", "Abandon { whole: None }", "Abandon { whole: Some(7) }"]
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_made_of_it() {
    let host = Host::new();
    let other = WorkspaceId([9; 16]);
    let mut altered = head(WORKSPACE);
    *altered.last_mut().unwrap() ^= 1;
    for (head, key, code) in [
        (head(other), key(), "wrong_workspace"),
        (head(WORKSPACE), json!(HashText([8; 32])), "import_wrong_key"),
        (altered, key(), "import_altered"),
        (head(WORKSPACE)[..50].to_vec(), key(), "import_altered"),
        (b"PK\x03\x04 and so on, for a while".to_vec(), key(), "import_foreign"),
    ] {
        let response = host.send(asked("POST", "import", &json!({"head": base64(&head), "key": key}))).await;
        assert_eq!(problem(&response), (422, code.to_owned()));
    }
    let response = host.send(asked("POST", "import", &json!({"head": "%", "key": key()}))).await;
    assert_eq!(problem(&response), (422, "invalid_argument".to_owned()));
    assert_eq!(problem(&host.send(part("70", "text/plain")).await), (415, "unsupported_media_type".to_owned()));
    for offset in ["", "-1", "x"] {
        assert_eq!(problem(&host.send(part(offset, "application/octet-stream")).await).0, 422, "{offset}");
    }
    assert_eq!(host.asked.borrow().len(), 0);
}

#[tokio::test]
async fn what_an_import_comes_up_against_has_a_code_of_its_own() {
    for (fault, status) in [(Fault::WorkspaceExists, 409), (Fault::ImportOffset, 409), (Fault::ImportAltered, 422)] {
        let host = Host::failing(SequencingError::Transfer(fault, "why".to_owned()));
        assert_eq!(host.send(part("70", "application/octet-stream")).await.status().as_u16(), status);
    }
    let host = Host::failing(SequencingError::NoWorkspace);
    let response = host.send(part("70", "application/octet-stream")).await;
    assert_eq!(problem(&response), (404, "import_unknown".to_owned()));
    let stranger = Request::builder().method("DELETE").uri(path("import")).header("host", "localhost");
    let response = host.send(stranger.body(Bytes::new()).unwrap()).await;
    assert_eq!(problem(&response), (401, "unauthenticated".to_owned()));
}
