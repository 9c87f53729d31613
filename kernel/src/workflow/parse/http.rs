//! `call: http`: arguments as the capability `http.request` takes them.
//!
//! The method is in capitals, the endpoint is text, and `{name}` in it is a member of the task's input, as an expression.

use super::Parser;
use super::call::computed;
use super::place::{Place, is_expression};
use crate::expression::Template;
use serde_json::{Map, Value};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl<'a> Parser<'a> {
    /// `with` of `call: http`.
    pub fn http(&mut self, with: &Place<'a>) -> Option<Template> {
        let mut arguments = Map::new();
        for (key, member) in with.members() {
            let value = match key {
                "method" => self.method(with),
                "endpoint" => self.endpoint(&member),
                "headers" | "query" => self.texts(&member),
                _ => Some(member.value.clone()),
            };
            arguments.extend(value.map(|value| (key.to_owned(), value)));
        }
        self.one_of(with, "output", &["content", "response", "raw"]);
        self.one_of(with, "idempotency", &["retry", "ask", "fail"]);
        self.flag(with, "redirect");
        self.template(with)?;
        Template::parse(&Value::Object(arguments)).ok()
    }

    fn method(&mut self, with: &Place<'a>) -> Option<Value> {
        let text = self.text(with, "method")?;
        let upper = text.to_ascii_uppercase();
        if is_expression(text) || METHODS.contains(&upper.as_str()) {
            return Some(Value::String(if is_expression(text) { text.to_owned() } else { upper }));
        }
        if !text.trim().is_empty() {
            let mistake =
                with.get("method")?.mistake("bad_value", format!("`{text}` is not a method that can be sent"));
            self.mistakes.add(mistake.instead_of(text, METHODS));
        }
        None
    }

    /// The endpoint as one text, `{name}` in it made an expression.
    fn endpoint(&mut self, place: &Place<'a>) -> Option<Value> {
        if place.value.is_object() {
            if !self.shaped(place, &super::shapes::ENDPOINT) {
                return None;
            }
            let uri = place.get("uri")?;
            return self.uri(&uri);
        }
        self.uri(place)
    }

    fn uri(&mut self, place: &Place<'a>) -> Option<Value> {
        let Some(text) = place.value.as_str() else {
            self.mistakes.add(place.not("a URI, or an object with `uri`"));
            return None;
        };
        if is_expression(text) {
            return Some(place.value.clone());
        }
        if text.contains("${") {
            let message = "`${ … }` must be the whole text, it cannot stand inside a URI";
            let hint = "write `{name}` for a member of the input, or `${ \"https://host/\\(.name)\" }`";
            self.mistakes.add(place.mistake("bad_format", message).hint(hint));
            return None;
        }
        let scheme = text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme {
            Some((scheme, rest)) if (scheme == "http" || scheme == "https") && !rest.is_empty() => {}
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => {
                self.mistakes.add(place.mistake(
                    "unsupported_feature",
                    format!("an endpoint with `{scheme}://` is not supported, `https://` and `http://` are"),
                ));
                return None;
            }
            _ => {
                let mistake = place.mistake("bad_format", format!("`{text}` is no URI"));
                self.mistakes.add(mistake.hint("begin it with `https://`"));
                return None;
            }
        }
        match expanded(text) {
            Ok(value) => Some(value),
            Err(bad) => {
                self.mistakes.add(place.mistake(bad.0, bad.1).hint("write `{name}` for a member of the input"));
                None
            }
        }
    }

    /// Headers or members of a query: texts, or an expression for all of them.
    fn texts(&mut self, place: &Place<'a>) -> Option<Value> {
        if computed(place) {
            return Some(place.value.clone());
        }
        if !place.value.is_object() {
            self.mistakes.add(place.not("an object or an expression"));
            return None;
        }
        for (_, member) in place.members().filter(|(_, member)| !member.value.is_string()) {
            let hint = format!("put it in quotes: \"{}\"", member.value);
            let is_scalar = member.value.is_number() || member.value.is_boolean();
            let mistake = member.not("text");
            self.mistakes.add(if is_scalar { mistake.hint(hint) } else { mistake });
        }
        Some(place.value.clone())
    }
}

/// A URI template with simple names, as text or as an expression for it.
fn expanded(uri: &str) -> Result<Value, (&'static str, String)> {
    let mut parts = Vec::new();
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(("bad_format", format!("a `{{` in `{uri}` is never closed")));
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.starts_with(['+', '#', '.', '/', ';', '?', '&']) || name.contains([',', ':', '*']) {
            let message = format!("`{{{name}}}` in an endpoint is not supported, only simple names are");
            return Err(("unsupported_feature", message));
        }
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(("bad_format", format!("`{{{name}}}` in an endpoint is no name")));
        }
        parts.push(Value::from(before).to_string());
        let absent = Value::from(format!("the endpoint needs `{name}`, and the input of the task has none"));
        parts.push(format!("(.[\"{name}\"] | if . == null then error({absent}) else tostring | @uri end)"));
        rest = after;
    }
    if rest.contains('}') {
        return Err(("bad_format", format!("a `}}` in `{uri}` was never opened")));
    }
    if parts.is_empty() {
        return Ok(Value::from(uri));
    }
    parts.push(Value::from(rest).to_string());
    Ok(Value::from(format!("${{ {} }}", parts.join(" + "))))
}

#[cfg(test)]
mod tests {
    use super::expanded;
    use serde_json::json;

    #[test]
    fn names_in_an_endpoint_become_an_expression() {
        assert_eq!(expanded("https://example.com/"), Ok(json!("https://example.com/")));
        let made = expanded("https://example.com/pets/{petId}/start").unwrap();
        let made = made.as_str().unwrap();
        assert!(made.starts_with("${ \"https://example.com/pets/\" + (.[\"petId\"] | "), "{made}");
        assert!(made.ends_with(" + \"/start\" }"), "{made}");
    }

    #[test]
    fn what_is_no_simple_name_is_refused() {
        for (uri, code) in [
            ("https://example.com/{", "bad_format"),
            ("https://example.com/}", "bad_format"),
            ("https://example.com/{}", "bad_format"),
            ("https://example.com/{ .id }", "bad_format"),
            ("https://example.com/{?q,r}", "unsupported_feature"),
            ("https://example.com/{list*}", "unsupported_feature"),
        ] {
            assert_eq!(expanded(uri).unwrap_err().0, code, "{uri}");
        }
    }
}
