//! Holding a value against a schema.

use super::{Part, STEPS_MAX, VIOLATIONS_MAX, Violation, same};
use crate::expression::{number, order};
use jaq_core::ops::Math;
use serde_json::{Number, Value, json};
use std::cmp::Ordering;

struct Checker {
    steps: usize,
    found: Vec<Violation>,
}

pub fn violations(part: &Part, value: &Value) -> Vec<Violation> {
    let mut checker = Checker { steps: 0, found: Vec::new() };
    checker.check(part, value, "");
    checker.found.truncate(VIOLATIONS_MAX);
    checker.found
}

/// Whether `value` fits `part`; costs steps of the same validation.
fn fits(checker: &mut Checker, part: &Part, value: &Value) -> bool {
    let mut inner = Checker { steps: checker.steps, found: Vec::new() };
    inner.check(part, value, "");
    checker.steps = inner.steps;
    inner.found.is_empty()
}

impl Checker {
    fn say(&mut self, pointer: &str, message: impl Into<String>) {
        if self.found.len() < VIOLATIONS_MAX {
            let pointer = if pointer.is_empty() { "the value" } else { pointer };
            self.found.push(Violation { pointer: pointer.to_owned(), message: message.into() });
        }
    }

    fn check(&mut self, part: &Part, value: &Value, at: &str) {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            // What cannot be checked to its end does not fit.
            self.say(at, "takes too long to be checked");
            return;
        }
        if part.never {
            self.say(at, "must not be there");
            return;
        }
        if !part.types.is_empty() && !part.types.iter().any(|name| is_of(value, name)) {
            self.say(at, format!("must be {}, and is {}", part.types.join(" or "), order::kind(value)));
            return;
        }
        if let Some(choices) = &part.choices
            && !choices.iter().any(|choice| same(choice, value))
        {
            let choices: Vec<String> = choices.iter().take(16).map(Value::to_string).collect();
            self.say(at, format!("must be {}{}", if choices.len() > 1 { "one of " } else { "" }, choices.join(", ")));
        }
        match value {
            Value::Number(value) => self.number(part, value, at),
            Value::String(text) => self.within(part.length, text.chars().count() as u64, "characters", at),
            Value::Array(items) => self.items(part, items, at),
            Value::Object(members) => self.members(part, members, at),
            _ => {}
        }
        self.combined(part, value, at);
    }

    fn number(&mut self, part: &Part, value: &Number, at: &str) {
        if let Some((least, exclusive)) = &part.minimum {
            let order = number::compare(value, least);
            if order == Ordering::Less || (*exclusive && order == Ordering::Equal) {
                self.say(at, format!("must be {} {least}", if *exclusive { "more than" } else { "at least" }));
            }
        }
        if let Some((most, exclusive)) = &part.maximum {
            let order = number::compare(value, most);
            if order == Ordering::Greater || (*exclusive && order == Ordering::Equal) {
                self.say(at, format!("must be {} {most}", if *exclusive { "less than" } else { "at most" }));
            }
        }
        if let Some(of) = &part.multiple_of {
            let times = number::compute(Math::Div, value, of);
            if !times.is_some_and(|times| is_of(&times, "integer")) {
                self.say(at, format!("must be a multiple of {of}"));
            }
        }
    }

    fn within(&mut self, (least, most): (Option<u64>, Option<u64>), count: u64, what: &str, at: &str) {
        if let Some(least) = least.filter(|least| count < *least) {
            self.say(at, format!("must have at least {least} {what}, and has {count}"));
        }
        if let Some(most) = most.filter(|most| count > *most) {
            self.say(at, format!("must have at most {most} {what}, and has {count}"));
        }
    }

    fn items(&mut self, part: &Part, items: &[Value], at: &str) {
        self.within(part.count, items.len() as u64, "items", at);
        if part.unique {
            self.steps = self.steps.saturating_add(items.len());
            let mut sorted: Vec<&Value> = items.iter().collect();
            sorted.sort_by(|a, b| order::compare(a, b));
            if sorted.windows(2).any(|pair| matches!(pair, [a, b] if same(a, b))) {
                self.say(at, "must not have an item twice");
            }
        }
        for (nth, item) in items.iter().enumerate() {
            let Some(part) = part.first.get(nth).or(part.items.as_deref()) else { continue };
            self.check(part, item, &format!("{at}/{nth}"));
            if self.found.len() >= VIOLATIONS_MAX {
                return;
            }
        }
    }

    fn members(&mut self, part: &Part, members: &serde_json::Map<String, Value>, at: &str) {
        self.within(part.members, members.len() as u64, "members", at);
        for name in part.required.iter().filter(|name| !members.contains_key(*name)) {
            self.say(at, format!("must have the member {}", json!(name)));
        }
        for (name, value) in members {
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            match part.properties.iter().find(|(known, _)| known == name) {
                Some((_, part)) => self.check(part, value, &at),
                None => match part.additional.as_deref() {
                    Some(additional) if additional.never => {
                        let known: Vec<&str> = part.properties.iter().map(|(known, _)| known.as_str()).collect();
                        self.say(&at, format!("is not a member here; there are {}", known.join(", ")));
                    }
                    Some(additional) => self.check(additional, value, &at),
                    None => {}
                },
            }
        }
    }

    fn combined(&mut self, part: &Part, value: &Value, at: &str) {
        for part in &part.all {
            self.check(part, value, at);
        }
        if !part.any.is_empty() && !part.any.iter().any(|part| fits(self, part, value)) {
            self.say(at, "fits none of the forms it may have");
        }
        if !part.one.is_empty() {
            let count = part.one.iter().filter(|part| fits(self, part, value)).count();
            if count != 1 {
                self.say(at, format!("must fit exactly one of the forms it may have, and fits {count}"));
            }
        }
        if part.not.as_deref().is_some_and(|part| fits(self, part, value)) {
            self.say(at, "has a form that it must not have");
        }
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match (name, value) {
        ("integer", Value::Number(value)) => {
            number::rounded(value, "floor").is_some_and(|it| same(&it, &Value::Number(value.clone())))
        }
        (name, value) => name == order::kind(value),
    }
}
