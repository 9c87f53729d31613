//! A run's way through its workflow.

use super::moment::{Kind, Moment};
use super::read::{Told, shown};
use super::summary::Ending;
use super::{Timeline, render};
use kernel::workflow::{Node, NodeKind};
use serde_json::Value;

/// Loops with more turns are told in steps, and of their turns only what went wrong.
const TURNS_SHOWN: u64 = 50;
/// How much of an item's name is shown.
const LABEL_CHARS: usize = 40;
/// In how many steps.
const STEPS_SHOWN: u64 = 20;

/// A task of the workflow that was begun and is not done.
#[derive(Debug, Default)]
pub struct Frame {
    node: u64,
    /// Turns of a loop.
    count: u64,
    /// The turn it is at, from 0.
    index: u64,
    /// What the items of a loop are called, in their order, as far as they have names.
    labels: Vec<String>,
    /// Attempts after the first.
    tries: u64,
    /// It waits for a call or a time, and begins anew when the run is resumed.
    is_blocked: bool,
}

/// What the next events say more about.
#[derive(Debug)]
pub enum Expects {
    /// A task that waits: until when comes with `run.waits`.
    Wait(String),
    /// Tasks that are tried again: when comes with `run.waits`.
    Retry(Moment),
}

impl Timeline {
    pub(super) fn of_run(&mut self, told: &Told<'_>) -> Vec<Moment> {
        match told.name {
            "run.started" => vec![self.started()],
            "run.resumed" => {
                self.summary.ending = None;
                self.frames.pop_if(|frame| frame.is_blocked);
                vec![Moment::new(Kind::Resumed, 0, "", "from the task that failed")]
            }
            "run.waits" => self.waits(told),
            "run.ended" => self.ended(told),
            _ => self.moved(told),
        }
    }

    fn started(&self) -> Moment {
        let workflow = self.definition.as_ref().map_or_else(|| "a workflow".to_owned(), crate::words::described);
        Moment::new(Kind::Begun, 0, "", format!("{workflow}, as {}", render::short(&self.task)))
    }

    fn waits(&mut self, told: &Told<'_>) -> Vec<Moment> {
        let Some(due) = told.number("due") else { return Vec::new() };
        let left = due.saturating_sub(told.at_ms);
        let when = format!("until {} (in {})", render::clock(due), render::duration(left));
        match self.expects.take() {
            Some(Expects::Wait(name)) => vec![self.moment(Kind::Waits, &name, when)],
            Some(Expects::Retry(moment)) => {
                let about = moment.about.replacen(": ", &format!(" in {}: ", render::duration(left)), 1);
                vec![Moment { about, ..moment }]
            }
            None => Vec::new(),
        }
    }

    fn moved(&mut self, told: &Told<'_>) -> Vec<Moment> {
        // A retry without a delay has no time that it waits for.
        let mut moments: Vec<Moment> = match self.expects.take() {
            Some(Expects::Retry(moment)) => vec![moment],
            _ => Vec::new(),
        };
        let node = told.number("node").unwrap_or(u64::MAX);
        if told.text("is") != "blocked" {
            self.next = told.number("next");
        }
        match told.text("is") {
            "entered" => {
                let count = told.number("count").unwrap_or_default();
                self.frames.push(Frame { node, count, labels: labels(told, count), ..Frame::default() });
                // A loop whose first turn has no condition begins with it.
                if count > 0 && told.number("next").is_some() {
                    moments.extend(self.item(node, 0));
                }
            }
            "iterated" => moments.extend(self.item(node, told.number("index").unwrap_or_default())),
            "blocked" => {
                self.frames.push(Frame { node, is_blocked: true, ..Frame::default() });
                let name = self.node_name(node);
                if matches!(self.node(node).map(|node| &node.kind), Some(NodeKind::Wait(_))) {
                    self.expects = Some(Expects::Wait(name));
                }
            }
            "left" => moments.extend(self.left(told, node)),
            "retrying" => self.retrying(told, node),
            "caught" => {
                self.unwind(told);
                let about = self.error(told);
                let moment = self.moment(Kind::Caught, &self.node_name(node), about);
                moments.push(moment);
            }
            _ => {}
        }
        moments
    }

    fn unwind(&mut self, told: &Told<'_>) {
        let frames = told.number("frames").unwrap_or_default() as usize;
        self.frames.truncate(self.frames.len().saturating_sub(frames));
    }

    fn item(&mut self, node: u64, index: u64) -> Option<Moment> {
        let frame = self.frames.last_mut()?;
        frame.index = index;
        let count = frame.count;
        let every = if count > TURNS_SHOWN { count.div_ceil(STEPS_SHOWN) } else { 1 };
        if !index.is_multiple_of(every) || (every == 1 && self.is_a_line_a_turn(node)) {
            return None;
        }
        let about = self.frames.last().map(turn).unwrap_or_default();
        let mut moment = self.moment(Kind::Item, &self.node_name(node), about);
        moment.depth = moment.depth.saturating_sub(1);
        Some(moment)
    }

    /// A loop around one call needs no heading for each turn: the line of the call says which it is.
    fn is_a_line_a_turn(&self, node: u64) -> bool {
        let Some(NodeKind::For(it)) = self.node(node).map(|node| &node.kind) else { return false };
        let [only] = it.body.as_slice() else { return false };
        matches!(self.node(u64::from(*only)).map(|node| &node.kind), Some(NodeKind::Call { .. }))
    }

    fn retrying(&mut self, told: &Told<'_>, node: u64) {
        self.unwind(told);
        self.summary.retries += 1;
        let tries = self.frames.last_mut().map_or(1, |frame| {
            frame.tries += 1;
            frame.tries
        });
        let name = self.node_name(node);
        let about = format!("attempt {}: {}", tries + 1, self.error(told));
        self.expects = Some(Expects::Retry(self.moment(Kind::Retry, &name, about)));
    }

    fn left(&mut self, told: &Told<'_>, node: u64) -> Option<Moment> {
        let turns = self.frames.last().filter(|frame| frame.node == node).map_or(0, |frame| frame.count);
        self.unwind(told);
        let name = self.node_name(node);
        if told.at("/skipped").is_some_and(|it| it == &Value::Bool(true)) {
            return self.unless_crowded(self.moment(Kind::Skipped, &name, "its condition does not hold"));
        }
        self.summary.tasks += 1;
        let about = match self.node(node).map(|node| &node.kind) {
            Some(NodeKind::For(_)) => format!("{turns} of {turns}"),
            Some(NodeKind::Switch(_)) => {
                let next = told.number("next").map(|next| self.node_name(next));
                let moment = self.moment(Kind::Chosen, &name, next.unwrap_or_else(|| "the end of the list".to_owned()));
                return self.unless_crowded(moment);
            }
            Some(NodeKind::Wait(_)) => "the time came".to_owned(),
            Some(NodeKind::Call { .. }) | None => self.called(node) + &self.which_turn(),
            Some(NodeKind::Set(_)) if self.frames.is_empty() => "set".to_owned(),
            Some(NodeKind::Set(_) | NodeKind::Do(_) | NodeKind::Try(_) | NodeKind::Raise(_)) => return None,
        };
        self.unless_crowded(self.moment(Kind::Done, &name, about))
    }

    /// Which turn of the loop around it a call was, when nothing else says so.
    fn which_turn(&self) -> String {
        let frame = self.frames.last().filter(|frame| frame.count > 0 && self.is_a_line_a_turn(frame.node));
        frame.map(|frame| format!(" ({})", turn(frame))).unwrap_or_default()
    }

    /// What a call came to, when it was made by this task of the workflow.
    fn called(&mut self, node: u64) -> String {
        let found = self.calls.iter().find(|(_, call)| call.node == Some(node)).map(|(id, _)| id.clone());
        found.and_then(|id| self.calls.remove(&id)).map(|call| call.done()).unwrap_or_default()
    }

    fn ended(&mut self, told: &Told<'_>) -> Vec<Moment> {
        self.saying.clear();
        let (ending, moment) = match told.at("/outcome/is").and_then(Value::as_str) {
            Some("done") => {
                let output = told.json("output").unwrap_or_default();
                (Ending::Done(output), Moment::new(Kind::Ended, 0, "", "the workflow is done"))
            }
            Some("failed") => {
                let class = told.at("/outcome/class").and_then(Value::as_str).unwrap_or("runtime").to_owned();
                let (title, detail) = failure(told);
                let at = self.failed.take().or_else(|| self.next.map(|next| self.node_name(next)));
                let at = at.or_else(|| self.frames.last().map(|frame| self.node_name(frame.node)));
                let place = at.unwrap_or_default();
                let moment = Moment::new(Kind::Failed, 0, &place, format!("{title}: {detail}"));
                (Ending::Failed { class, title, detail }, moment)
            }
            _ => (Ending::Cancelled, Moment::new(Kind::Cancelled, 0, "", "")),
        };
        let told_already = ending == Ending::Cancelled;
        self.summary.ending = Some(ending);
        if told_already { Vec::new() } else { vec![moment] }
    }

    /// An error of the workflow language and the task that it comes from, in a line.
    fn error(&mut self, told: &Told<'_>) -> String {
        let error = told.json("error").unwrap_or_default();
        let text = |name: &str| error.get(name).map(shown).unwrap_or_default();
        let from = self.failed.take().map(|name| format!("{name}: ")).unwrap_or_default();
        format!("{from}{}: {}", text("title"), text("detail"))
    }

    /// A moment where the run is now.
    pub(super) fn moment(&self, kind: Kind, name: &str, about: impl AsRef<str>) -> Moment {
        Moment::new(kind, self.depth(), name, about)
    }

    /// Loops over many items tell only what is out of the ordinary.
    pub(super) fn unless_crowded(&self, moment: Moment) -> Option<Moment> {
        let is_crowded = self.frames.iter().any(|frame| frame.count > TURNS_SHOWN);
        (!is_crowded).then_some(moment)
    }

    /// What loops and groups there are around; a `try` is not seen.
    pub(super) fn depth(&self) -> usize {
        let is_seen = |frame: &&Frame| {
            matches!(self.node(frame.node).map(|node| &node.kind), Some(NodeKind::For(_) | NodeKind::Do(_)))
        };
        self.frames.iter().filter(is_seen).count()
    }

    fn node(&self, node: u64) -> Option<&Node> {
        self.definition.as_ref()?.nodes.get(usize::try_from(node).ok()?)
    }

    /// Name of a task of the workflow.
    pub(super) fn node_name(&self, node: u64) -> String {
        self.node(node).map_or_else(|| format!("task {node}"), |node| node.name.clone())
    }
}

/// Which turn a loop is at, and what its item is called.
fn turn(frame: &Frame) -> String {
    let label = usize::try_from(frame.index).ok().and_then(|index| frame.labels.get(index));
    let label = label.filter(|label| !label.is_empty()).map(|label| format!(": {label}")).unwrap_or_default();
    format!("{} of {}{label}", frame.index + 1, frame.count)
}

/// What the items of a loop are called: texts and numbers by themselves, objects by a member that is a name.
fn labels(told: &Told<'_>, count: u64) -> Vec<String> {
    if count == 0 || count > TURNS_SHOWN {
        return Vec::new();
    }
    let items = told.json("items").and_then(|items| items.as_array().cloned()).unwrap_or_default();
    items.iter().map(label).collect()
}

fn label(item: &Value) -> String {
    let name = match item {
        Value::Object(_) => {
            ["id", "name", "title", "number", "key", "path", "url"].iter().find_map(|name| item.get(name))
        }
        other => Some(other),
    };
    let name = name.filter(|name| name.is_string() || name.is_number()).map(shown).unwrap_or_default();
    name.chars().take(LABEL_CHARS).collect()
}

fn failure(told: &Told<'_>) -> (String, String) {
    let error = told.json("detail").unwrap_or_default();
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("title"), text("detail"))
}
