//! What names mean.

use super::platform::{Answer, Platform};
use crate::HttpsResolver;
use ports::{Fetch, Resolver as _};
use std::net::IpAddr;
use std::rc::Rc;

const ENDPOINT: &str = "https://dns.example/dns-query";

async fn resolve(host: &str, a: Answer, aaaa: Answer) -> (Result<Vec<IpAddr>, String>, Vec<String>) {
    let platform = Platform::new(move |request| {
        assert_eq!(request.headers()["accept"], "application/dns-json");
        if request.uri().query().unwrap().ends_with("type=A") { a.clone() } else { aaaa.clone() }
    });
    let resolver = HttpsResolver::new(Rc::clone(&platform) as Rc<dyn Fetch>, ENDPOINT);
    (resolver.resolve(host).await, platform.fetched())
}

fn says(text: &str) -> Answer {
    let (head, tail) = text.split_at(text.len() / 2);
    Ok((200, vec![("content-type", "application/dns-json".to_owned())], vec![head.to_owned(), tail.to_owned()]))
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const NONE: &str = r#"{"Status":0,"Question":[{"name":"example.org","type":28}]}"#;

#[tokio::test]
async fn a_name_means_all_of_its_addresses_and_an_alias_is_none() {
    let a = r#"{"Status":0,"TC":false,"Answer":[
        {"name":"www.example.org","type":5,"TTL":60,"data":"example.org."},
        {"name":"example.org","type":1,"TTL":60,"data":"93.184.215.14"},
        {"name":"example.org","type":1,"TTL":60,"data":"10.0.0.1"}]}"#;
    let aaaa = r#"{"Status":0,"Answer":[{"name":"example.org","type":28,"TTL":60,"data":"2606:2800::1"}]}"#;
    let (found, asked) = resolve("www.example.org", says(a), says(aaaa)).await;
    assert_eq!(found.unwrap(), addresses(&["93.184.215.14", "10.0.0.1", "2606:2800::1"]));
    let question = |family| format!("{ENDPOINT}?name=www.example.org&type={family}");
    assert_eq!(asked, [question("A"), question("AAAA")]);
}

#[tokio::test]
async fn a_name_that_does_not_exist_has_no_address() {
    let missing = || says(r#"{"Status":3,"Authority":[{"name":"org","type":6,"TTL":9,"data":"a b c"}]}"#);
    assert_eq!(resolve("nobody.example.org", missing(), missing()).await.0, Ok(Vec::new()));
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let a = || says(r#"{"Status":0,"Answer":[{"name":"x","type":1,"TTL":6,"data":"93.184.215.14"}]}"#);
    for other in [
        Err("no route".to_owned()),
        Ok((502, Vec::new(), Vec::new())),
        says(r#"{"Status":2}"#),
        says("<html>"),
        says(r#"{"Status":0,"Answer":[{"name":"x","type":28,"TTL":6,"data":"not an address"}]}"#),
        says(&format!(r#"{{"Status":0,"Comment":"{}"}}"#, "x".repeat(70_000))),
    ] {
        let why = format!("{other:?}");
        assert!(resolve("x.example.org", a(), other).await.0.is_err(), "{why}");
    }
    assert_eq!(resolve("x.example.org", a(), says(NONE)).await.0.unwrap(), addresses(&["93.184.215.14"]));
}

#[tokio::test]
async fn this_machine_and_addresses_are_asked_nobody() {
    for (host, means) in [
        ("localhost", vec!["127.0.0.1", "::1"]),
        ("LOCALHOST", vec!["127.0.0.1", "::1"]),
        ("10.1.2.3", vec!["10.1.2.3"]),
        ("::1", vec!["::1"]),
    ] {
        let (found, asked) = resolve(host, Err("asked".to_owned()), Err("asked".to_owned())).await;
        assert_eq!((found.unwrap(), asked.len()), (addresses(&means), 0), "{host}");
    }
}

#[tokio::test]
async fn what_would_be_another_question_is_not_asked() {
    for host in ["a.example&type=TXT", "a b", "a#b", "a?b", "ä.example"] {
        let (found, asked) = resolve(host, says(NONE), says(NONE)).await;
        assert!(found.is_err() && asked.is_empty(), "{host}");
    }
}
