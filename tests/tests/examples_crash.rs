//! The examples while host and runtime are killed at random moments: they come to the same outputs and documents as
//! undisturbed, and what was completed is not done again.
//!
//! `KERNELOS_CRASH_KILLS` says how often each run is disturbed, `KERNELOS_CRASH_SEED` when.

#![cfg(test)]

mod support;

use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::aimock::Aimock;
use support::cli::Cli;
use support::desk::Desk;
use support::dice::{Dice, from_environment};
use support::example::{Begun, Ended, Example, Person};
use support::far::{Far, Working};
use support::host::{Place, Running};
use support::ledger::{Ledger, Seen};
use support::say::say;
use support::web::{Visit, Web};

/// Kills of each disturbed run when nothing else is said.
const KILLS: u64 = 5;
/// Longer than any run takes once nobody disturbs it any more.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// How often the person looks whether something waits.
const LOOKS: Duration = Duration::from_millis(20);

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    /// Nobody.
    Nobody,
    /// The host with the runtime in it.
    Together,
    /// The host, or a runtime in a process of its own, or both.
    Apart,
}

#[test]
fn support_triage_comes_to_the_same_whoever_is_killed() {
    let story = Story::of("support-triage", 1, |_| {});
    let calm = story.run(Killed::Nobody, Duration::ZERO);
    let outcomes: Vec<&str> =
        calm.ended.output["tickets"].as_array().unwrap().iter().map(|it| text(it, "outcome")).collect();
    for outcome in ["answered", "approved", "edited", "rejected", "failed"] {
        assert!(outcomes.contains(&outcome), "{outcome} is not among {outcomes:?}");
    }
    for killed in [Killed::Together, Killed::Apart] {
        let stormy = story.run(killed, calm.took);
        stormy.is_the_same_as(&calm);
        // Here nothing outside fails by itself but one model call, which is made again without the workflow's doing.
        for name in ["call.requested", "approval.requested", "step.requested", "run.moved", "turn.answered"] {
            assert_eq!(stormy.count(name), calm.count(name), "{name}");
        }
    }
}

#[test]
fn research_notes_come_to_the_same_whoever_is_killed() {
    let story = Story::of("research-notes", 2, |_| {});
    let calm = story.run(Killed::Nobody, Duration::ZERO);
    assert_eq!(calm.ended.output["points"], 4);
    for killed in [Killed::Together, Killed::Apart] {
        story.run(killed, calm.took).is_the_same_as(&calm);
    }
}

#[test]
fn a_nightly_report_is_sent_under_one_key_whoever_is_killed() {
    let story = Story::of("nightly-report", 3, |input| input["wait"] = json!("PT1S"));
    let calm = story.run(Killed::Nobody, Duration::ZERO);
    assert_eq!(calm.ended.output["sent"], true, "{}", calm.ended.output);
    for killed in [Killed::Together, Killed::Apart] {
        let stormy = story.run(killed, calm.took);
        stormy.is_the_same_as(&calm);
        let keys: BTreeSet<String> = story.web.to("POST", "/reports").into_iter().map(|visit| visit.key).collect();
        assert_eq!(keys.len(), 1, "the report was sent under {keys:?}");
        assert!(keys.iter().all(|key| !key.is_empty()));
    }
}

#[test]
fn a_host_that_dies_while_the_webhook_is_called_sends_the_report_again_under_the_same_key() {
    let mut story = Story::of("nightly-report", 4, |input| input["wait"] = json!("PT1S"));
    // The key that the runtime sends by itself, and not the one that the workflow names.
    let send = story.example.workflow.pointer_mut("/do/9/send/try/0/post/with").unwrap();
    assert!(send.as_object_mut().unwrap().remove("headers").is_some());
    let mut scene = story.scene(Killed::Together);
    scene.kill_when(|| !story.web.to("POST", "/reports").is_empty());
    assert_eq!(scene.end().output["sent"], true);
    let [first, second] = story.web.to("POST", "/reports").try_into().unwrap();
    assert_eq!(first, second, "the same message under the same key");
    assert!(!first.key.is_empty());
    scene.close();
}

/// A night in which the host dies while the webhook is called, and the workflow does not say that it may be called again.
fn in_doubt(nth: u64, says: Value) -> (Ended, Vec<Visit>) {
    let mut story = Story::of("nightly-report", nth, |input| input["wait"] = json!("PT1S"));
    let send = story.example.workflow.pointer_mut("/do/9/send/try/0/post/with").unwrap().as_object_mut().unwrap();
    assert!(send.remove("idempotency").is_some() && send.remove("headers").is_some());
    let mut scene = story.scene(Killed::Together);
    scene.kill_when(|| !story.web.to("POST", "/reports").is_empty());
    let ended = scene
        .end_with(&move |approval| if approval["kind"] == "doubt" { Some(says.clone()) } else { person(approval) });
    scene.close();
    (ended, story.web.to("POST", "/reports"))
}

#[test]
fn a_person_who_knows_what_became_of_the_report_says_so_and_nothing_is_sent_again() {
    let (ended, sent) = in_doubt(5, json!({"decision": "answer", "value": {"received": "as they say on the phone"}}));
    assert_eq!(ended.output["receipt"]["received"], "as they say on the phone", "{}", ended.output);
    assert_eq!(sent.len(), 1);
}

#[test]
fn a_report_that_a_person_lets_be_sent_again_goes_out_under_the_same_key() {
    let (ended, sent) = in_doubt(6, json!({"decision": "approve"}));
    assert_eq!(ended.output["sent"], true, "{}", ended.output);
    let [first, second] = sent.try_into().unwrap();
    assert_eq!(first, second);
    assert!(!first.key.is_empty());
}

/// What the person says: by what is asked, so that it is the same in every run.
fn person(approval: &Value) -> Option<Value> {
    let question = text(approval, "question");
    Some(if question.contains("T-1008") {
        json!({"decision": "approve", "value": "Dear Dan,\n\nI call you at four.\n\nLena, Nordwind Outdoor"})
    } else if question.contains("T-1012") {
        json!({"decision": "reject", "reason": "nothing to answer"})
    } else {
        json!({"decision": "approve"})
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// An example, and the world around it.
struct Story {
    name: &'static str,
    example: Example,
    web: Web,
    kills: u64,
    seed: u64,
}

/// What came of one run.
struct Run {
    ended: Ended,
    events: Vec<Seen>,
    took: Duration,
}

impl Story {
    fn of(name: &'static str, nth: u64, adjust: impl FnOnce(&mut Value)) -> Self {
        let web = Web::start();
        let mut example = Example::read(name).on(&web);
        adjust(&mut example.input);
        let kills = from_environment("KERNELOS_CRASH_KILLS", KILLS);
        let seed = from_environment("KERNELOS_CRASH_SEED", 1) * 100 + nth;
        Self { name, example, web, kills, seed }
    }

    /// Run it. Kills are spread over about the time that an undisturbed run takes.
    fn run(&self, killed: Killed, calm: Duration) -> Run {
        let began = Instant::now();
        let mut scene = self.scene(killed);
        let kills = if killed == Killed::Nobody { 0 } else { self.kills };
        let busy_ms = 2 * u64::try_from(calm.as_millis()).unwrap() / (kills + 1);
        let mut done = 0;
        while done < kills && !scene.disturb(busy_ms) {
            done += 1;
        }
        let ended = scene.end();
        let took = began.elapsed();
        let events = scene.close();
        let run = Run { ended, events, took };
        run.nothing_completed_is_done_again();
        self.one_key_for_each_request();
        say(&format!(
            "{} with {killed:?} killed: {done} kills (seed {}), {} events, {} leases in doubt, {:.1} s",
            self.name,
            self.seed,
            run.events.len(),
            run.events.iter().filter(|event| event.event.pointer("/data/in_doubt") == Some(&json!(true))).count(),
            run.took.as_secs_f64(),
        ));
        assert!(done > 0 || kills == 0, "the run was over before anybody was killed");
        run
    }

    /// A new workspace in which the run was just begun.
    fn scene(&self, killed: Killed) -> Scene {
        self.web.forget();
        let (dir, models) = (tempfile::tempdir().unwrap(), Aimock::with(&self.example.fixtures()));
        let place = Place::new(dir.path(), if killed == Killed::Apart { 0 } else { 16 });
        let host = place.start();
        let begun = self.example.begin(&mut host.client(), &models.base_url());
        let far = (killed == Killed::Apart).then(|| Far::new(dir.path(), place.data(), &begun.workspace));
        let (host, dice) = (Some(host), Dice::new(self.seed));
        let mut scene = Scene { _dir: dir, _models: models, place, begun, far, host, worker: None, dice };
        scene.employ();
        scene
    }

    /// Every idempotency key belongs to one request.
    fn one_key_for_each_request(&self) {
        let mut keys: BTreeMap<String, (String, String)> = BTreeMap::new();
        for visit in self.web.visits().into_iter().filter(|visit| !visit.key.is_empty()) {
            let request = (visit.path, visit.body);
            let before = keys.insert(visit.key.clone(), request.clone());
            assert!(before.is_none_or(|before| before == request), "two requests came under {}", visit.key);
        }
    }
}

/// Processes at work on a run.
struct Scene {
    _dir: tempfile::TempDir,
    _models: Aimock,
    place: Place,
    begun: Begun,
    far: Option<Far>,
    host: Option<Running>,
    worker: Option<Working>,
    dice: Dice,
}

impl Scene {
    /// Let a runtime of its own work for the host that is there now.
    fn employ(&mut self) {
        let (Some(far), Some(host)) = (&self.far, &self.host) else { return };
        far.host_is_at(host.address);
        if self.worker.is_none() {
            self.worker = Some(far.start(&mut self.dice));
        }
    }

    /// Kill somebody after a while, with the person at work meanwhile. Says whether the run was over before.
    fn disturb(&mut self, busy_ms: u64) -> bool {
        let busy = Duration::from_millis(20 + self.dice.below(busy_ms));
        let (host, worker) = match (self.far.is_some(), self.dice.below(3)) {
            (false, _) | (true, 0) => (true, false),
            (true, 1) => (false, true),
            (true, _) => (true, true),
        };
        let running = self.host.take().unwrap();
        let (begun, is_enough) = (&self.begun, &AtomicBool::new(false));
        let mut client = running.client();
        let (left, over) = std::thread::scope(|scope| {
            let watching = scope.spawn(move || work(begun, &mut client, is_enough));
            std::thread::sleep(busy);
            if worker {
                self.worker = None;
            }
            let mut left = Some(running);
            if host {
                left.take().map(Running::kill);
            }
            is_enough.store(true, Ordering::Relaxed);
            (left, watching.join().unwrap())
        });
        self.host = left.or_else(|| Some(self.place.start()));
        self.employ();
        over
    }

    /// Kill the host as soon as `now` says so, with the person at work meanwhile.
    fn kill_when(&mut self, now: impl Fn() -> bool) {
        let (begun, host) = (Instant::now(), self.host.take().unwrap());
        let mut client = host.client();
        while !now() {
            assert_eq!(self.begun.look(&mut client, &person).unwrap(), None, "the run was over before");
            assert!(begun.elapsed() < ENDS_WITHIN, "the moment to kill does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
        host.kill();
        self.host = Some(self.place.start());
        self.employ();
    }

    /// Nobody is killed any more: what comes of it.
    fn end(&mut self) -> Ended {
        self.end_with(&person)
    }

    fn end_with(&mut self, person: &Person) -> Ended {
        let (begun, mut client) = (Instant::now(), self.host.as_ref().unwrap().client());
        loop {
            if let Some(ended) = self.begun.look(&mut client, person).unwrap() {
                return ended;
            }
            assert!(begun.elapsed() < ENDS_WITHIN, "the run does not come to its end");
            std::thread::sleep(LOOKS);
        }
    }

    /// The log, once everything stored was compared with it.
    fn close(mut self) -> Vec<Seen> {
        let mut ledger = Ledger::default();
        let desk = Desk { id: self.begun.workspace.clone(), agent: String::new() };
        ledger.read_on(&mut self.host.as_ref().unwrap().client(), &desk);
        self.worker = None;
        self.host.take().unwrap().kill();
        let verified = Cli::over(self.place.data()).run(&["replay", "--verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
        ledger.events
    }
}

/// The person at work, until the connection breaks or it is enough. Says whether the run is over.
fn work(begun: &Begun, client: &mut Client, is_enough: &AtomicBool) -> bool {
    while !is_enough.load(Ordering::Relaxed) {
        match begun.look(client, &person) {
            Ok(Some(_)) => return true,
            Ok(None) => std::thread::sleep(LOOKS),
            Err(_) => return false,
        }
    }
    false
}

impl Run {
    fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|event| event.text("/type") == name).count()
    }

    fn is_the_same_as(&self, calm: &Run) {
        assert_eq!(self.ended, calm.ended);
        for name in ["document.written", "note.remembered", "approval.decided", "step.settled", "run.ended"] {
            assert_eq!(self.count(name), calm.count(name), "{name}");
        }
    }

    /// An effect is closed once and not leased after that; a call and a step are settled once.
    fn nothing_completed_is_done_again(&self) {
        let mut over: BTreeSet<(&str, &str)> = BTreeSet::new();
        for event in &self.events {
            let (name, effect) = (event.text("/type"), event.text("/data/effect"));
            let ends = match name {
                "lease.granted" => {
                    assert!(!over.contains(&("effect", effect)), "{effect} was leased after its end");
                    continue;
                }
                "turn.answered" | "effect.closed" => vec![("effect", effect)],
                "step.settled" => vec![("effect", effect), ("step", event.text("/data/step"))],
                "call.settled" => {
                    vec![("effect", event.text("/data/closing/effect")), ("call", event.text("/data/call"))]
                }
                _ => continue,
            };
            for end in ends.into_iter().filter(|(_, id)| !id.is_empty()) {
                assert!(over.insert(end), "{end:?} came to its end twice");
            }
        }
    }
}
