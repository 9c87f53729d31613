//! The list of models.

use crate::ChatCompletions;
use ports::Codec as _;

#[test]
fn the_list_is_asked_for_beside_the_completions_with_the_same_key() {
    let request = ChatCompletions.encode_models("https://api.example.com/v1/", Some("k")).unwrap();
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("GET", "https://api.example.com/v1/models")
    );
    assert_eq!(request.headers()["authorization"], "Bearer k");
    let open = ChatCompletions.encode_models("http://127.0.0.1:8080/v1", None).unwrap();
    assert!(!open.headers().contains_key("authorization"));
    assert!(ChatCompletions.encode_models("ftp://example.com", None).is_none());
    assert!(ChatCompletions.encode_models("https://api.example.com/v1", Some("two words")).is_none());
}

#[test]
fn names_are_taken_as_they_come_and_anything_else_is_no_list() {
    let names = |body: &str| ChatCompletions.decode_models(body.as_bytes());
    let body = r#"{"object":"list","data":[{"id":"m-1"},{"name":"x"},{"id":7},{"id":"m\u001b[2J-2"},"m-3"]}"#;
    assert_eq!(names(body), ["m-1", "m [2J-2"]);
    for body in ["", "<html>", "[]", r#"{"data":{}}"#, r#"{"models":["m"]}"#] {
        assert!(names(body).is_empty(), "{body}");
    }
    let many: Vec<String> = (0..2_000).map(|nth| format!(r#"{{"id":"m-{nth}"}}"#)).collect();
    assert_eq!(names(&format!(r#"{{"data":[{}]}}"#, many.join(","))).len(), 512);
}
