//! `http.request`: through the egress broker, and nowhere else.

use super::failed;
use crate::Runtime;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::egress::{EgressFailure, EgressPolicy, EgressRequest, EgressResponse};
use ports::sequencing::EffectView;
use serde_json::{Map, Value, json};

/// Largest answer that is taken: what a workflow's value and a model's context can hold.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Send the request that `arguments` describe under the rules in `egress`.
pub async fn perform(runtime: &Runtime, view: &EffectView, arguments: &Value, egress: &Value) -> Value {
    let rules = if egress.is_null() { json!({}) } else { egress.clone() };
    let policy = match serde_json::from_value::<EgressPolicy>(rules) {
        Ok(policy) => EgressPolicy { response_bytes_max: ANSWER_BYTES_MAX, ..policy },
        Err(why) => return failed("bad_policy", &why.to_string()),
    };
    let request = match request(arguments, &view.idempotency_key) {
        Ok(request) => request,
        Err(why) => return failed("bad_request", &why),
    };
    match runtime.egress.send(&policy, request).await {
        Ok(response) => json!({ "is": "returned", "result": result(&response, arguments) }),
        Err(failure) => refused(&failure),
    }
}

fn refused(failure: &EgressFailure) -> Value {
    json!({
        "is": "failed", "class": failure.class.as_str(), "detail": failure.detail,
        "retriable": failure.class.may_pass(), "sent": failure.sent,
    })
}

fn request(arguments: &Value, idempotency_key: &str) -> Result<EgressRequest, String> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let endpoint = arguments.get("endpoint");
    let url = endpoint.and_then(|it| it.as_str().or_else(|| it.get("uri").and_then(Value::as_str)));
    let url = url.or_else(|| text("uri")).ok_or("there is no endpoint")?;
    let method = text("method").unwrap_or("GET");
    let mut headers = Vec::new();
    for (name, value) in members(arguments, "headers") {
        headers.push((name.clone(), plain(value)));
    }
    let body = arguments.get("body").filter(|body| !body.is_null());
    let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if body.is_some_and(|body| !body.is_string()) && !typed {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Ok(EgressRequest {
        headers,
        body: body.map(|body| Bytes::from(plain(body))),
        follow_redirects: !arguments.get("redirect").and_then(Value::as_bool).unwrap_or(false),
        idempotency_key: Some(idempotency_key.to_owned()),
        ..EgressRequest::new(method, with_query(url, arguments))
    })
}

fn members<'a>(arguments: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    arguments.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The URL with the query's members behind it, percent-encoded as RFC 3986 has it.
fn with_query(url: &str, arguments: &Value) -> String {
    let (front, fragment) = url.split_once('#').map_or((url, None), |(front, back)| (front, Some(back)));
    let mut whole = front.to_owned();
    for (name, value) in members(arguments, "query") {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(&encoded(name));
        whole.push('=');
        whole.push_str(&encoded(&plain(value)));
    }
    fragment.map_or(whole.clone(), |fragment| format!("{whole}#{fragment}"))
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The answer as JSON: a body of JSON is parsed, any other is text; a raw one is base64, as the workflow language has it.
fn result(response: &EgressResponse, arguments: &Value) -> Value {
    let headers: Map<String, Value> =
        response.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let is_json = headers.get("content-type").and_then(Value::as_str).is_some_and(|kind| kind.contains("json"));
    let body = if arguments.get("output").and_then(Value::as_str) == Some("raw") {
        json!(STANDARD.encode(&response.body))
    } else {
        let text = String::from_utf8_lossy(&response.body);
        let parsed = is_json.then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
        parsed.unwrap_or_else(|| json!(text))
    };
    json!({ "status": response.status, "headers": headers, "body": body, "url": response.url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_arguments_say() {
        let arguments = json!({
            "method": "post", "endpoint": {"uri": "https://example.org/a?x=1#part"},
            "query": {"q": "a b&c"}, "headers": {"x-n": 7}, "body": {"k": "v"},
        });
        let request = request(&arguments, "the key").unwrap();
        assert_eq!(request.url, "https://example.org/a?x=1&q=a%20b%26c#part");
        assert!(request.headers.contains(&("x-n".to_owned(), "7".to_owned())));
        assert!(request.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
        assert_eq!(request.body.as_deref(), Some(&b"{\"k\":\"v\"}"[..]));
        assert_eq!(request.idempotency_key.as_deref(), Some("the key"));
    }

    #[test]
    fn a_body_of_json_is_parsed_and_any_other_is_text() {
        let answer = |kind: &str| EgressResponse {
            status: 200,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: Bytes::from_static(b"{\"a\":1}"),
            url: "https://example.org/".to_owned(),
        };
        assert_eq!(result(&answer("application/problem+json"), &json!({}))["body"], json!({"a": 1}));
        assert_eq!(result(&answer("text/plain"), &json!({}))["body"], json!("{\"a\":1}"));
        assert_eq!(result(&answer("application/json"), &json!({"output": "raw"}))["body"], json!("eyJhIjoxfQ=="));
    }
}
