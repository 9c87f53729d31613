//! Who may ask: nobody without a token, and no page from elsewhere.

use crate::routes::{description, is_problem, operations};
use crate::scene::Scene;
use kernelos_tests::crash::Client;

#[test]
fn nothing_but_what_is_open_is_answered_without_a_valid_token() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let before = (scene.room.end(), scene.room.root());
    for operation in operations(&description) {
        let path = scene.path_of(&operation);
        let answer = scene.ask(&operation, &path, false);
        if operation.is_open() {
            assert_eq!(answer.status, operation.well().0, "{path}");
            continue;
        }
        if operation.method != "HEAD" {
            is_problem(&description, &answer, "unauthenticated");
        }
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(scene.host.token()));
    }
    assert_eq!((scene.room.end(), scene.room.root()), before, "somebody without a token changed something");
}

#[test]
fn a_token_stands_in_one_header_and_nowhere_else() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let (address, token) = (scene.host.address(), scene.host.token().to_owned());
    let path = scene.room.path("");
    for header in [
        String::new(),
        "authorization: Bearer \r\n".to_owned(),
        format!("authorization: Bearer {token}1\r\n"),
        format!("authorization: Basic {token}\r\n"),
        format!("authorization: {token}\r\n"),
        format!("cookie: token={token}\r\n"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{header}\r\n");
        let answer = Client::new(address, "").exchange(request.as_bytes()).unwrap();
        is_problem(&description, &answer, "unauthenticated");
    }
    let in_query = format!("GET {path}?token={token} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    is_problem(&description, &Client::new(address, "").exchange(in_query.as_bytes()).unwrap(), "unauthenticated");
    let lower = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: bearer {token}\r\n\r\n");
    assert_eq!(Client::new(address, "").exchange(lower.as_bytes()).unwrap().status, 200);
}

#[test]
fn a_page_from_elsewhere_gets_nowhere_although_it_has_a_token() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let path = scene.room.path("");
    for origin in ["http://evil.example", "null", "http://localhost:1", "file://"] {
        let answer = scene.room.client.send("GET", &path, &[("origin", origin)], b"").unwrap();
        is_problem(&description, &answer, "forbidden_origin");
    }
    let own = scene.host.url();
    assert_eq!(scene.room.client.send("GET", &path, &[("origin", &own)], b"").unwrap().status, 200);
}

#[test]
fn a_name_that_is_not_the_hosts_gets_nowhere() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let (address, token) = (scene.host.address(), scene.host.token().to_owned());
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "192.168.0.1"] {
        let head = format!("GET {} HTTP/1.1\r\nhost: {host}\r\n", scene.room.path(""));
        let request = format!("{head}authorization: Bearer {token}\r\n\r\n");
        let answer = Client::new(address, "").exchange(request.as_bytes()).unwrap();
        is_problem(&description, &answer, "forbidden_host");
    }
}
