//! What is said to a server, and what it says.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ports::{SqlError, SqlValue};
use serde::{Deserialize, Serialize};

/// Servers differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Serialize)]
struct Pipeline<'a> {
    baton: Option<&'a str>,
    requests: [Execute<'a>; 1],
}

#[derive(Serialize)]
struct Execute<'a> {
    r#type: &'static str,
    stmt: Statement<'a>,
}

#[derive(Serialize)]
struct Statement<'a> {
    sql: &'a str,
    args: Vec<Value>,
    want_rows: bool,
}

/// A value. Numbers travel as texts, because readers of JSON round large ones.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type")]
enum Value {
    Null,
    Integer { value: String },
    Float { value: f64 },
    Text { value: String },
    Blob { base64: String },
}

#[derive(Deserialize)]
struct Answers {
    results: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "type")]
enum Answer {
    Ok { response: Response },
    Error { error: Failure },
}

#[derive(Deserialize)]
struct Response {
    result: Rows,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

/// The request that performs `statement`.
pub fn request(statement: &str, values: &[SqlValue]) -> serde_json::Result<Vec<u8>> {
    let stmt = Statement { sql: statement, args: values.iter().map(said).collect(), want_rows: true };
    serde_json::to_vec(&Pipeline { baton: None, requests: [Execute { r#type: "execute", stmt }] })
}

/// The rows in an answer.
pub fn rows(body: &[u8]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
    let unread = |why: serde_json::Error| SqlError(format!("the database server's answer cannot be read: {why}"));
    let answers: Answers = serde_json::from_slice(body).map_err(unread)?;
    match answers.results.into_iter().next() {
        Some(Answer::Ok { response }) => {
            response.result.rows.into_iter().map(|row| row.into_iter().map(heard).collect()).collect()
        }
        Some(Answer::Error { error }) => Err(SqlError(error.message)),
        None => Err(SqlError("the database server answered nothing".to_owned())),
    }
}

fn said(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::Integer { value: number.to_string() },
        SqlValue::Text(text) => Value::Text { value: text.clone() },
        SqlValue::Blob(bytes) => Value::Blob { base64: BASE64.encode(bytes) },
    }
}

fn heard(value: Value) -> Result<SqlValue, SqlError> {
    let wrong = |what: &str| SqlError(format!("the database server's answer holds {what}"));
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Integer { value } => value.parse().map(SqlValue::Integer).map_err(|_| wrong("a number that is none")),
        Value::Text { value } => Ok(SqlValue::Text(value)),
        Value::Blob { base64 } => BASE64.decode(base64).map(SqlValue::Blob).map_err(|_| wrong("bytes that are none")),
        Value::Float { .. } => Err(wrong("a fraction, and no table has one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_arrive_as_they_were_said() {
        let values = [SqlValue::Null, SqlValue::Integer(i64::MIN), "ä\0".into(), SqlValue::Blob(vec![0, 255, 7, 8])];
        let request = request("SELECT ?1", &values).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&request).unwrap();
        let args = &request["requests"][0]["stmt"]["args"];
        let answer =
            format!(r#"{{"results":[{{"type":"ok","response":{{"type":"execute","result":{{"rows":[{args}]}}}}}}]}}"#);
        assert_eq!(rows(answer.as_bytes()).unwrap(), [values]);
    }

    #[test]
    fn bytes_are_read_with_and_without_padding() {
        for text in ["AP8=", "AP8"] {
            let heard = heard(Value::Blob { base64: text.to_owned() });
            assert_eq!(heard, Ok(SqlValue::Blob(vec![0, 255])));
        }
    }

    #[test]
    fn what_a_server_refuses_is_in_its_own_words_and_the_rest_is_not_guessed_at() {
        let refused = r#"{"results":[{"type":"error","error":{"message":"kernelos: another head","code":"X"}}]}"#;
        assert_eq!(rows(refused.as_bytes()), Err(SqlError("kernelos: another head".to_owned())));
        let one =
            |value: &str| format!(r#"{{"results":[{{"type":"ok","response":{{"result":{{"rows":[[{value}]]}}}}}}]}}"#);
        for body in [
            "",
            "[]",
            "{}",
            r#"{"results":[]}"#,
            &one(r#"{"type":"integer","value":"1e3"}"#),
            &one(r#"{"type":"float","value":1.5}"#),
            &one(r#"{"type":"blob","base64":"*"}"#),
            &one(r#"{"type":"date"}"#),
        ] {
            assert!(rows(body.as_bytes()).is_err(), "{body}");
        }
    }
}
