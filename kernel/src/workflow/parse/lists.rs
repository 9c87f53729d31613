//! Lists of tasks, and where their tasks go on: names are looked up when all of them are known.

use super::Parser;
use super::mistake::Mistake;
use super::place::Place;
use crate::workflow::{Node, NodeId, NodeKind, Then};

/// Words of `then` that are no names.
const DIRECTIVES: [&str; 3] = ["continue", "exit", "end"];

/// Every list of tasks, and every name that is still to be looked up.
#[derive(Debug, Default)]
pub struct Lists {
    lists: Vec<Vec<(String, Option<NodeId>)>>,
    jumps: Vec<Jump>,
}

/// Somebody goes on with the task of a name.
#[derive(Debug)]
struct Jump {
    list: usize,
    from: NodeId,
    /// The case of the `switch`; the task's own `then` if none.
    case: Option<usize>,
    target: String,
    pointer: String,
}

/// What stands in a list: in which one, and who it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Within {
    /// Number of the list.
    pub list: usize,
    /// Who the list belongs to.
    pub parent: Option<NodeId>,
    /// How deep it is.
    pub depth: usize,
}

impl<'a> Parser<'a> {
    /// The tasks of a list that belongs to `parent`.
    pub fn list(&mut self, place: &Place<'a>, parent: Option<NodeId>, depth: usize) -> Vec<NodeId> {
        if depth > super::TASK_DEPTH_MAX {
            let message = format!("tasks are nested deeper than {}", super::TASK_DEPTH_MAX);
            self.mistakes.add(place.mistake_in_key("too_deep", message));
            return Vec::new();
        }
        let Some(named) = self.named_items(place, "task") else { return Vec::new() };
        let list = self.lists.lists.len();
        let names = named.iter().map(|(name, _)| ((*name).to_owned(), None));
        self.lists.lists.push(names.collect());
        let within = Within { list, parent, depth };
        let mut made = Vec::new();
        for (index, (name, task)) in named.into_iter().enumerate() {
            let id = self.task(&task, name, within);
            if let Some((_, known)) = self.lists.lists.get_mut(list).and_then(|list| list.get_mut(index)) {
                *known = id;
            }
            made.extend(id);
        }
        made
    }

    /// The items of a list of objects with one key each, which is the item's name.
    pub fn named_items(&mut self, place: &Place<'a>, what: &str) -> Option<Vec<(&'a str, Place<'a>)>> {
        let Some(items) = place.value.as_array() else {
            let hint = format!("each {what} begins with a hyphen and its name: `- name:`");
            self.mistakes.add(place.not(&format!("a list of {what}s")).hint(hint));
            return None;
        };
        if items.is_empty() {
            self.mistakes.add(place.mistake_in_key("empty", format!("the list `{}` is empty", place.name())));
        }
        let mut named: Vec<(&str, Place<'a>)> = Vec::new();
        for item in place.elements() {
            let Some((name, value)) = self.only_member(&item, what) else { continue };
            if named.iter().any(|(other, _)| *other == name) {
                let message = format!("two {what}s of this list are named `{name}`");
                self.mistakes.add(value.mistake_in_key("duplicate_name", message).hint("give one another name"));
            } else if name.trim().is_empty() || name.chars().count() > super::TASK_NAME_MAX {
                let message = format!("the name of a {what} has 1 to {} characters", super::TASK_NAME_MAX);
                self.mistakes.add(value.mistake_in_key("bad_format", message));
            } else {
                named.push((name, value));
            }
        }
        Some(named)
    }

    fn only_member(&mut self, item: &Place<'a>, what: &str) -> Option<(&'a str, Place<'a>)> {
        if !item.value.is_object() {
            let message = format!("a {what} must be an object with its name as the only key");
            self.mistakes
                .add(item.mistake("wrong_type", message).hint(format!("write `- name:` and the {what} under it")));
            return None;
        }
        let mut members = item.members();
        let Some(first) = members.next() else {
            self.mistakes.add(item.mistake("empty", format!("this {what} has no name")));
            return None;
        };
        if members.next().is_some() {
            self.mistakes.add(crowded(item, what));
            return None;
        }
        Some(first)
    }

    /// Where to go on, for `then` of a task or of a `case` of it, which is looked up later if it is a name.
    pub fn then(&mut self, place: &Place<'a>, from: NodeId, case: Option<usize>, list: usize) -> Option<Then> {
        let target = self.text(place, "then")?.trim();
        let then = place.get("then")?;
        match target {
            "" => None,
            "continue" => Some(Then::Continue),
            "exit" => Some(Then::Exit),
            "end" => Some(Then::End),
            name => {
                let pointer = then.pointer;
                self.lists.jumps.push(Jump { list, from, case, target: name.to_owned(), pointer });
                Some(Then::Continue)
            }
        }
    }

    /// Look up every name that somebody goes on with.
    pub fn resolve(&mut self) {
        for jump in std::mem::take(&mut self.lists.jumps) {
            let siblings = self.lists.lists.get(jump.list).map(Vec::as_slice).unwrap_or_default();
            match siblings.iter().find(|(name, _)| *name == jump.target) {
                None => self.mistakes.add(self.lists.nowhere(&jump, siblings)),
                Some((_, None)) => {}
                Some((_, Some(id))) => {
                    let from = usize::try_from(jump.from).ok().and_then(|from| self.nodes.get_mut(from));
                    go_on(from, jump.case, Then::Node(*id));
                }
            }
        }
    }
}

impl Lists {
    fn nowhere(&self, jump: &Jump, siblings: &[(String, Option<NodeId>)]) -> Mistake {
        let target = &jump.target;
        let message = format!("`{target}` is no task of this list");
        let mistake = Mistake::at(&jump.pointer, "unknown_task", message);
        if self.lists.iter().flatten().any(|(name, _)| name == target) {
            let hint = "a task of that name stands in another list; `then` names tasks of its own list only";
            return mistake.hint(hint);
        }
        mistake.instead_of(target, siblings.iter().map(|(name, _)| name.as_str()).chain(DIRECTIVES))
    }
}

fn go_on(from: Option<&mut Node>, case: Option<usize>, then: Then) {
    let Some(node) = from else { return };
    match (case, &mut node.kind) {
        (None, _) => node.then = Some(then),
        (Some(case), NodeKind::Switch(cases)) => {
            if let Some(case) = cases.get_mut(case) {
                case.then = then;
            }
        }
        (Some(_), _) => {}
    }
}

/// An item with several keys: mostly its keys stand too far to the left.
fn crowded(item: &Place<'_>, what: &str) -> Mistake {
    let bare = item.members().find(|(_, member)| member.value.is_null());
    let names = super::mistake::listed(item.members().map(|(name, _)| name).take(8));
    let mistake = item.mistake("several_names", format!("a {what} has one key, its name; this one has {names}"));
    match bare {
        Some((name, _)) => mistake.hint(format!("indent what belongs to `{name}` further than its name")),
        None => mistake.hint(format!("begin each {what} with a hyphen")),
    }
}
