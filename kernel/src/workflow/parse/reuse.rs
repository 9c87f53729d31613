//! `use`: what other places refer to by name.

use super::place::Place;
use super::{Parser, shapes};
use crate::workflow::Retry;
use serde_json::Value;
use std::collections::BTreeMap;

/// What can be referred to. A name whose value is wrong is known all the same.
#[derive(Debug, Default)]
pub struct Reuse<'a> {
    /// `use.errors`.
    pub errors: BTreeMap<String, &'a Value>,
    /// `use.retries`.
    pub retries: BTreeMap<String, Option<Retry>>,
    /// `use.timeouts`, milliseconds.
    pub timeouts: BTreeMap<String, Option<u64>>,
    /// `use.functions`, which nothing can call.
    pub functions: Vec<String>,
}

impl<'a> Parser<'a> {
    /// `use` of the workflow at `place`.
    pub fn reuse(&mut self, place: &Place<'a>) {
        let Some(place) = place.get("use").filter(|place| self.shaped(place, &shapes::USE)) else { return };
        for (name, error) in self.named(&place, "errors") {
            self.error(&error);
            self.reuse.errors.insert(name.to_owned(), error.value);
        }
        for (name, retry) in self.named(&place, "retries") {
            let retry = self.retry_policy(&retry);
            self.reuse.retries.insert(name.to_owned(), retry);
        }
        for (name, timeout) in self.named(&place, "timeouts") {
            let timeout = self.timeout_value(&timeout);
            self.reuse.timeouts.insert(name.to_owned(), timeout);
        }
        let functions = place.get("functions");
        let names = functions.iter().flat_map(Place::members).map(|(name, _)| name.to_owned());
        self.reuse.functions = names.collect();
    }

    fn named(&mut self, place: &Place<'a>, key: &str) -> Vec<(&'a str, Place<'a>)> {
        self.open_object(place, key);
        place.get(key).map(|place| place.members().collect()).unwrap_or_default()
    }
}
