//! The examples run to their end on a real host, over HTTP, with people who decide.

#![cfg(test)]

mod support;

use kernelos::host::{Config, Host};
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use support::aimock::Aimock;
use support::cli::Cli;
use support::example::{Begun, Ended, Example, Person};
use support::web::Web;

/// Longer than any of them takes.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A host, the endpoint for its models, and a run.
struct Stage {
    _dir: tempfile::TempDir,
    _models: Aimock,
    _host: Host,
    client: Client,
    begun: Begun,
}

impl Stage {
    fn of(example: &Example) -> Self {
        let (dir, models) = (tempfile::tempdir().unwrap(), Aimock::with(&example.fixtures()));
        let host = Host::start(&Config::new(dir.path())).unwrap();
        let mut client = Client::new(host.address(), host.token());
        let begun = example.begin(&mut client, &models.base_url());
        Self { _dir: dir, _models: models, _host: host, client, begun }
    }

    fn end(&mut self, person: &Person) -> Ended {
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.begun.look(&mut self.client, person).unwrap() {
                return ended;
            }
            assert!(begun.elapsed() < ENDS_WITHIN, "the run does not come to its end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Wait until somebody is waited for, and say for what.
    fn waits(&mut self) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(approval) = self.begun.waiting(&mut self.client).unwrap().pop() {
                return approval;
            }
            assert!(begun.elapsed() < ENDS_WITHIN, "nobody is waited for");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn get(&mut self, rest: &str) -> Value {
        let answer = self.client.get(&self.begun.path(rest)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }
}

fn approve(_: &Value) -> Option<Value> {
    Some(json!({"decision": "approve"}))
}

/// The outcome of a ticket in what a triage came to.
fn outcome<'a>(ended: &'a Ended, ticket: &str) -> &'a Value {
    let tickets = ended.output["tickets"].as_array().unwrap();
    tickets.iter().find(|known| known["id"] == ticket).unwrap()
}

#[test]
fn twenty_letters_are_sorted_and_answered_and_a_person_reads_the_delicate_ones() {
    let mut stage = Stage::of(&Example::read("support-triage"));
    let ended = stage.end(&|approval| {
        let question = approval["question"].as_str().unwrap();
        Some(if question.starts_with("T-1008") {
            json!({"decision": "approve", "value": "Dear Dan,\n\nI call you at four. Lena"})
        } else if question.starts_with("T-1012") {
            json!({"decision": "reject", "reason": "nothing to answer"})
        } else {
            json!({"decision": "approve"})
        })
    });
    assert_eq!(ended.status, "done", "{}", ended.output);
    let counts = json!({"tickets": 20, "answered": 12, "approved": 5, "edited": 1, "rejected": 1, "failed": 1});
    assert_eq!(ended.output["counts"], counts);
    let answer =
        |ticket: &str| ended.documents.get(&format!("triage/answers/{ticket}.md")).map(|(text, _)| text.as_str());
    assert!(answer("T-1001").unwrap().starts_with("Dear Maya"));
    assert_eq!(answer("T-1008"), Some("Dear Dan,\n\nI call you at four. Lena"), "what the person wrote goes out");
    assert_eq!(answer("T-1012"), None, "what was rejected does not go out");
    assert_eq!(outcome(&ended, "T-1012")["reason"], "nothing to answer");
    assert_eq!(outcome(&ended, "T-1010")["urgency"], "low", "an answer that did not fit was mended");
    let failed = outcome(&ended, "T-1013");
    assert!(failed["problem"].as_str().unwrap().starts_with("invalid_output: "), "{failed}");
    let (summary, version) = &ended.documents["triage/summary.md"];
    assert!(summary.contains("| T-1002 | Tom Okafor | product | high | angry | approved |"), "{summary}");
    assert_eq!((*version, summary.matches("\n| T-").count()), (1, 20));
    let to_look_at = summary.split("## To look at").nth(1).unwrap();
    assert!(to_look_at.contains("T-1012, rejected: nothing to answer") && to_look_at.contains("T-1013, failed: "));

    let approvals = stage.get("/approvals?all=1");
    let asked: Vec<&str> = approvals["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["question"].as_str().unwrap().get(..6).unwrap())
        .collect();
    let asked: BTreeSet<&str> = asked.into_iter().collect();
    let delicate = ["T-1002", "T-1006", "T-1008", "T-1011", "T-1012", "T-1014", "T-1019"];
    assert_eq!(asked, delicate.into_iter().collect(), "nobody is asked about anything else");
    assert!(stage.get("/usage")["total"]["cost_micros"].as_u64().unwrap() > 0, "what it cost is known");
}

#[test]
fn a_note_cites_what_was_read_and_says_what_was_not() {
    let web = Web::start();
    let mut stage = Stage::of(&Example::read("research-notes").on(&web));
    let ended = stage.end(&|_| None);
    assert_eq!(ended.status, "done", "{}", ended.output);
    let sources = ended.output["sources"].as_array().unwrap();
    let became: Vec<&str> = sources.iter().map(|source| source["status"].as_str().unwrap()).collect();
    assert_eq!(became, ["read", "read", "read", "refused", "missing"]);
    assert_eq!((&sources[0]["claims"], &sources[0]["dropped"]), (&json!(2), &json!(1)), "a quote was made up");
    let (note, _) = &ended.documents["research/http-retries.md"];
    for part in [
        "keep it from being done twice. [2][3]",
        "[4] Ten tricks to retry anything, <https://retry-tips.example.com/ten-tricks> – not read: the workspace does not",
        "answered 503",
    ] {
        assert!(note.contains(part), "{part} is not in the note:\n{note}");
    }
    let body = note.split("## Sources").next().unwrap();
    assert!(!body.contains("[4]") && !body.contains("[5]"), "what was not read is not cited:\n{note}");
    assert_eq!(web.to("GET", "/rfc/rfc0000.txt").len(), 3, "a page that fails is tried three times");
    assert_eq!(web.to("GET", "/rfc/rfc8470.txt").len(), 2, "a page that comes back is read");
}

#[test]
fn nothing_to_read_is_no_note() {
    let web = Web::start();
    let mut example = Example::read("research-notes").on(&web);
    example.input["sources"] = json!([{"title": "Ten tricks", "url": "https://retry-tips.example.com/ten-tricks"}]);
    let ended = Stage::of(&example).end(&|_| None);
    assert_eq!((ended.status.as_str(), ended.documents.len()), ("failed", 0));
    assert!(ended.output["detail"].as_str().unwrap().contains("nothing_read"), "{}", ended.output);
    assert!(web.visits().is_empty());
}

/// The report with a night of that length.
fn report(web: &Web, wait: &str) -> Example {
    let mut example = Example::read("nightly-report").on(web);
    example.input["wait"] = json!(wait);
    example
}

#[test]
fn a_report_waits_for_the_night_and_for_a_person_and_is_sent_once() {
    let web = Web::start();
    let mut stage = Stage::of(&report(&web, "PT2S"));
    let task = stage.begun.task.clone();
    let view = stage.get(&format!("/tasks/{task}"));
    assert_eq!(view["run"]["node"], "until-night");
    assert!(web.visits().is_empty(), "nothing is fetched before its time");
    let approval = stage.waits();
    assert!(web.to("POST", "/reports").is_empty(), "nothing is sent before somebody approved");
    assert!(approval["expires_at"].as_u64().unwrap() > approval["asked_at"].as_u64().unwrap());
    let ended = stage.end(&approve);
    assert_eq!(
        ended.output,
        json!({"day": "2026-03-01", "decision": "approved", "sent": true, "receipt": {"received": true}})
    );
    let sent = web.to("POST", "/reports");
    assert_eq!(sent.len(), 1);
    assert!(!sent[0].key.is_empty());
    let message: Value = serde_json::from_str(&sent[0].body).unwrap();
    for row in [
        "| Online | 202 | 19137.00 | +10.6 % |",
        "| South | 98 | 7041.20 | −17.6 % |",
        "| all | 689 | 60312.45 | +4.1 % |",
    ] {
        assert!(message["text"].as_str().unwrap().contains(row), "{row} is not in {message}");
    }
    assert!(ended.documents["reports/2026-03-01.md"].0.contains("South fell by 17.6 %"));
    assert_eq!(web.to("GET", "/v1/days/latest").len(), 2, "an API that was away for a moment was asked again");
}

#[test]
fn a_report_that_nobody_approves_in_time_is_passed_on_and_then_not_sent() {
    let web = Web::start();
    let mut example = report(&web, "PT0.01S");
    example.input["approval"] = json!({"escalate_after": "PT0.3S", "escalate_to": "the boss", "timeout": "PT1S"});
    let mut stage = Stage::of(&example);
    let ended = stage.end(&|_| None);
    assert_eq!(
        (&ended.output["decision"], &ended.output["sent"]),
        (&json!("timed_out"), &json!(false)),
        "{}",
        ended.output
    );
    let approvals = stage.get("/approvals?all=1");
    assert_eq!(approvals["approvals"][0]["escalated"], true, "{approvals}");
    assert!(web.to("POST", "/reports").is_empty());
    assert_eq!(ended.documents.len(), 1, "the report itself is kept");
}

#[test]
fn the_program_stops_where_a_person_is_waited_for_and_goes_to_the_end_when_all_is_approved() {
    let example = Example::read("support-triage");
    let (dir, models) = (tempfile::tempdir().unwrap(), Aimock::with(&example.fixtures()));
    let cli = Cli::over(dir.path());
    let connected = cli.run(&["provider", "connect", "--base-url", &models.base_url(), "--model", "test-model"]);
    assert_eq!((connected.code, connected.out.matches("works").count()), (0, 3), "{connected:?}");
    let (workflow, input) = (example.file("workflow.yaml"), example.file("input.json"));
    let run = ["run", workflow.as_str(), "--input", input.as_str()];
    let waits = cli.run(&run);
    assert_eq!((waits.code, waits.out.as_str()), (4, ""), "{waits:?}");
    assert!(waits.err.contains("kernelos approve ") && waits.err.contains("T-1002, Tom Okafor"), "{waits:?}");
    let done = cli.run(&[&run[..], &["--yes"]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    let output: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(output["counts"], json!({"tickets": 20, "answered": 12, "approved": 7, "failed": 1}));
    assert_eq!(cli.run(&["replay", "--verify"]).code, 0);
}

/// Whoever writes several times as many letters pays several times as much, and not the square of it.
#[test]
fn the_log_of_a_loop_with_agents_grows_with_its_items() {
    let bytes = |times: usize| {
        let mut example = Example::read("support-triage");
        let tickets = example.input["tickets"].as_array().unwrap().clone();
        let plain: Vec<Value> = tickets.into_iter().filter(|ticket| ticket["id"] == "T-1003").collect();
        example.input["tickets"] = json!(plain.into_iter().cycle().take(times).collect::<Vec<_>>());
        let mut stage = Stage::of(&example);
        let (begun, ended) = (Instant::now(), stage.end(&approve));
        assert_eq!(ended.output["counts"]["answered"], times, "{}", ended.output);
        let took = begun.elapsed();
        let mut bytes = 0;
        let mut after = 0;
        loop {
            let page = stage.client.get(&stage.begun.path(&format!("/events?after={after}&limit=256"))).unwrap();
            let next = page.json()["next"].as_u64().unwrap();
            bytes += page.body.len();
            if next == after {
                break;
            }
            after = next;
        }
        support::say::say(&format!("triage of {times} letters: {after} events, {bytes} bytes, {took:.2?}"));
        bytes
    };
    let (few, many) = (bytes(10), bytes(40));
    assert!(many < few * 6, "{few} bytes for 10 letters, {many} for 40");
}
