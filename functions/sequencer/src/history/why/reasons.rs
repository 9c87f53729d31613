//! What an event of a story would not be without: from what the events themselves name, nothing is guessed.

use super::node::Node;
use kernel::id::Id;
use std::collections::BTreeSet;

/// The events of a story, in order.
#[derive(Debug)]
pub struct Reasons {
    nodes: Vec<Node>,
}

impl Reasons {
    /// Of these events.
    pub fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// The event at `pos`.
    pub fn node(&self, pos: u64) -> Option<&Node> {
        self.place(pos).and_then(|place| self.nodes.get(place))
    }

    /// The newest event that says how it went with `thing`; the newest of all when it is the task.
    pub fn newest(&self, thing: Id, task: Id) -> Option<u64> {
        let tells = |node: &&Node| {
            let links = &node.links;
            let named = [links.effect, links.call, links.step, links.turn, links.approval];
            if thing == task { is_telling(node) } else { named.contains(&Some(thing)) }
        };
        self.nodes.iter().rev().find(tells).or(self.nodes.last().filter(|_| thing == task)).map(|node| node.pos)
    }

    /// Positions of the events without which the one at `pos` would not be, newest first.
    pub fn because(&self, pos: u64) -> Vec<u64> {
        let Some(place) = self.place(pos) else { return Vec::new() };
        let Some((node, before)) = self.nodes.get(..=place).and_then(<[Node]>::split_last) else { return Vec::new() };
        let mut causes = Before { nodes: before, node }.causes();
        causes.sort_unstable_by(|one, other| other.cmp(one));
        causes.dedup();
        causes
    }

    /// The event at `pos` and everything that led to it, newest first, at most `most`; and how many more there are.
    pub fn all(&self, pos: u64, most: usize) -> (Vec<u64>, u64) {
        let mut open = BTreeSet::from([pos]);
        let (mut found, mut more) = (Vec::new(), 0);
        while let Some(next) = open.pop_last() {
            open.extend(self.because(next));
            if found.len() < most { found.push(next) } else { more += 1 }
        }
        (found, more)
    }

    /// Events behind the one at `pos` that would not be without it.
    pub fn came(&self, pos: u64) -> Vec<&Node> {
        let (mut came, mut names) = (BTreeSet::from([pos]), Vec::new());
        for node in self.nodes.iter().filter(|node| node.pos > pos) {
            if self.because(node.pos).iter().any(|cause| came.contains(cause)) {
                came.insert(node.pos);
                names.push(node);
            }
        }
        names
    }

    /// How many turns of `step` were answered before `pos`.
    pub fn turns_before(&self, step: Id, pos: u64) -> u64 {
        let turns = self.nodes.iter().filter(|node| node.pos < pos && node.name == "turn.answered");
        turns.filter(|node| node.links.step == Some(step)).count() as u64
    }

    /// Whether an effect goes out by the rules for the way out.
    pub fn goes_out(&self, effect: Id) -> bool {
        let requested =
            self.nodes.iter().find(|node| node.name == "effect.requested" && node.links.effect == Some(effect));
        let call = requested.and_then(|node| node.links.call);
        let asked = self.nodes.iter().find(|node| node.name == "call.requested" && node.links.call == call);
        call.is_some() && asked.is_some_and(|node| node.links.goes_out)
    }

    fn place(&self, pos: u64) -> Option<usize> {
        self.nodes.binary_search_by_key(&pos, |node| node.pos).ok()
    }
}

/// Whether an event says how it went with the task.
fn is_telling(node: &Node) -> bool {
    matches!(node.name.as_str(), "run.ended" | "step.settled" | "step.stopped" | "task.cancelled")
}

/// An event, and those before it.
struct Before<'a> {
    nodes: &'a [Node],
    node: &'a Node,
}

impl Before<'_> {
    /// Where nothing closer is named, or it was left out, it is because the task began.
    fn causes(&self) -> Vec<u64> {
        let named = self.named();
        if named.is_empty() { one(self.last(|it| it.name == "task.created")) } else { named }
    }

    fn named(&self) -> Vec<u64> {
        let node = self.node;
        let links = &node.links;
        match node.name.as_str() {
            "call.settled" | "turn.answered" | "step.settled" | "effect.retried" | "effect.closed" | "report.late" => {
                self.settled()
            }
            // A model asks for all its tools at once, whatever came of the first of them meanwhile.
            "call.requested" if links.step.is_some() => {
                one(self.last(|it| it.name == "turn.answered" && it.links.step == links.step))
            }
            "call.requested" | "run.ended" => one(self.trigger()),
            // Somebody lets what failed be tried again.
            "run.resumed" => one(self.last(|it| it.name == "run.ended")),
            "step.resumed" => one(self.last(|it| is_telling(it) && it.links.step == links.step)),
            "approval.requested" => one(self.last(|it| it.name == "call.requested" && it.links.call == links.call)),
            "approval.decided" => self.decided(),
            "approval.escalated" => {
                let asked = self.last(|it| it.name == "approval.requested" && it.links.approval == links.approval);
                self.trigger().into_iter().chain(asked).collect()
            }
            "effect.requested" | "step.requested" => self.requested(),
            "lease.granted" => self.leased(),
            "lease.lost" => one(self.last(|it| it.name == "lease.granted" && it.links.effect == links.effect)),
            "timer.ended" => self.rung(),
            "document.written" | "note.remembered" => {
                one(self.last(|it| it.name == "call.requested" && it.command == node.command).or(self.trigger()))
            }
            "run.started" => Vec::new(),
            _ => one(self.trigger()),
        }
    }

    /// What came from outside comes by an attempt; what the kernel did itself, because it was asked for.
    fn settled(&self) -> Vec<u64> {
        let links = &self.node.links;
        if let Some(effect) = links.effect {
            let attempt = |it: &Node| {
                it.name == "lease.granted" && it.links.effect == Some(effect) && it.links.fence == links.fence
            };
            let wanted = |it: &Node| is_request(it) && it.links.effect == Some(effect);
            return one(self.last(attempt).or_else(|| self.trigger()).or_else(|| self.last(wanted)));
        }
        let asked = self.last(|it| it.name == "call.requested" && it.links.call == links.call);
        // The agent's answer, a person's, or the time.
        let answered = self.trigger().filter(|pos| asked.is_none_or(|asked| *pos > asked));
        answered.into_iter().chain(asked).collect()
    }

    fn decided(&self) -> Vec<u64> {
        let approval = self.node.links.approval;
        let asked = self.last(|it| it.name == "approval.requested" && it.links.approval == approval);
        // Where nobody decided, the time did.
        self.trigger().into_iter().chain(asked).collect()
    }

    fn requested(&self) -> Vec<u64> {
        let links = &self.node.links;
        let asked = match (links.approval, links.call) {
            (Some(approval), _) => {
                self.last(|it| it.name == "approval.requested" && it.links.approval == Some(approval))
            }
            (None, Some(call)) => self.last(|it| it.name == "call.requested" && it.links.call == Some(call)),
            (None, None) => None,
        };
        let trigger = self.trigger().filter(|pos| asked.is_none_or(|asked| *pos > asked));
        trigger.into_iter().chain(asked).collect()
    }

    /// An attempt is made because the effect is wanted, again because one failed, and tells a model what came since.
    fn leased(&self) -> Vec<u64> {
        let links = &self.node.links;
        let of_effect = |it: &Node| it.links.effect == links.effect;
        let wanted = self.last(|it| is_request(it) && of_effect(it));
        let failed = self.last(|it| matches!(it.name.as_str(), "lease.lost" | "effect.retried") && of_effect(it));
        let told = links
            .told
            .iter()
            .filter_map(|call| self.last(|it| it.name == "call.settled" && it.links.call == Some(*call)));
        failed.into_iter().chain(told).chain(wanted).collect()
    }

    /// A timer rings for what waits for it.
    fn rung(&self) -> Vec<u64> {
        let id = self.node.links.timer;
        one(self.last(|it| match it.name.as_str() {
            "effect.retried" => it.links.effect == id,
            "approval.requested" => it.links.approval == id,
            "run.waits" | "run.started" => it.links.task == id,
            _ => false,
        }))
    }

    /// The newest event of the same command that something new came with.
    fn trigger(&self) -> Option<u64> {
        let command = self.node.command;
        let same = self.nodes.iter().rev().take_while(|it| it.command == command);
        same.into_iter().find(|it| it.is_trigger()).map(|it| it.pos)
    }

    fn last(&self, is: impl Fn(&Node) -> bool) -> Option<u64> {
        self.nodes.iter().rev().find(|it| is(it)).map(|it| it.pos)
    }
}

fn is_request(node: &Node) -> bool {
    matches!(node.name.as_str(), "effect.requested" | "step.requested")
}

fn one(cause: Option<u64>) -> Vec<u64> {
    cause.into_iter().collect()
}
