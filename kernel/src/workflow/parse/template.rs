//! Expressions and templates, at the places where the language has them.

use super::Parser;
use super::mistake::Mistake;
use super::place::{Place, joined};
use crate::expression::{BadExpression, Template, expression_begin};
use serde_json::Value;

impl<'a> Parser<'a> {
    /// A template: every wrong expression in it is noted.
    pub fn template(&mut self, place: &Place<'a>) -> Option<Template> {
        self.expressions_in(place.value, &place.pointer);
        Template::parse(place.value).ok()
    }

    /// Note the wrong expressions in `value`, which stands at `pointer`. It is not nested deeper than the source may be.
    fn expressions_in(&mut self, value: &Value, pointer: &str) {
        match value {
            Value::String(_) => {
                if let Err(bad) = Template::parse(value) {
                    self.mistakes.add(wrong(pointer, value, bad.error));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !is_plain(item)) {
                    self.expressions_in(item, &format!("{pointer}/{index}"));
                }
            }
            Value::Object(members) => {
                for (key, member) in members.iter().filter(|(_, member)| !is_plain(member)) {
                    self.expressions_in(member, &joined(pointer, key));
                }
            }
            _ => {}
        }
    }

    /// `key` of `place`: an expression that holds or not.
    pub fn condition(&mut self, place: &Place<'a>, key: &str) -> Option<Template> {
        let place = place.get(key)?;
        if !place.value.is_string() {
            self.mistakes.add(place.not("an expression").hint(format!("for example `{key}: .amount > 100`")));
            return None;
        }
        self.expression(&place)
    }

    /// `key` of `place`: an expression, or an object with expressions in it.
    pub fn projection(&mut self, place: &Place<'a>, key: &str) -> Option<Template> {
        let place = place.get(key)?;
        if place.value.is_string() {
            return self.expression(&place);
        }
        if !place.value.is_object() {
            let hint = format!("for example `{key}: .customer`, or an object with `${{ … }}` in it");
            self.mistakes.add(place.not("an expression or an object").hint(hint));
            return None;
        }
        self.template(&place)
    }

    /// Text that is an expression with or without `${ }`.
    fn expression(&mut self, place: &Place<'a>) -> Option<Template> {
        if place.value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.mistakes.add(place.mistake("empty", format!("`{}` is empty", place.name())));
            return None;
        }
        match Template::parse_expression(place.value) {
            Ok(template) => Some(template),
            Err(bad) => {
                self.mistakes.add(wrong(&place.pointer, place.value, bad.error));
                None
            }
        }
    }
}

/// Whether there cannot be an expression in it.
fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

/// An expression is wrong: at some byte of it, which stands somewhere in `text`.
fn wrong(pointer: &str, text: &Value, error: BadExpression) -> Mistake {
    let before = text.as_str().map_or(0, expression_begin);
    let offset = error.offset.map(|offset| before.saturating_add(offset));
    Mistake { offset, hint: error.hint, ..Mistake::at(pointer, "bad_expression", error.message) }
}
