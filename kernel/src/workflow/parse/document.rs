//! What stands around the tasks: `document`, `input`, `output`, timeouts.

use super::place::Place;
use super::{Parser, shapes};
use crate::expression::Template;
use crate::schema::Schema;
use crate::workflow::Document;
use serde_json::Value;

const NAME_HINT: &str = "letters, digits and hyphens, at most 63, beginning and ending with a letter or digit";

impl<'a> Parser<'a> {
    /// `document`.
    pub fn document(&mut self, place: &Place<'a>) -> Option<Document> {
        if !self.shaped(place, &shapes::DOCUMENT) {
            return None;
        }
        self.language(place);
        for key in ["title", "summary"] {
            self.text(place, key);
        }
        for key in ["tags", "metadata"] {
            self.open_object(place, key);
        }
        let namespace = self.label(place, "namespace");
        let name = self.label(place, "name");
        let version = self.version(place, "version");
        Some(Document { namespace: namespace?, name: name?, version: version? })
    }

    fn language(&mut self, place: &Place<'a>) {
        let (Some(version), Some(place)) = (self.version(place, "dsl"), place.get("dsl")) else { return };
        if !version.starts_with("1.") {
            let message = format!("version {version} of the language is not supported, version 1 is");
            self.mistakes.add(place.unsupported(message).hint("write `dsl: '1.0.3'`"));
        }
    }

    /// An object whose members are free, such as `metadata`.
    pub fn open_object(&mut self, place: &Place<'a>, key: &str) {
        if let Some(place) = place.get(key).filter(|place| !place.value.is_object()) {
            self.mistakes.add(place.not("an object"));
        }
    }

    fn label(&mut self, place: &Place<'a>, key: &str) -> Option<String> {
        let text = self.text(place, key)?;
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_label = text.len() <= 63 && text.chars().all(is_inner) && !text.starts_with('-') && !text.ends_with('-');
        if !is_label && !text.trim().is_empty() {
            let mistake = place.get(key)?.mistake("bad_format", format!("`{text}` is no valid {key}"));
            self.mistakes.add(mistake.hint(NAME_HINT));
        }
        Some(text.to_owned())
    }

    fn version(&mut self, place: &Place<'a>, key: &str) -> Option<String> {
        let place = place.get(key)?;
        let Some(text) = place.value.as_str() else {
            let mistake = place.not("a version in text");
            self.mistakes.add(mistake.hint(format!("three numbers, in quotes: `{key}: '1.0.0'`")));
            return None;
        };
        if !is_version(text) {
            let mistake = place.mistake("bad_format", format!("`{text}` is not a semantic version"));
            self.mistakes.add(mistake.hint(format!("three numbers with dots: `{key}: '1.0.0'`")));
            return None;
        }
        Some(text.to_owned())
    }

    /// `input` of the workflow: its schema, and what it is made from.
    pub fn input(&mut self, place: &Place<'a>) -> (Option<Value>, Option<Template>) {
        if !self.shaped(place, &shapes::INPUT) {
            return (None, None);
        }
        (self.schema(place), self.projection(place, "from"))
    }

    /// `output` of the workflow: its schema, and what it is made from.
    pub fn output(&mut self, place: &Place<'a>) -> (Option<Value>, Option<Template>) {
        if !self.shaped(place, &shapes::OUTPUT) {
            return (None, None);
        }
        (self.schema(place), self.projection(place, "as"))
    }

    /// `schema` of the object at `place`.
    fn schema(&mut self, place: &Place<'a>) -> Option<Value> {
        let place = place.get("schema")?;
        if !self.shaped(&place, &shapes::SCHEMA) {
            return None;
        }
        if let (Some(format), Some(at)) = (self.text(&place, "format"), place.get("format"))
            && format != "json"
            && !format.starts_with("json:")
        {
            let message = format!("a schema of the format `{format}` is not supported, JSON Schema is");
            self.mistakes.add(at.unsupported(message).hint("leave `format` out, or write `format: json`"));
        }
        let Some(document) = place.get("document") else {
            if place.get("resource").is_none() {
                self.mistakes.add(place.mistake_in_key("missing_key", "`document` is missing: `schema` needs it"));
            }
            return None;
        };
        self.json_schema(&document);
        Some(document.value.clone())
    }

    /// A JSON Schema.
    pub fn json_schema(&mut self, place: &Place<'a>) {
        if !place.value.is_object() && !place.value.is_boolean() {
            self.mistakes.add(place.not("a JSON Schema"));
        } else if let Err(why) = Schema::compile(place.value) {
            self.mistakes.add(place.mistake("bad_schema", format!("this is no JSON Schema: {why}")));
        }
    }

    /// `timeout` of the object at `place`, in milliseconds.
    pub fn timeout(&mut self, place: &Place<'a>) -> Option<u64> {
        let place = place.get("timeout")?;
        let Some(name) = place.value.as_str() else { return self.timeout_value(&place) };
        if let Some(known) = self.reuse.timeouts.get(name) {
            return *known;
        }
        let mistake = place.mistake("unknown_reference", format!("`use.timeouts` has no `{name}`"));
        let mistake = if name.starts_with('P') || name.starts_with(|c: char| c.is_ascii_digit()) {
            mistake.hint("a duration stands under `after`: `timeout: { after: PT30S }`")
        } else {
            mistake.instead_of(name, self.reuse.timeouts.keys().map(String::as_str))
        };
        self.mistakes.add(mistake);
        None
    }

    /// A timeout itself.
    pub fn timeout_value(&mut self, place: &Place<'a>) -> Option<u64> {
        if !self.shaped(place, &shapes::TIMEOUT) {
            return None;
        }
        self.fixed_duration_of(place, "after")
    }
}

/// Whether it is a version as semantic versioning has it.
fn is_version(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let number = |part: &str| part == "0" || (!part.starts_with('0') && digits(part));
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let core: Vec<&str> = core.split('.').collect();
    core.len() == 3
        && core.into_iter().all(number)
        && pre.is_none_or(|pre| pre.split('.').all(|part| word(part) && (!digits(part) || number(part))))
        && build.is_none_or(|build| build.split('.').all(word))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_are_semantic_versions() {
        for good in ["0.1.0", "1.0.3", "10.20.30", "1.0.0-alpha5", "1.0.0-alpha.1", "1.0.0+build.5", "1.0.0-a-b+c"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.x", "v1.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "1..0"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
