//! `try`, `catch` and retry policies.

use super::lists::Within;
use super::place::{Place, is_expression};
use super::{Parser, shapes};
use crate::workflow::{Backoff, NodeId, NodeKind, Retry, Try};
use serde_json::Value;

impl<'a> Parser<'a> {
    /// `try` with its `catch`.
    pub fn guarded(&mut self, place: &Place<'a>, id: NodeId, within: Within) -> Option<NodeKind> {
        let body = self.list(&place.get("try")?, Some(id), within.depth + 1);
        let Some(catch) = place.get("catch") else {
            let message = "`catch` is missing: `try` needs it";
            self.mistakes
                .add(place.mistake_in_key("missing_key", message).hint("write `catch: {}` to catch any error"));
            return None;
        };
        if !self.shaped(&catch, &shapes::CATCH) {
            return None;
        }
        let handler = catch.get("do").map(|list| self.list(&list, Some(id), within.depth + 1)).unwrap_or_default();
        Some(NodeKind::Try(Try {
            body,
            with: self.filter(&catch),
            variable: self.variable(&catch, "as", "error"),
            when: self.condition(&catch, "when"),
            except_when: self.condition(&catch, "exceptWhen"),
            retry: self.retry(&catch),
            handler,
        }))
    }

    /// `errors.with`: which errors are caught.
    fn filter(&mut self, catch: &Place<'a>) -> Vec<(String, Value)> {
        let Some(errors) = catch.get("errors").filter(|errors| self.shaped(errors, &shapes::CATCH_ERRORS)) else {
            return Vec::new();
        };
        let Some(with) = errors.get("with").filter(|with| self.shaped(with, &shapes::ERROR_FILTER)) else {
            return Vec::new();
        };
        let mut filter = Vec::new();
        for (key, member) in with.members() {
            if key == "status" {
                if !member.value.is_i64() && !member.value.is_u64() {
                    self.mistakes.add(member.not("a whole number").hint("for example `status: 503`"));
                }
            } else if self.text(&with, key).is_some_and(is_expression) {
                let message = format!("`{key}` is computed here: not supported, say it in `catch.when`");
                self.mistakes.add(member.unsupported(message));
            }
            // The standard's schema calls it `details` here and `detail` in an error.
            let key = if key == "details" { "detail" } else { key };
            filter.push((key.to_owned(), member.value.clone()));
        }
        if filter.is_empty() {
            let message = "`with` is empty";
            self.mistakes.add(with.mistake("empty", message).hint("leave `errors` out to catch any error"));
        }
        filter
    }

    /// `retry`: a policy, or the name of one.
    fn retry(&mut self, catch: &Place<'a>) -> Option<Retry> {
        let place = catch.get("retry")?;
        let Some(name) = place.value.as_str() else { return self.retry_policy(&place) };
        if let Some(known) = self.reuse.retries.get(name) {
            return known.clone();
        }
        let mistake = place.mistake("unknown_reference", format!("`use.retries` has no `{name}`"));
        let mistake = if self.reuse.retries.is_empty() {
            mistake.hint("define it under `use: retries:`, or write the policy here")
        } else {
            mistake.instead_of(name, self.reuse.retries.keys().map(String::as_str))
        };
        self.mistakes.add(mistake);
        None
    }

    /// A retry policy.
    pub fn retry_policy(&mut self, place: &Place<'a>) -> Option<Retry> {
        if !self.shaped(place, &shapes::RETRY) {
            return None;
        }
        let limit = place.get("limit").filter(|limit| self.shaped(limit, &shapes::LIMIT));
        let attempt = limit.as_ref().and_then(|limit| limit.get("attempt"));
        let attempt = attempt.filter(|attempt| self.shaped(attempt, &shapes::ATTEMPT));
        let attempts = attempt.and_then(|attempt| self.count(&attempt, "count", 0));
        Some(Retry {
            attempts: attempts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            duration_ms: limit.and_then(|limit| self.fixed_duration_of(&limit, "duration")),
            delay_ms: self.fixed_duration_of(place, "delay").unwrap_or_default(),
            backoff: self.backoff(place),
            jitter_ms: self.jitter(place),
        })
    }

    fn backoff(&mut self, place: &Place<'a>) -> Backoff {
        let Some(place) = place.get("backoff").filter(|place| self.shaped(place, &shapes::BACKOFF)) else {
            return Backoff::Constant;
        };
        let mut chosen = Vec::new();
        for (key, member) in place.members() {
            chosen.extend(match key {
                "constant" => Some(Backoff::Constant),
                "linear" => Some(Backoff::Linear),
                "exponential" => Some(Backoff::Exponential),
                _ => None,
            });
            match member.value.as_object() {
                None => self.mistakes.add(member.not("an object").hint(format!("write `{key}: {{}}`"))),
                Some(parameters) if !parameters.is_empty() => {
                    let message = format!("`{key}` with parameters is not supported");
                    self.mistakes.add(member.unsupported(message).hint(format!("write `{key}: {{}}`")));
                }
                Some(_) => {}
            }
        }
        if chosen.len() != 1 && place.members().all(|(key, _)| shapes::BACKOFF.keys.contains(&key)) {
            let message = "`backoff` needs exactly one of `constant`, `linear`, `exponential`";
            self.mistakes.add(place.mistake_in_key("bad_value", message).hint("write `backoff: { exponential: {} }`"));
        }
        chosen.first().copied().unwrap_or(Backoff::Constant)
    }

    fn jitter(&mut self, place: &Place<'a>) -> Option<(u64, u64)> {
        let jitter = place.get("jitter").filter(|jitter| self.shaped(jitter, &shapes::JITTER))?;
        let from = self.fixed_duration_of(&jitter, "from");
        let to = self.fixed_duration_of(&jitter, "to");
        let (from, to) = (from?, to?);
        if from > to {
            let message = "`from` of `jitter` is longer than `to`";
            self.mistakes.add(jitter.mistake("bad_value", message).hint("put the shorter one first"));
        }
        Some((from, to))
    }
}
