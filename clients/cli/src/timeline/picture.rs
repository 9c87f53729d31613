//! When what was done, as bars: what waits for a runtime, what is performed, what waits for a person or for a time.
//!
//! Pure like the rest: events in, text out. A sign stands for each kind of time, so nothing depends on colour.

use super::read::{Told, one_line};
use super::{Names, Timeline, render};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How wide the column of names is at most, and how much of the picture it may take.
const NAME_MAX: usize = 40;
/// How wide the column of lengths is.
const LENGTH: usize = 8;
/// The fewest columns that bars have.
const BARS_MIN: usize = 8;
/// Most bars that are drawn; of a longer story the newest.
const BARS_MAX: usize = 200;

/// A kind of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Time {
    /// Nothing.
    None,
    /// It waits for a runtime, or to be tried again.
    Queued,
    /// It waits for a time.
    Waits,
    /// It waits for a person.
    Person,
    /// It is performed.
    Performed,
    /// An attempt was lost or failed.
    Broke,
}

impl Time {
    const fn sign(self) -> char {
        match self {
            Self::None => ' ',
            Self::Queued => '·',
            Self::Waits => '─',
            Self::Person => '▒',
            Self::Performed => '█',
            Self::Broke => '×',
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Queued => "waits for a runtime",
            Self::Waits => "waits for a time",
            Self::Person => "waits for a person",
            Self::Performed => "is performed",
            Self::Broke => "an attempt broke off",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::None | Self::Queued | Self::Waits => "2",
            Self::Person => "33;1",
            Self::Performed => "32",
            Self::Broke => "31;1",
        }
    }
}

/// Something that took time.
#[derive(Debug, Clone)]
struct Bar {
    name: String,
    /// What it is at from each of these points on, milliseconds since 1970.
    times: Vec<(u64, Time)>,
    /// What is said behind it.
    about: String,
}

impl Bar {
    fn new(name: String, at: u64, time: Time) -> Self {
        Self { name: one_line(&name), times: vec![(at, time)], about: String::new() }
    }

    fn goes_on(&mut self, at: u64, time: Time) {
        self.times.push((at, time));
    }

    /// The kinds of time between two points.
    fn between(&self, from: u64, to: u64) -> Time {
        let ends = self.times.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
        let held = self.times.iter().zip(ends).filter(|((begins, time), ends)| match time {
            // What breaks off does so at a point.
            Time::Broke => (from..to).contains(begins),
            _ => *begins < to && *ends > from,
        });
        held.map(|((_, time), _)| *time).max().unwrap_or(Time::None)
    }

    /// What stands behind its length.
    fn tail(&self) -> String {
        let open = if self.ended().is_none() { "  goes on" } else { "" };
        if self.about.is_empty() { open.to_owned() } else { format!("{open}  {}", self.about) }
    }

    fn began(&self) -> u64 {
        self.times.first().map_or(0, |(at, _)| *at)
    }

    fn ended(&self) -> Option<u64> {
        self.times.last().filter(|(_, time)| *time == Time::None).map(|(at, _)| *at)
    }
}

/// A picture that is being made.
#[derive(Debug, Default)]
pub struct Picture {
    bars: Vec<Bar>,
    /// Bars of effects, approvals, and tasks that are not over.
    open: BTreeMap<String, usize>,
    began: Option<u64>,
    at: u64,
}

/// One task, with a bar for everything that took time.
#[derive(Debug)]
pub struct OfTask {
    timeline: Timeline,
    picture: Picture,
}

impl OfTask {
    /// Of `task`.
    pub fn new(task: &str) -> Self {
        Self { timeline: Timeline::new(task, None, Names::default()), picture: Picture::default() }
    }

    /// Take an event as the stream tells it.
    pub fn event(&mut self, view: &Value) {
        let Some(told) = Told::of(view) else { return };
        let is_about = self.timeline.concerns(&told);
        self.timeline.event(view);
        if !is_about {
            return;
        }
        let (id, at) = (|name: &str| told.text(name).to_owned(), told.at_ms);
        self.picture.reaches(at);
        match told.name {
            "step.requested" | "effect.requested" => {
                let label = self.timeline.owed.get(told.text("effect")).cloned().unwrap_or_default();
                // A notice to a person is nothing that is watched.
                if !label.is_empty() {
                    self.picture.begins(id("effect"), Bar::new(label, at, Time::Queued));
                }
            }
            "approval.requested" => {
                let question = told.said("question").unwrap_or("may this go on?");
                let name = self.timeline.call_name(told.text("call"));
                let name = if name.is_empty() { question.to_owned() } else { format!("{name}: {question}") };
                self.picture.begins(id("approval"), Bar::new(name, at, Time::Person));
            }
            "approval.decided" => {
                let about = format!("{} by {}", told.text("decision").replace('_', " "), told.text("by"));
                self.picture.ends(told.text("approval"), at, &about);
            }
            "run.waits" => match told.number("due") {
                Some(_) => self.picture.begins(id("task"), Bar::new("waits".to_owned(), at, Time::Waits)),
                None => self.picture.ends(told.text("task"), at, ""),
            },
            "run.moved" => self.picture.ends(told.text("task"), at, ""),
            _ => self.of_attempt(&told),
        }
    }

    fn of_attempt(&mut self, told: &Told<'_>) {
        let (at, effect) = (told.at_ms, told.text("effect"));
        match told.name {
            "lease.granted" => self.picture.is_at(effect, at, Time::Performed),
            "lease.lost" | "effect.retried" => {
                self.picture.is_at(effect, at, Time::Broke);
                self.picture.is_at(effect, at + 1, Time::Queued);
            }
            "step.settled" => {
                let class = told.at("/outcome/class").and_then(Value::as_str).unwrap_or_default();
                self.picture.ends(effect, at, class);
            }
            "turn.answered" | "effect.closed" => self.picture.ends(effect, at, ""),
            "call.settled" => {
                let class = told.at("/outcome/class").and_then(Value::as_str).unwrap_or_default();
                let effect = told.at("/closing/effect").and_then(Value::as_str).unwrap_or_default();
                self.picture.ends(effect, at, class);
            }
            _ => {}
        }
    }

    /// What is drawn above the bars.
    pub fn head(&self) -> String {
        format!("{}  {}", render::short(&self.timeline.task), self.timeline.summary().line())
    }

    /// The bars.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }
}

/// All tasks of a workspace, a bar for each.
#[derive(Debug, Default)]
pub struct OfAll {
    picture: Picture,
    /// Effects and approvals, and the tasks they belong to.
    tasks: BTreeMap<String, String>,
}

impl OfAll {
    /// Take an event as the stream tells it.
    pub fn event(&mut self, view: &Value) {
        let Some(told) = Told::of(view) else { return };
        let at = told.at_ms;
        let of = |name: &str| told.text(name).to_owned();
        let task = match told.text("task") {
            "" => self.tasks.get(told.text("effect")).cloned().unwrap_or_default(),
            task => task.to_owned(),
        };
        if told.name == "task.created" {
            let title = told.said("title").unwrap_or("(its key was destroyed)");
            let name = format!("{} {title}", render::short(&task));
            self.picture.begins(task.clone(), Bar::new(name, at, Time::Queued));
        }
        if !self.picture.open.contains_key(&task) {
            return;
        }
        self.picture.reaches(at);
        match told.name {
            // A notice to a person is nothing that is watched.
            "effect.requested" if !told.text("approval").is_empty() => {}
            "step.requested" | "effect.requested" => {
                self.tasks.insert(of("effect"), task.clone());
                self.picture.is_at(&task, at, Time::Queued);
            }
            "lease.granted" => self.picture.is_at(&task, at, Time::Performed),
            "approval.requested" => self.picture.is_at(&task, at, Time::Person),
            "approval.decided" => self.picture.is_at(&task, at, Time::Queued),
            "run.waits" if told.number("due").is_some() => self.picture.is_at(&task, at, Time::Waits),
            "lease.lost" | "effect.retried" => {
                self.picture.is_at(&task, at, Time::Broke);
                self.picture.is_at(&task, at + 1, Time::Queued);
            }
            "run.ended" | "task.cancelled" => {
                let how = told.at("/outcome/is").and_then(Value::as_str).unwrap_or("cancelled");
                self.picture.pauses(&task, at, how);
            }
            "step.settled" | "step.stopped" if told.text("call").is_empty() => self.picture.pauses(&task, at, ""),
            _ => {}
        }
    }

    /// The bars.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }
}

impl Picture {
    fn reaches(&mut self, at: u64) {
        self.began.get_or_insert(at);
        self.at = self.at.max(at);
    }

    fn begins(&mut self, id: String, bar: Bar) {
        self.reaches(bar.began());
        self.open.insert(id, self.bars.len());
        self.bars.push(bar);
    }

    fn is_at(&mut self, id: &str, at: u64, time: Time) {
        if let Some(bar) = self.open.get(id).and_then(|nth| self.bars.get_mut(*nth)) {
            bar.goes_on(at, time);
        }
    }

    /// Nothing is awaited any more, unless it is taken up again.
    fn pauses(&mut self, id: &str, at: u64, about: &str) {
        if let Some(bar) = self.open.get(id).and_then(|nth| self.bars.get_mut(*nth)) {
            bar.goes_on(at, Time::None);
            if !about.is_empty() {
                bar.about = one_line(about);
            }
        }
    }

    fn ends(&mut self, id: &str, at: u64, about: &str) {
        self.pauses(id, at, about);
        self.open.remove(id);
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// The picture in so many columns.
    pub fn drawn(&self, width: usize, colour: bool) -> String {
        let bars = self.bars.get(self.bars.len().saturating_sub(BARS_MAX)..).unwrap_or_default();
        let names = bars.iter().map(|bar| bar.name.chars().count()).max().unwrap_or_default();
        let names = names.min(NAME_MAX).min(width / 4);
        let tails = bars.iter().map(|bar| bar.tail().chars().count()).max().unwrap_or_default().min(width / 4);
        let columns = width.saturating_sub(names + LENGTH + tails + 3).max(BARS_MIN);
        let began = bars.iter().map(Bar::began).min().or(self.began).unwrap_or_default();
        // Rounded up, so that the last point has a column of its own.
        let all = self.at.saturating_sub(began) + 1;
        let mut text = format!("{:names$}  {}\n", "", axis(all, columns));
        for bar in bars {
            text.push_str(&self.line(bar, (began, all), (names, columns, tails), colour));
        }
        text.push_str(&legend(bars, names, width));
        let left = self.bars.len() - bars.len();
        if left > 0 {
            text.push_str(&format!("{:names$}  {left} earlier ones are not drawn\n", ""));
        }
        text
    }

    fn line(&self, bar: &Bar, (began, all): (u64, u64), wide: (usize, usize, usize), colour: bool) -> String {
        let (names, columns, tails) = wide;
        let point = |column: usize| began + (all as u128 * column as u128 / columns as u128) as u64;
        let mut times: Vec<Time> = (0..columns).map(|nth| bar.between(point(nth), point(nth + 1))).collect();
        // What took less than a column took something all the same.
        if times.iter().all(|time| *time == Time::None) {
            let nth = (bar.began() - began) as u128 * columns as u128 / u128::from(all);
            if let Some(time) = times.get_mut(nth as usize) {
                *time = bar.times.iter().map(|(_, time)| *time).max().unwrap_or(Time::None);
            }
        }
        let length = render::duration(bar.ended().unwrap_or(self.at).saturating_sub(bar.began()));
        let (drawn, tail) = (signs(&times, colour), cut(&bar.tail(), tails));
        format!("{:names$}  {drawn} {length:>LENGTH$}{tail}\n", cut(&bar.name, names))
    }

    /// For programs: one object a bar.
    pub fn json(&self) -> Vec<Value> {
        let times = |bar: &Bar| {
            let named = bar.times.iter().map(|(at, time)| json!({"from": at, "is": time.word()}));
            named.collect::<Vec<_>>()
        };
        let bar = |bar: &Bar| {
            let about = if bar.about.is_empty() { Value::Null } else { json!(bar.about) };
            json!({"name": bar.name, "began": bar.began(), "ended": bar.ended(), "about": about, "times": times(bar)})
        };
        self.bars.iter().map(bar).collect()
    }
}

/// The points in time above the bars.
fn axis(all: u64, columns: usize) -> String {
    let [middle, end] = [all / 2, all].map(render::duration);
    let half = columns / 2;
    let rest = columns - half;
    format!("{:<half$}{middle}{end:>1$}", "0s", rest.saturating_sub(middle.chars().count()))
}

/// What the signs that were drawn mean.
fn legend(bars: &[Bar], names: usize, width: usize) -> String {
    let kinds = [Time::Queued, Time::Performed, Time::Person, Time::Waits, Time::Broke];
    let used = |kind: &Time| bars.iter().any(|bar| bar.times.iter().any(|(_, time)| time == kind));
    let words: Vec<String> =
        kinds.iter().filter(|kind| used(kind)).map(|kind| format!("{} {}", kind.sign(), kind.word())).collect();
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| line.chars().count() + 3 + word.chars().count() <= width) {
            Some(line) => line.push_str(&format!("   {word}")),
            None => lines.push(format!("{:names$}  {word}", "")),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The signs of a bar; what is alike is coloured together.
fn signs(times: &[Time], colour: bool) -> String {
    let part = |alike: &[Time]| {
        let text: String = alike.iter().map(|time| time.sign()).collect();
        match alike.first() {
            Some(time) if colour && *time != Time::None => format!("\u{1b}[{}m{text}\u{1b}[0m", time.colour()),
            _ => text,
        }
    };
    times.chunk_by(|one, next| one == next).map(part).collect()
}

fn cut(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    name.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
