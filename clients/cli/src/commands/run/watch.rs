//! Watching a task until it is over or waits for a person.

use super::lines::Lines;
use super::people::{Dialogue, Heard, decision};
use super::screen::{Screen, can_ask};
use super::{editor, ending};
use crate::api::Api;
use crate::args::Watch;
use crate::commands::send::once;
use crate::follow::Told;
use crate::outcome::Problem;
use crate::timeline::{Ask, Timeline};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

/// How long nothing has to come before a person is asked: what comes together is shown together.
const SETTLED: Duration = Duration::from_millis(150);

/// A task that is watched.
pub struct Watching<'a> {
    /// The host.
    pub api: &'a Api,
    /// The workspace.
    pub workspace: &'a str,
    /// The task.
    pub task: &'a str,
    /// How.
    pub how: &'a Watch,
    /// What happened up to here is known already and not shown.
    pub shown_after: u64,
    /// What ended up to here may have gone on since.
    pub head: u64,
}

/// Why watching ends.
#[derive(Debug)]
pub enum Ended {
    /// The task is over.
    Over,
    /// A person is waited for, and nothing else.
    Waits,
    /// The user interrupted it.
    Interrupted,
    /// It took longer than was said.
    TooLong,
}

struct State {
    timeline: Timeline,
    screen: Screen,
    lines: Option<Lines>,
    dialogue: Option<Dialogue>,
    /// What was decided here, or is left for later.
    handled: BTreeSet<String>,
    /// What is decided, whether or not the log said so yet.
    decided: BTreeSet<String>,
    /// Position of the last event that came, whatever it was about.
    seen: u64,
}

impl Watching<'_> {
    /// Watch from the event after `after`, and say how it ended.
    pub async fn to_the_end(&self, timeline: Timeline, after: u64) -> Result<(), Problem> {
        let lines = (can_ask() && !self.how.json && !self.how.yes).then(Lines::new);
        let screen = Screen::new(self.how.json);
        let (handled, decided) = (BTreeSet::new(), BTreeSet::new());
        let mut state = State { timeline, screen, lines, dialogue: None, handled, decided, seen: 0 };
        let ended = self.watch(&mut state, after).await?;
        state.screen.clear();
        ending::tell(self, &state.timeline, &ended)
    }

    async fn watch(&self, state: &mut State, after: u64) -> Result<Ended, Problem> {
        let follow = self.api.follow(self.workspace, after);
        let told = stream::unfold(follow, |mut follow| async { Some((follow.next().await, follow)) });
        let mut told = pin!(told);
        let mut interrupted = pin!(tokio::signal::ctrl_c());
        let limit = self.how.timeout.map_or(Duration::MAX, Duration::from_secs);
        let mut too_long = pin!(sleep(limit));
        while state.timeline.summary().ending.is_none() || state.seen < self.head {
            let is_heard = state.dialogue.is_some();
            // What waited once may have been decided since, further on in the log.
            let is_open = !is_heard && state.seen >= self.head && state.timeline.asks().next().is_some();
            tokio::select! {
                news = told.next() => state.take(news.transpose()?, self.shown_after),
                line = heard(&mut state.lines), if is_heard => self.hear(state, line.as_deref()).await?,
                () = sleep(SETTLED), if is_open => match state.unhandled() {
                    Some(ask) => self.ask(state, ask).await?,
                    None if state.only_waits_for_people() => return Ok(Ended::Waits),
                    // Something else goes on beside what waits, or what was decided has not come back yet.
                    None => {}
                },
                _ = &mut interrupted => return Ok(Ended::Interrupted),
                () = &mut too_long => return Ok(Ended::TooLong),
            }
        }
        Ok(Ended::Over)
    }

    /// Somebody is to decide: the command line in advance, a person here, or somebody elsewhere.
    async fn ask(&self, state: &mut State, ask: Ask) -> Result<(), Problem> {
        if self.how.yes && ask.kind == "approval" {
            state.handled.insert(ask.id.clone());
            return self.send(state, &decision(&ask, "approve", None, Some(&self.how.reason))).await;
        }
        if state.lines.is_none() {
            state.handled.insert(ask.id);
            return Ok(());
        }
        let dialogue = Dialogue::new(ask);
        state.screen.prompt(&dialogue.opening());
        state.dialogue = Some(dialogue);
        Ok(())
    }

    async fn hear(&self, state: &mut State, line: Option<&str>) -> Result<(), Problem> {
        let Some(mut dialogue) = state.dialogue.take() else { return Ok(()) };
        let mut heard = dialogue.hear(line);
        if heard == Heard::Edit {
            heard = match editor::edit(&dialogue.to_edit()) {
                Ok(text) => dialogue.edited(&text),
                Err(why) => Heard::Ask(format!("it cannot be edited: {why}; {}", dialogue.opening())),
            };
        }
        match heard {
            Heard::Ask(words) => {
                state.screen.prompt(&words);
                state.dialogue = Some(dialogue);
            }
            Heard::Decide(data) => {
                state.handled.insert(dialogue.ask().id.clone());
                self.send(state, &data).await?;
            }
            Heard::Edit | Heard::Later => drop(state.handled.insert(dialogue.ask().id.clone())),
        }
        Ok(())
    }

    /// Send a decision. One that is refused is asked for again; one that came too late was taken elsewhere.
    async fn send(&self, state: &mut State, data: &Value) -> Result<(), Problem> {
        let base = format!("/v1/workspaces/{}", self.workspace);
        let approval = data.get("approval").and_then(Value::as_str).unwrap_or_default();
        let Err(problem) = once(self.api, &base, "approval.decide", data).await else {
            state.decided.insert(approval.to_owned());
            return Ok(());
        };
        if problem.code == "host_unreachable" || self.how.yes {
            return Err(problem);
        }
        state.screen.say(&format!("that was refused: {}", problem.what));
        if problem.code == "already_decided" {
            state.decided.insert(approval.to_owned());
        } else {
            state.handled.remove(approval);
        }
        Ok(())
    }
}

/// The next line, if anybody is there to type one.
async fn heard(lines: &mut Option<Lines>) -> Option<String> {
    match lines {
        Some(lines) => lines.next().await,
        None => None,
    }
}

impl State {
    fn take(&mut self, news: Option<Told>, shown_after: u64) {
        match news {
            Some(Told::Event(event)) => {
                let moments = self.timeline.event(&event);
                self.seen = event.pointer("/event/pos").and_then(Value::as_u64).unwrap_or(self.seen);
                for moment in moments.iter().filter(|moment| moment.pos > shown_after) {
                    self.screen.moment(moment);
                }
                if self.dialogue.is_none() {
                    match self.timeline.doing() {
                        Some(doing) => self.screen.passing(&doing),
                        None => self.screen.clear(),
                    }
                }
                self.look_after_the_dialogue(!moments.is_empty());
            }
            Some(Told::Delta(delta)) if self.dialogue.is_none() => {
                if let Some(saying) = self.timeline.delta(&delta) {
                    self.screen.passing(&saying);
                }
            }
            Some(Told::Delta(_)) | None => {}
        }
    }

    /// What is talked about may have been decided elsewhere; or other lines came in between.
    fn look_after_the_dialogue(&mut self, has_said: bool) {
        let Some(dialogue) = &self.dialogue else { return };
        if self.timeline.asks().all(|ask| ask.id != dialogue.ask().id) {
            self.screen.say("(this was decided elsewhere)");
            self.dialogue = None;
        } else if has_said {
            let opening = dialogue.opening();
            self.screen.prompt(&opening);
        }
    }

    /// What is decided goes on, though nothing of it came yet.
    fn only_waits_for_people(&self) -> bool {
        self.timeline.only_waits_for_people() && self.timeline.asks().all(|ask| !self.decided.contains(&ask.id))
    }

    fn unhandled(&self) -> Option<Ask> {
        self.timeline.asks().find(|ask| !self.handled.contains(&ask.id)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state() -> State {
        let (handled, decided) = (BTreeSet::new(), BTreeSet::new());
        let (timeline, screen) = (Timeline::new("task", None, Default::default()), Screen::new(true));
        State { timeline, screen, lines: None, dialogue: None, handled, decided, seen: 0 }
    }

    fn event(pos: u64, name: &str, approval: &str) -> Value {
        let data = json!({
            "task": "task", "approval": approval, "kind": "approval", "digest": "d", "decision": "approved", "by": "owner"
        });
        json!({ "event": { "pos": pos, "accepted_at": pos, "type": name, "data": data } })
    }

    #[test]
    fn what_was_decided_a_moment_ago_is_waited_for_and_no_person_is() {
        let mut state = state();
        state.timeline.event(&event(1, "approval.requested", "first"));
        assert!(state.only_waits_for_people());
        state.decided.insert("first".to_owned());
        assert!(!state.only_waits_for_people(), "the log has not said so yet");
        state.timeline.event(&event(2, "approval.decided", "first"));
        state.timeline.event(&event(3, "approval.requested", "second"));
        assert!(state.only_waits_for_people(), "this one nobody decided");
    }
}
