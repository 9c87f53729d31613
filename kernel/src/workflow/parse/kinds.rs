//! `set`, `switch`, `for` and `raise`.

use super::lists::Within;
use super::place::{Place, is_expression};
use super::{Parser, shapes};
use crate::expression::Template;
use crate::workflow::{Case, For, NodeId, NodeKind, Then};

impl<'a> Parser<'a> {
    /// `set`.
    pub fn set(&mut self, place: &Place<'a>) -> Option<NodeKind> {
        let set = place.get("set")?;
        if !set.value.is_object() && !set.value.is_string() {
            let hint = "write the members of the output under it, or `set: ${ … }`";
            self.mistakes.add(set.not("an object or an expression").hint(hint));
            return None;
        }
        if set.value.as_object().is_some_and(|members| members.is_empty()) {
            self.mistakes.add(set.mistake("empty", "`set` is empty"));
        }
        self.template(&set).map(NodeKind::Set)
    }

    /// `switch`.
    pub fn switch(&mut self, place: &Place<'a>, id: NodeId, within: Within) -> Option<NodeKind> {
        let named = self.named_items(&place.get("switch")?, "case")?;
        let mut cases = Vec::new();
        for (index, (name, case)) in named.into_iter().enumerate() {
            if !self.shaped(&case, &shapes::CASE) {
                continue;
            }
            let when = self.condition(&case, "when");
            let then = self.then(&case, id, Some(index), within.list).unwrap_or(Then::Continue);
            cases.push(Case { name: name.to_owned(), when, then });
        }
        Some(NodeKind::Switch(cases))
    }

    /// `for`.
    pub fn each(&mut self, place: &Place<'a>, id: NodeId, within: Within) -> Option<NodeKind> {
        let head = place.get("for")?;
        let body = match place.get("do") {
            Some(list) => self.list(&list, Some(id), within.depth + 1),
            None => {
                let message = "`do` is missing: `for` needs the tasks to do for each item";
                self.mistakes.add(place.mistake_in_key("missing_key", message));
                Vec::new()
            }
        };
        let condition = self.condition(place, "while");
        if !self.shaped(&head, &shapes::FOR) {
            return None;
        }
        let each = self.variable(&head, "each", "item");
        let at = self.variable(&head, "at", "index");
        if each == at {
            let wrong = head.get("at").or_else(|| head.get("each")).unwrap_or_else(|| head.clone());
            let message = format!("item and index of the loop are both named `{each}`");
            self.mistakes.add(wrong.mistake("duplicate_name", message).hint("give one another name"));
        }
        let items = self.items(&head)?;
        Some(NodeKind::For(For { each, items, at, condition, body }))
    }

    /// `for.in`.
    fn items(&mut self, head: &Place<'a>) -> Option<Template> {
        let items = head.get("in")?;
        if items.value.is_array() {
            let hint = "write it as an expression: `in: ${ [1, 2, 3] }`";
            self.mistakes.add(items.not("an expression for a list").hint(hint));
            return None;
        }
        self.condition(head, "in")
    }

    /// The name of a variable under `key`; `unsaid` when absent.
    pub fn variable(&mut self, place: &Place<'a>, key: &str, unsaid: &str) -> String {
        let (Some(text), Some(at)) = (self.text(place, key), place.get(key)) else { return unsaid.to_owned() };
        let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.len() <= super::TASK_NAME_MAX;
        if text.trim().is_empty() {
            return unsaid.to_owned();
        }
        if !is_name {
            let mistake = at.mistake("bad_format", format!("`{text}` cannot be the name of a variable"));
            self.mistakes.add(match text.strip_prefix('$') {
                Some(bare) => mistake.hint(format!("leave the `$` out here: `{key}: {bare}`")),
                None => mistake.hint("letters, digits and underscores, not beginning with a digit"),
            });
        } else if RESERVED.contains(&text) {
            let message = format!("`${text}` has a meaning of its own and cannot be the name of a variable here");
            self.mistakes.add(at.mistake("bad_value", message).hint("choose another name"));
        }
        text.to_owned()
    }

    /// `raise`.
    pub fn raise(&mut self, place: &Place<'a>) -> Option<NodeKind> {
        let raise = place.get("raise")?;
        if !self.shaped(&raise, &shapes::RAISE) {
            return None;
        }
        let error = raise.get("error")?;
        let Some(name) = error.value.as_str() else { return self.error(&error).map(NodeKind::Raise) };
        if is_expression(name) {
            return self.template(&error).map(NodeKind::Raise);
        }
        if let Some(known) = self.reuse.errors.get(name) {
            // What is wrong with it was told where it stands.
            return Template::parse(known).ok().map(NodeKind::Raise);
        }
        let mistake = error.mistake("unknown_reference", format!("`use.errors` has no `{name}`"));
        let known = self.reuse.errors.keys().map(String::as_str);
        let mistake = if self.reuse.errors.is_empty() {
            mistake.hint("define it under `use: errors:`, or write the error here, with `type` and `status`")
        } else {
            mistake.instead_of(name, known)
        };
        self.mistakes.add(mistake);
        None
    }

    /// An error that can be raised.
    pub fn error(&mut self, place: &Place<'a>) -> Option<Template> {
        if !self.shaped(place, &shapes::ERROR) {
            return None;
        }
        if let Some((text, at)) = self.text(place, "type").zip(place.get("type"))
            && !is_expression(text)
            && !text.contains("://")
            && !text.trim().is_empty()
        {
            let hint = "for example `https://serverlessworkflow.io/spec/1.0.0/errors/validation`";
            self.mistakes.add(at.mistake("bad_format", format!("`{text}` is no URI")).hint(hint));
        }
        if let Some(status) = place.get("status").filter(|status| !status.value.is_i64() && !status.value.is_u64()) {
            self.mistakes.add(status.not("a whole number").hint("for example `status: 400`"));
        }
        for key in ["title", "detail", "instance"] {
            self.text(place, key);
        }
        self.template(place)
    }
}

/// Variables of the language.
const RESERVED: [&str; 8] = ["context", "input", "output", "workflow", "runtime", "task", "secrets", "authorization"];
