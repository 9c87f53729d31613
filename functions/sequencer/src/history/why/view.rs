//! Reasons as they are told: who acted, what was said, what a model was told.

use super::super::log::parts;
use super::super::show::{short, without_content};
use super::node::Node;
use super::reasons::Reasons;
use crate::views::told;
use crate::{Failure, Sequencer};
use kernel::event::{EventData, Header};
use kernel::key::Key;
use kernel::storage::StoredEvent;
use ports::history::{ReasonView, SaidView, ToldAbout};
use ports::provider::Speaker;
use ports::sequencing::EventView;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one text that are shown, and of a message that a model was told.
const TEXT_BYTES: usize = 2_000;
const MESSAGE_BYTES: usize = 600;
/// Answers of models for which it is shown what they were told; for the others it can be asked.
const TOLD_MAX: usize = 16;
/// Messages of it that are shown.
const MESSAGES: usize = 6;
/// Said where the rules for the way out are not those of then any more.
const CHANGED: &str =
    "The rules for the way out were changed since. Those of then are the state of egress/ at this position.";

impl Sequencer {
    /// The events of `chain`, and behind them the definitions and rules that they went by.
    pub(super) async fn views(&mut self, reasons: &Reasons, chain: &[u64]) -> Result<Vec<ReasonView>, Failure> {
        let (mut views, mut beside, mut told) = (Vec::new(), BTreeSet::new(), 0);
        for pos in chain {
            let Some(node) = reasons.node(*pos) else { continue };
            let (mut view, _) = self.plain_view(*pos).await?;
            view.because = reasons.because(*pos);
            // What it went by stands outside of the story.
            let went_by = match node.links.by {
                Some(by) => self.maker(by).await?,
                None => None,
            };
            let is_out =
                node.name == "lease.granted" && node.links.effect.is_some_and(|effect| reasons.goes_out(effect));
            let rules = if is_out { self.let_out(&mut view).await? } else { None };
            for pos in went_by.into_iter().chain(rules) {
                view.because.push(pos);
                beside.insert(pos);
            }
            if told < TOLD_MAX && answers(node) {
                view.told = self.told_then(reasons, node).await?;
                told += 1;
            }
            views.push(view);
        }
        for pos in beside {
            views.push(self.plain_view(pos).await?.0);
        }
        views.sort_by_key(|view| std::cmp::Reverse(view.pos));
        Ok(views)
    }

    /// The event at `pos` by itself, and the positions of the commands that it names as causes.
    pub(super) async fn plain_view(&mut self, pos: u64) -> Result<(ReasonView, Vec<u64>), Failure> {
        let event = self.event_at(pos).await?;
        let (header, data) = parts(&event)?;
        let shown = self.events(pos - 1, 1).await?.pop();
        let mut because = Vec::new();
        for cause in &header.causes {
            because.extend(self.recorded(*cause).await?.map(|(pos, _)| pos));
        }
        Ok((reason(&event, header, &data, shown, because.clone()), because))
    }

    /// The rules that let something out: those of now, unless they were changed since.
    async fn let_out(&mut self, view: &mut ReasonView) -> Result<Option<u64>, Failure> {
        let since = self.row_now(&Key::Egress).await?.map(|(_, _, since)| since);
        if since.is_some_and(|since| since > view.pos) {
            view.note = Some(CHANGED.to_owned());
        }
        Ok(since.filter(|since| *since < view.pos))
    }

    /// What a model was told before it gave the answer that `node` is.
    async fn told_then(&mut self, reasons: &Reasons, node: &Node) -> Result<Option<ToldAbout>, Failure> {
        let Some(step) = node.links.step else { return Ok(None) };
        let turn = reasons.turns_before(step, node.pos) + 1;
        let Some(context) = self.ask(|workspace| told::context(workspace, step, Some(turn))).await? else {
            return Ok(None);
        };
        let Some(told) = context.told else {
            return Ok(Some(ToldAbout { step, turn, messages: 0, estimated_tokens: 0, last: Vec::new() }));
        };
        let last = told.messages.iter().rev().take(MESSAGES).rev();
        let last = last.map(|message| SaidView {
            speaker: speaker(message.speaker).to_owned(),
            text: cut(&message.text, MESSAGE_BYTES).0,
        });
        let (messages, estimated_tokens) = (told.messages.len() as u64, told.estimated_tokens);
        Ok(Some(ToldAbout { step, turn, messages, estimated_tokens, last: last.collect() }))
    }
}

/// Whether a model's answer came with it.
fn answers(node: &Node) -> bool {
    node.name == "turn.answered" || (node.name == "step.settled" && node.links.fence.is_some())
}

fn reason(
    event: &StoredEvent,
    header: Header,
    data: &EventData,
    shown: Option<EventView>,
    because: Vec<u64>,
) -> ReasonView {
    let data = data.encode().ok().and_then(|it| serde_json::from_str(it.get()).ok()).unwrap_or_default();
    let (mut content, mut is_cut) = (BTreeMap::new(), Vec::new());
    for (name, text) in shown.map(|shown| shown.content).unwrap_or_default() {
        let text = text.map(|text| cut(&text, TEXT_BYTES));
        if text.as_ref().is_some_and(|(_, goes_on)| *goes_on) {
            is_cut.push(name.clone());
        }
        content.insert(name, text.map(|(text, _)| text));
    }
    ReasonView {
        pos: event.pos,
        at: header.accepted_at,
        event: header.name.into_owned(),
        command: header.command,
        actor: header.actor,
        on_behalf_of: header.on_behalf_of,
        scope: header.scope.into_owned(),
        because,
        data: without_content(data),
        content,
        cut: is_cut,
        told: None,
        note: None,
    }
}

fn cut(text: &str, bytes: usize) -> (String, bool) {
    if text.len() > bytes { (short(text, bytes), true) } else { (text.to_owned(), false) }
}

fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
        Speaker::Tool => "tool",
    }
}
