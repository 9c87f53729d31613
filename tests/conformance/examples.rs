//! The examples run to their end on the host, with people who decide; also when it is killed in the middle.

use crate::host::{Place, Shared, shared};
use crate::journal::{self, Event};
use crate::program::Program;
use crate::room::{COMES_WITHIN, fresh_key};
use crate::support::aimock::Aimock;
use crate::support::example::{Begun, Ended, Example};
use crate::support::web::Web;
use kernelos_tests::crash::Client;
use kernelos_tests::hosts::Running;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the person looks whether something waits.
const LOOKS: Duration = Duration::from_millis(20);

/// What the person says: by what is asked, so that it is the same in every run.
fn person(approval: &Value) -> Option<Value> {
    let question = approval["question"].as_str().unwrap_or_default();
    Some(if question.contains("T-1008") {
        json!({"decision": "approve", "value": "Dear Dan,\n\nI call you at four. Lena"})
    } else if question.contains("T-1012") {
        json!({"decision": "reject", "reason": "nothing to answer"})
    } else {
        json!({"decision": "approve"})
    })
}

/// An example, and the world around it.
struct Story {
    example: Example,
    models: Aimock,
    web: Web,
}

impl Story {
    fn of(name: &str) -> Self {
        let web = Web::start();
        let mut example = Example::read(name).on(&web);
        if name == "nightly-report" {
            example.input["wait"] = json!("PT1S");
        }
        let models = Aimock::with(&example.fixtures());
        Self { example, models, web }
    }

    /// To the end, with the person at work and a host that is killed when the log has come to these positions.
    fn run(&self, kills: &[u64]) -> (Ended, Vec<Event>) {
        self.web.forget();
        let place = Place::new();
        let mut host = place.start();
        let begun = self.example.begin(&mut host.client(), &self.models.base_url());
        for (nth, kill) in kills.iter().enumerate() {
            let over = work(&begun, &host, *kill);
            assert!(nth > 0 || !over, "the run was over before anybody was killed");
            host.kill();
            host = place.start();
        }
        let ended = to_the_end(&begun, &mut host.client());
        let log = journal::whole(&mut host.client(), &begun.workspace);
        host.stop().unwrap();
        place.verify();
        nothing_completed_is_done_again(&log);
        (ended, log)
    }

    /// Killed twice in the middle, it comes to what it comes to undisturbed.
    fn comes_to_the_same_when_the_host_is_killed(&self) -> (Ended, Vec<Event>) {
        let (calm, log) = self.run(&[]);
        let third = log.len() as u64 / 3;
        let (stormy, log) = self.run(&[third, 2 * third]);
        assert_eq!(stormy, calm);
        assert_eq!(stormy.status, "done", "{}", stormy.output);
        (stormy, log)
    }
}

/// Let the person work until the log has come to a position. Says whether the run was over before.
fn work(begun: &Begun, host: &Running, until: u64) -> bool {
    let (began, mut client) = (Instant::now(), host.client());
    while client.get(&begun.path("")).unwrap().json()["pos"].as_u64().unwrap_or_default() < until {
        assert!(began.elapsed() < COMES_WITHIN, "the log does not come to {until}");
        if begun.look(&mut client, &person).unwrap().is_some() {
            return true;
        }
        std::thread::sleep(LOOKS);
    }
    false
}

fn to_the_end(begun: &Begun, client: &mut Client) -> Ended {
    let began = Instant::now();
    loop {
        if let Some(ended) = begun.look(client, &person).unwrap() {
            return ended;
        }
        assert!(began.elapsed() < COMES_WITHIN, "the run does not come to its end");
        std::thread::sleep(LOOKS);
    }
}

/// A call and a step are settled once, and no effect is leased after its end.
fn nothing_completed_is_done_again(log: &[Event]) {
    let mut over: BTreeSet<(&str, String)> = BTreeSet::new();
    for event in log {
        let id = |pointer: &str| event.text(pointer).to_owned();
        let end = match event.text("/type") {
            "lease.granted" => {
                assert!(!over.contains(&("effect", id("/data/effect"))), "{event:?} comes after the end");
                continue;
            }
            "turn.answered" | "effect.closed" => ("effect", id("/data/effect")),
            "step.settled" => ("step", id("/data/step")),
            "call.settled" => ("call", id("/data/call")),
            _ => continue,
        };
        assert!(end.1.is_empty() || over.insert(end.clone()), "{end:?} came to its end twice");
    }
}

#[test]
fn twenty_letters_are_sorted_and_answered_also_when_the_host_is_killed_meanwhile() {
    let (ended, _) = Story::of("support-triage").comes_to_the_same_when_the_host_is_killed();
    let counts = json!({"tickets": 20, "answered": 12, "approved": 5, "edited": 1, "rejected": 1, "failed": 1});
    assert_eq!(ended.output["counts"], counts);
    assert!(ended.documents.contains_key("triage/summary.md"));
}

#[test]
fn a_note_cites_what_was_read_also_when_the_host_is_killed_meanwhile() {
    let (ended, _) = Story::of("research-notes").comes_to_the_same_when_the_host_is_killed();
    let sources = ended.output["sources"].as_array().unwrap();
    let became: Vec<&str> = sources.iter().map(|source| source["status"].as_str().unwrap()).collect();
    assert_eq!(became, ["read", "read", "read", "refused", "missing"]);
    assert!(ended.documents.contains_key("research/http-retries.md"));
}

#[test]
fn a_report_is_sent_under_one_key_also_when_the_host_is_killed_meanwhile() {
    let story = Story::of("nightly-report");
    let (ended, _) = story.comes_to_the_same_when_the_host_is_killed();
    assert_eq!(ended.output["sent"], true, "{}", ended.output);
    let keys: BTreeSet<String> = story.web.to("POST", "/reports").into_iter().map(|visit| visit.key).collect();
    assert_eq!(keys.len(), 1, "the report was sent under {keys:?}");
    assert!(keys.iter().all(|key| !key.is_empty()));
}

/// The program as a person runs it, with the host elsewhere.
struct Remote {
    host: Arc<Shared>,
    story: Story,
    program: Program,
}

impl Remote {
    fn of(name: &str) -> Self {
        let (host, story) = (shared(), Story::of(name));
        let program = Program::of(&host);
        let made = program.run(&["workspace", "create", &format!("{name} {}", fresh_key())]);
        assert_eq!(made.code, 0, "{made:?}");
        let program = program.in_workspace(made.out.trim());
        let connected =
            program.run(&["provider", "connect", "--base-url", &story.models.base_url(), "--model", "test-model"]);
        assert_eq!(connected.code, 0, "{connected:?}");
        Self { host, story, program }
    }

    /// Run it to the end; its output.
    fn run(&self) -> Value {
        let folder = self.program.folder(&self.story.example);
        let (workflow, input) = (folder.join("workflow.yaml"), folder.join("input.json"));
        let (workflow, input) = (workflow.display().to_string(), input.display().to_string());
        let run = ["run", workflow.as_str(), "--input", input.as_str(), "--yes", "--allow-egress"];
        let done = self.program.run(&run);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(self.host.client().get("/health").unwrap().status == 200);
        serde_json::from_str(&done.out).unwrap()
    }
}

#[test]
fn the_program_runs_support_triage_on_a_host_elsewhere() {
    let remote = Remote::of("support-triage");
    let output = remote.run();
    assert_eq!(output["counts"], json!({"tickets": 20, "answered": 12, "approved": 7, "failed": 1}));
    let listed = remote.program.run(&["documents", "list"]);
    assert!(listed.out.contains("triage/summary.md"), "{listed:?}");
    let used = remote.program.run(&["usage", "--json"]);
    let used: Value = serde_json::from_str(&used.out).unwrap();
    assert!(used["total"]["cost_micros"].is_u64(), "{used}");
}

#[test]
fn the_program_runs_research_notes_on_a_host_elsewhere() {
    let output = Remote::of("research-notes").run();
    assert_eq!(output["points"], 4, "{output}");
}

#[test]
fn the_program_runs_a_nightly_report_on_a_host_elsewhere() {
    let remote = Remote::of("nightly-report");
    assert_eq!(remote.run()["sent"], true);
    assert_eq!(remote.story.web.to("POST", "/reports").len(), 1);
}
