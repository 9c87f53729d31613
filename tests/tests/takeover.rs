//! Two runtimes in processes of their own work for one workspace over HTTP. One of them dies or is slow while it holds a
//! lease: the other one continues, and what the first one reports afterwards is kept and changes nothing.

#![cfg(test)]

mod support;

use kernel::id::{BootId, RuntimeId};
use kernelos::host::{Config, Host, Identity};
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use support::desk::{Desk, accepted};
use support::ledger::Ledger;

/// How long the leases of these stories hold.
const TTL_MS: u64 = 1_500;

/// A host that performs nothing itself, with one question that waits.
struct Story {
    _dir: tempfile::TempDir,
    host: Host,
    client: Client,
    desk: Desk,
    identity: Identity,
    task: String,
    effect: String,
}

impl Story {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::start(&Config { effects_max: 0, ..Config::new(dir.path()) }).unwrap();
        let mut client = Client::new(host.address(), host.token());
        let desk = Desk::begin(&mut client, "http://127.0.0.1:1/v1");
        let question = json!({ "agent": desk.agent, "prompt": "who answers?" });
        let asked = client.command(&desk.id, "ask", "task.ask", &question).unwrap();
        let (task, effect) = (accepted(&asked), asked.text("/outcomes/0/made/2"));
        let identity = Identity::open(dir.path()).unwrap();
        Self { _dir: dir, host, client, desk, identity, task, effect }
    }

    fn runtime(&self, slot: u8) -> (RuntimeId, BootId) {
        (RuntimeId { device: self.identity.device(), slot: slot.into() }, BootId([slot; 16]))
    }

    /// A process that takes the lease, if it can have it.
    fn process(&self, slot: u8, ttl_ms: u64) -> Process {
        let (runtime, boot) = self.runtime(slot);
        let words = [self.host.address().to_string(), self.desk.id.clone(), runtime.to_string(), boot.to_string()];
        let mut child = Command::new(env!("CARGO_BIN_EXE_lone_runtime"))
            .args(words)
            .arg(ttl_ms.to_string())
            .env("KERNELOS_TOKEN", self.host.token())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let lease = line(&mut said);
        Process { child, said, lease }
    }

    /// One more try to take the lease, under a key of its own.
    fn lease(&mut self, slot: u8, key: &str) -> Answer {
        let (runtime, boot) = self.runtime(slot);
        self.client
            .command(&self.desk.id, &format!("join-{slot}"), "runtime.join", &json!({"runtime": runtime, "boot": boot}))
            .unwrap();
        let data = json!({ "runtime": runtime, "boot": boot, "ttl_ms": 60_000 });
        self.client.command(&self.desk.id, key, "effect.lease", &data).unwrap()
    }

    fn report(&mut self, slot: u8, fence: u64, text: &str) -> Answer {
        let (runtime, boot) = self.runtime(slot);
        let outcome = json!({ "is": "answered", "text": text, "stop": "end", "input_tokens": 9, "output_tokens": 9 });
        let data =
            json!({ "runtime": runtime, "boot": boot, "effect": self.effect, "fence": fence, "outcome": outcome });
        self.client.command(&self.desk.id, &format!("report-{slot}-{fence}"), "effect.report", &data).unwrap()
    }

    /// The lease as its holder sees it.
    fn held(&mut self) -> Value {
        self.client.get(&self.desk.path(&format!("/effects/{}", self.effect))).unwrap().json()
    }

    fn step(&mut self) -> Value {
        self.client.get(&self.desk.path(&format!("/tasks/{}", self.task))).unwrap().json()["steps"][0].clone()
    }

    fn data_root(&mut self) -> String {
        self.desk.describe(&mut self.client)["roots"]["main@0"].as_str().unwrap().to_owned()
    }

    /// How often each of these types is in the log.
    fn count(&mut self, types: &[&str]) -> Vec<usize> {
        let mut ledger = Ledger::default();
        ledger.read_on(&mut self.client, &self.desk);
        types.iter().map(|name| ledger.events.iter().filter(|event| event.text("/type") == *name).count()).collect()
    }
}

/// A runtime's process.
struct Process {
    child: Child,
    said: BufReader<ChildStdout>,
    lease: Value,
}

impl Process {
    fn report(&mut self, text: &str) -> Value {
        writeln!(self.child.stdin.as_mut().unwrap(), "{text}").unwrap();
        line(&mut self.said)
    }
}

/// SIGKILL, also when a test fails.
impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn line(said: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("the runtime said {line:?}"))
}

#[test]
fn a_runtime_killed_while_it_holds_a_lease_is_replaced_and_its_late_report_is_kept() {
    let mut story = Story::begin();
    let first = story.process(1, TTL_MS);
    assert_eq!((first.lease["fence"].as_u64(), first.lease["in_doubt"].as_bool()), (Some(1), Some(false)));
    let key = first.lease["idempotency_key"].clone();
    let early = story.lease(2, "too-early");
    assert_eq!((early.status, early.text("/code").as_str()), (409, "nothing_to_lease"), "{}", early.json());
    drop(first);

    let (killed, mut tries) = (Instant::now(), 0);
    while story.lease(2, &format!("try-{tries}")).status != 200 {
        tries += 1;
        assert!(killed.elapsed() < Duration::from_secs(20), "the lease of a dead runtime never ends");
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = story.held();
    assert_eq!((second["fence"].as_u64(), second["in_doubt"].as_bool()), (Some(2), Some(true)), "{second}");
    assert_eq!(second["idempotency_key"], key, "the outside world is told that it is the same effect");
    assert_eq!(story.report(2, 2, "the second").status, 200);
    let (root, settled) = (story.data_root(), story.step());
    assert_eq!((settled["answer"].as_str(), settled["lost"].as_u64()), (Some("the second"), Some(1)), "{settled}");

    // The network kept what the first one sent before it died.
    let late = story.report(1, 1, "the first");
    assert_eq!((late.status, late.text("/outcomes/0/status").as_str()), (200, "accepted"), "{}", late.json());
    let after = story.step();
    assert_eq!((after["answer"].as_str(), after["late"].as_u64()), (Some("the second"), Some(1)), "{after}");
    assert_eq!(story.data_root(), root, "a late report changed data");
    assert_eq!(story.count(&["lease.granted", "lease.lost", "step.settled", "report.late"]), [2, 1, 1, 1]);
    let again = story.report(1, 1, "the first");
    assert_eq!(again.body, late.body);
}

#[test]
fn a_slow_runtime_whose_effect_was_taken_over_is_fenced_off_before_the_other_one_is_done() {
    let mut story = Story::begin();
    let mut slow = story.process(1, 1);
    std::thread::sleep(Duration::from_millis(5));
    let mut other = story.process(2, 60_000);
    assert_eq!((other.lease["fence"].as_u64(), other.lease["in_doubt"].as_bool()), (Some(2), Some(true)));
    let root = story.data_root();

    let late = slow.report("too slow");
    assert_eq!(late["outcomes"][0]["status"], "accepted", "{late}");
    assert_eq!((story.step()["status"].as_str(), story.data_root()), (Some("waiting"), root));
    assert_eq!(story.count(&["report.late", "step.settled"]), [1, 0]);

    assert_eq!(other.report("in time")["outcomes"][0]["status"], "accepted");
    let step = story.step();
    assert_eq!((step["answer"].as_str(), step["late"].as_u64()), (Some("in time"), Some(1)), "{step}");
}

#[test]
fn a_lease_that_is_over_and_that_nobody_took_still_counts() {
    let mut story = Story::begin();
    let mut alone = story.process(1, 1);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(alone.report("a little late")["outcomes"][0]["status"], "accepted");
    assert_eq!(story.step()["answer"], "a little late");
    assert_eq!(story.count(&["report.late", "step.settled"]), [0, 1]);
}

#[test]
fn a_new_process_of_a_runtime_gets_back_at_once_what_the_killed_one_held() {
    let mut story = Story::begin();
    drop(story.process(1, 600_000));
    let (runtime, boot) = (story.runtime(1).0, BootId([9; 16]));
    let identity = json!({ "runtime": runtime, "boot": boot });
    accepted_nothing(&story.client.command(&story.desk.id, "rejoin", "runtime.join", &identity).unwrap());
    let data = json!({ "runtime": runtime, "boot": boot, "ttl_ms": 60_000 });
    assert_eq!(story.client.command(&story.desk.id, "again", "effect.lease", &data).unwrap().status, 200);
    let held = story.held();
    assert_eq!((held["fence"].as_u64(), held["in_doubt"].as_bool()), (Some(2), Some(true)), "{held}");
}

fn accepted_nothing(answer: &Answer) {
    assert_eq!((answer.status, accepted(answer).as_str()), (200, ""));
}
