//! Who may ask, and how a browser is kept from asking for somebody else.

use super::host::{Host, TOKEN, problem, request};
use crate::Tokens;
use bytes::Bytes;
use http::{Request, Response};

const PATH: &str = "/v1/workspaces";

async fn with(headers: &[(&str, &str)]) -> Response<Bytes> {
    let builder = headers.iter().fold(Request::get(PATH), |builder, (name, value)| builder.header(*name, *value));
    Host::new().send(builder.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_valid_token() {
    let long = format!("Bearer {TOKEN}x");
    let short = format!("Bearer {}", TOKEN.trim_end_matches('9'));
    let bare = TOKEN.to_owned();
    let basic = format!("Basic {TOKEN}");
    for value in [&long, &short, &bare, &basic, "", "Bearer", "Bearer "] {
        let response = with(&[("authorization", value)]).await;
        assert_eq!(problem(&response), (401, "unauthenticated".into()), "{value}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert!(!String::from_utf8_lossy(response.body()).contains("kos-"), "a token was repeated");
    }
    let good = format!("Bearer {TOKEN}");
    assert_eq!(problem(&with(&[]).await).0, 401);
    assert_eq!(problem(&with(&[("authorization", &good), ("authorization", &good)]).await).0, 401);
    assert_eq!(with(&[("authorization", &good)]).await.status(), 200);
    assert_eq!(with(&[("authorization", &format!("bearer  {TOKEN} "))]).await.status(), 200);
}

#[test]
fn a_token_speaks_for_its_principal_and_is_not_kept() {
    let tokens = Tokens::new().with("one", "p-1").with("two", "p-2");
    assert_eq!((tokens.principal("one"), tokens.principal("two")), (Some("p-1"), Some("p-2")));
    assert_eq!((tokens.principal("three"), tokens.principal("")), (None, None));
    assert_eq!(format!("{tokens:?}"), "Tokens(2)");
    let digest = [
        0x2c, 0xf2, 0x4d, 0xba, 0x5f, 0xb0, 0xa3, 0x0e, 0x26, 0xe8, 0x3b, 0x2a, 0xc5, 0xb9, 0xe2, 0x9e, 0x1b, 0x16,
        0x1e, 0x5c, 0x1f, 0xa7, 0x42, 0x5e, 0x73, 0x04, 0x33, 0x62, 0x93, 0x8b, 0x98, 0x24,
    ];
    assert_eq!(Tokens::new().with_digest(digest, "p").principal("hello"), Some("p"), "plain SHA-256");
}

#[tokio::test]
async fn health_and_description_are_for_everybody() {
    for path in ["/health", "/openapi.json"] {
        let response = Host::new().send(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test]
async fn a_name_rebound_to_this_machine_gets_nowhere() {
    let good = format!("Bearer {TOKEN}");
    for host in [
        "evil.example",
        "evil.example:7700",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "192.168.0.7",
        "[::2]",
        "user@localhost",
        "",
        "a b",
    ] {
        let response = with(&[("authorization", &good), ("host", host)]).await;
        assert_eq!(problem(&response), (403, "forbidden_host".into()), "{host}");
    }
    for host in [
        "localhost",
        "LOCALHOST:80",
        "127.0.0.1:7700",
        "127.8.8.8",
        "[::1]:7700",
        "kernel.example.com",
        "Kernel.Example.com:443",
    ] {
        assert_eq!(with(&[("authorization", &good), ("host", host)]).await.status(), 200, "{host}");
    }
    let two = with(&[("authorization", &good), ("host", "localhost"), ("host", "127.0.0.1")]).await;
    assert_eq!(problem(&two), (403, "forbidden_host".into()));
    let health = Request::get("/health").header("host", "evil.example").body(Bytes::new()).unwrap();
    assert_eq!(problem(&Host::new().send(health).await).0, 403, "open routes are no exception");
    let absolute = Request::get("http://evil.example/health").body(Bytes::new()).unwrap();
    assert_eq!(problem(&Host::new().send(absolute).await).0, 403);
}

#[tokio::test]
async fn a_page_from_elsewhere_gets_nowhere() {
    let good = format!("Bearer {TOKEN}");
    let from =
        async |origin: &str| with(&[("authorization", &good), ("host", "localhost:7700"), ("origin", origin)]).await;
    for origin in [
        "null",
        "https://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "file://",
        "",
        "http://localhost:7700.evil.example",
        "http://localhost:7700@evil.example",
    ] {
        assert_eq!(problem(&from(origin).await), (403, "forbidden_origin".into()), "{origin}");
    }
    for origin in ["http://localhost:7700", "https://kernel.example.com"] {
        assert_eq!(from(origin).await.status(), 200, "{origin}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let host = Host::new();
    for path in [
        "/",
        "/v1",
        "/v1/workspaces/",
        "/v2/workspaces",
        "/v1/workspaces//commands",
        "/v1/workspaces/a/b/c/d",
        "//health",
    ] {
        assert_eq!(problem(&host.get(path).await), (404, "unknown_route".into()), "{path}");
    }
    for (method, path, allowed) in [
        ("POST", "/health", "GET"),
        ("DELETE", PATH, "POST, GET"),
        ("OPTIONS", PATH, "POST, GET"),
        ("PUT", "/v1/workspaces/x", "GET"),
    ] {
        let response = host.send(request(method, path).body(Bytes::new()).unwrap()).await;
        assert_eq!(problem(&response), (405, "method_not_allowed".into()), "{method} {path}");
        assert_eq!(response.headers()["allow"], allowed);
    }
}
