//! What the answer to an HTTP request means to who asked for it.

use super::{Fault, Outcome};
use serde_json::{Value, json};

/// The result of `http.request`: `response` is what the egress broker brought, with `status`, `headers`, `body` and
/// `url`. As the workflow language has it, a status that is no success is a communication error, and `output: response`
/// gives the content with all that belongs to it.
pub fn outcome(arguments: &Value, response: Value) -> Outcome {
    let status = response.get("status").and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok()).unwrap_or(0);
    let redirect = arguments.get("redirect").and_then(Value::as_bool).unwrap_or(false);
    let success = (200..300).contains(&status) || (redirect && (300..400).contains(&status));
    if !success {
        let body = response.get("body").map(short).unwrap_or_default();
        let url = response.get("url").and_then(Value::as_str).unwrap_or_default();
        return Err(Fault::new("http_status", status, format!("{url} answered {status}: {body}")));
    }
    match arguments.get("output").and_then(Value::as_str).unwrap_or("content") {
        "response" => Ok(json!({
            "request": {
                "method": arguments.get("method").and_then(Value::as_str).unwrap_or("GET"),
                "uri": response.get("url"),
                "headers": arguments.get("headers").cloned().unwrap_or(json!({})),
            },
            "statusCode": status,
            "headers": response.get("headers"),
            "content": response.get("body"),
        })),
        _ => Ok(response.get("body").cloned().unwrap_or(json!(null))),
    }
}

/// The beginning of a body, for a person.
fn short(body: &Value) -> String {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_success_is_the_result_unless_all_of_it_is_wanted() {
        let response = json!({"status": 200, "body": {"a": 1}, "url": "https://example.org/"});
        assert_eq!(outcome(&json!({}), response.clone()), Ok(json!({"a": 1})));
        let whole = outcome(&json!({"output": "response", "method": "GET"}), response).unwrap();
        assert_eq!((&whole["content"], &whole["statusCode"]), (&json!({"a": 1}), &json!(200)));
        assert_eq!(whole["request"], json!({"method": "GET", "uri": "https://example.org/", "headers": {}}));
    }

    #[test]
    fn another_status_is_a_failure_with_that_status() {
        let response = json!({"status": 404, "body": "not\nhere", "url": "https://example.org/x"});
        let fault = outcome(&json!({}), response).unwrap_err();
        assert_eq!((fault.class.as_str(), fault.status), ("http_status", 404));
        assert_eq!(fault.detail, "https://example.org/x answered 404: nothere");
    }
}
