//! The host is killed at any moment. Nothing that was acknowledged is missing, nothing that was completed is done again,
//! and what was in flight is repeated under the same idempotency key and says so.
//!
//! `KERNELOS_CRASH_KILLS` says how often it is killed, `KERNELOS_CRASH_SEED` when. A full run is 200 kills or more.

#![cfg(test)]

mod support;

use kernel::id::WorkspaceId;
use kernelos_tests::crash::{Client, Stage};
use ports::Vault as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store_libsql::LibsqlStore;
use support::desk::{Desk, accepted};
use support::dice::{Dice, from_environment};
use support::host::{Place, Running};
use support::ledger::Ledger;
use support::load::{Sender, Subject};
use support::peer::{Call, Peer};
use support::say::{say, spread};
use testkit::block_on;
use vault_file::FileVault;

/// Kills of a short run.
const KILLS: u64 = 24;
/// A lease lasts longer: what is answered within this was given back at the restart and did not wait for its time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

#[test]
fn killed_at_any_moment_the_host_loses_nothing_and_repeats_nothing_that_was_done() {
    let kills = from_environment("KERNELOS_CRASH_KILLS", KILLS);
    let seed = from_environment("KERNELOS_CRASH_SEED", 1);
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::begin(Place::new(dir.path(), 16), seed);
    for round in 0..kills {
        story.kill(round);
        story.make_sure();
    }
    story.wait_for_every_answer();
    story.every_command_took_effect_once();
    story.no_effect_took_place_unseen();
    story.report(kills, seed);
    story.everything_stored_follows_from_the_log();
}

/// Nothing else waits, so nothing but the restart itself can set the question going again.
#[test]
fn a_question_in_flight_goes_on_as_soon_as_the_next_process_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let (place, peer) = (Place::new(dir.path(), 16), Peer::start(1));
    let mut host = place.start();
    let desk = Desk::begin(&mut host.client(), &peer.base_url());
    let mut waited = Vec::new();
    for nth in 0..6 {
        let prompt = format!("slow question {nth}");
        let calls = || peer.calls().into_iter().filter(|call| call.prompt == prompt).collect::<Vec<_>>();
        let wait_for = |count: usize| {
            let begun = Instant::now();
            while calls().len() < count {
                assert!(begun.elapsed() < ANSWERED_WITHIN, "{prompt} was asked {} times", calls().len());
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let data = json!({ "agent": desk.agent, "prompt": prompt });
        let task = accepted(&host.client().command(&desk.id, &format!("key-{nth}"), "task.ask", &data).unwrap());
        wait_for(1);
        host.kill();
        peer.next_generation(nth + 1);
        host = place.start();
        wait_for(2);
        let [first, second] = calls().try_into().unwrap();
        assert_eq!(first.key, second.key);
        waited.push(second.at.saturating_duration_since(host.up).as_secs_f64() * 1000.0);
        let step =
            host.client().get(&desk.path(&format!("/tasks/{task}?wait=10000"))).unwrap().json()["steps"][0].clone();
        assert_eq!((step["status"].as_str(), step["lost"].as_u64()), (Some("answered"), Some(1)), "{step}");
        assert_eq!(calls().len(), 2);
    }
    say(&format!("crash: from up to the next attempt of the one question in flight: {}", spread(&mut waited)));
}

/// One data directory, and what clients and the outside world know of it.
struct Story {
    place: Place,
    peer: Peer,
    host: Option<Running>,
    desk: Desk,
    senders: Vec<Sender>,
    ledger: Ledger,
    dice: Dice,
    /// When each process was started, and when it was up.
    processes: Vec<(u64, Instant)>,
    stages: BTreeMap<Stage, u64>,
}

impl Story {
    fn begin(place: Place, seed: u64) -> Self {
        let peer = Peer::start(seed);
        let host = place.start();
        let mut client = host.client();
        let desk = Desk::begin(&mut client, &peer.base_url());
        let senders = vec![
            Sender::with_keys("anna", seed * 10),
            Sender::with_keys("bert", seed * 10 + 1),
            Sender::with_keys("cleo", seed * 10 + 2),
            Sender::with_device("phone", seed * 10 + 3, &mut client, &desk),
        ];
        let processes = vec![(host.spawned_ms(), host.up)];
        let (ledger, dice, stages) = (Ledger::default(), Dice::new(seed), BTreeMap::new());
        Self { place, peer, host: Some(host), desk, senders, ledger, dice, processes, stages }
    }

    fn client(&self) -> Client {
        self.host.as_ref().unwrap().client()
    }

    /// Let clients send, kill the host in the middle of it, and start the next process.
    fn kill(&mut self, round: u64) {
        let host = self.host.take().unwrap();
        let busy_for = Duration::from_millis(15 + self.dice.below(85));
        let wanted = [Stage::Before, Stage::Within, Stage::After, Stage::Between].into_iter().nth((round % 5) as usize);
        let desk = &self.desk;
        let stood = std::thread::scope(|scope| {
            for sender in &mut self.senders {
                let mut client = host.client();
                scope.spawn(move || sender.send_until_cut(&mut client, desk));
            }
            std::thread::sleep(busy_for);
            if let Some(stage) = wanted {
                host.lie_in_wait(stage);
            }
            host.kill()
        });
        *self.stages.entry(stood).or_default() += 1;
        if round % 8 == 7 {
            self.kill_while_it_starts();
        }
        self.start();
    }

    /// A process that is killed before anybody could talk to it.
    fn kill_while_it_starts(&mut self) {
        self.peer.next_generation(self.processes.len());
        let begun = self.place.spawn();
        self.processes.push((begun.spawned_ms, Instant::now()));
        std::thread::sleep(Duration::from_millis(self.dice.below(20)));
        *self.stages.entry(begun.kill()).or_default() += 1;
    }

    fn start(&mut self) {
        self.peer.next_generation(self.processes.len());
        let host = self.place.start();
        self.processes.push((host.spawned_ms(), host.up));
        self.host = Some(host);
    }

    /// What had no answer gets one, what had one gets the same again, and the log begins as it did.
    fn make_sure(&mut self) {
        let mut client = self.client();
        for sender in &mut self.senders {
            sender.make_sure(&mut client, &self.desk);
        }
        self.ledger.read_on(&mut client, &self.desk);
    }

    fn wait_for_every_answer(&mut self) {
        let (begun, mut client) = (Instant::now(), self.client());
        while !self.ledger.outstanding().is_empty() {
            assert!(begun.elapsed() < ANSWERED_WITHIN, "without an answer: {:?}", self.ledger.outstanding());
            std::thread::sleep(Duration::from_millis(50));
            self.ledger.read_on(&mut client, &self.desk);
        }
        let mut again = Ledger::default();
        again.read_on(&mut client, &self.desk);
        assert!(again.events.starts_with(&self.ledger.events), "the log was rewritten");
    }

    fn every_command_took_effect_once(&self) {
        let (commands, subjects) = (self.ledger.commands(), self.ledger.subjects());
        let mut acknowledged = 0;
        for (id, pos, subject) in self.senders.iter().flat_map(|sender| &sender.told).flat_map(|told| told.commands()) {
            assert_eq!(commands.get(id.as_str()), Some(&pos), "{id} is not where its reply said: {subject:?}");
            assert_eq!(subjects.get(&subject), Some(&1), "{subject:?}");
            acknowledged += 1;
        }
        assert_eq!(subjects.len(), acknowledged, "the log holds what nobody sent");
    }

    /// Which process was there at that moment.
    fn generation(&self, at_ms: u64) -> usize {
        self.processes.iter().rposition(|(spawned_ms, _)| *spawned_ms <= at_ms).unwrap()
    }

    fn no_effect_took_place_unseen(&self) {
        let effects = self.ledger.effects();
        let calls = self.peer.calls_by_key();
        let mut client = self.client();
        for (id, effect) in &effects {
            let calls = calls.get(&format!("{}.{id}", self.desk.id)).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(effect.settled_ms.len(), 1, "effect {id} was settled more than once");
            let settled = self.generation(effect.settled_ms[0]);
            assert!(calls.iter().any(|call| call.answered), "effect {id} was settled without an answer");
            assert!(calls.iter().all(|call| call.generation <= settled), "effect {id} was done and then done again");
            let each_once = calls.windows(2).all(|pair| pair[0].generation < pair[1].generation);
            assert!(each_once, "one process performed effect {id} twice: {calls:?}");
            assert!(calls.len() as u64 <= effect.leases, "effect {id} was performed without a lease");
            if calls.len() > 1 {
                assert!(effect.in_doubt > 0, "effect {id} was repeated and no lease says so");
                let task = client.get(&self.desk.path(&format!("/tasks/{}", effect.task))).unwrap();
                let lost = task.json()["steps"][0]["lost"].as_u64().unwrap();
                assert!(lost > 0, "effect {id} was repeated and its step does not say so");
            }
        }
        self.one_key_for_each_question(&calls);
    }

    /// Prompts are never repeated, so two keys for one prompt were two effects for one question.
    fn one_key_for_each_question(&self, calls: &BTreeMap<String, Vec<Call>>) {
        let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, calls) in calls {
            for call in calls {
                let before = keys.insert(&call.prompt, key);
                assert!(before.is_none_or(|before| before == key), "{} was asked under two keys", call.prompt);
            }
        }
    }

    /// From each process being up to its first call for a question that an earlier process had left.
    fn recoveries(&self) -> Vec<f64> {
        let effects = self.ledger.effects();
        let key_of = |id: &str| format!("{}.{id}", self.desk.id);
        let asked: BTreeMap<String, usize> =
            effects.iter().map(|(id, effect)| (key_of(id), self.generation(effect.requested_ms))).collect();
        let mut first: BTreeMap<usize, Instant> = BTreeMap::new();
        for call in self.peer.calls() {
            if asked[&call.key] < call.generation {
                first.entry(call.generation).or_insert(call.at);
            }
        }
        let up = |generation: usize| self.processes[generation].1;
        first.iter().map(|(g, at)| at.saturating_duration_since(up(*g)).as_secs_f64() * 1000.0).collect()
    }

    fn report(&self, kills: u64, seed: u64) {
        let stood = |stage| self.stages.get(&stage).copied().unwrap_or_default();
        let total: u64 = self.stages.values().sum();
        let calls = self.peer.calls_by_key();
        let repeated = calls.values().filter(|calls| calls.len() > 1).count();
        let questions = self.ledger.subjects().keys().filter(|it| matches!(it, Subject::Question(_))).count();
        say(&format!(
            "crash: {total} kills (seed {seed}): {} before, {} in, {} after a commit, {} between, {} while starting",
            stood(Stage::Before),
            stood(Stage::Within),
            stood(Stage::After),
            stood(Stage::Between),
            stood(Stage::Starting),
        ));
        say(&format!(
            "crash: {} requests acknowledged, {} events, {questions} questions, {repeated} asked again under the same key",
            self.senders.iter().map(|sender| sender.told.len()).sum::<usize>(),
            self.ledger.events.len(),
        ));
        say(&format!("crash: from up to the next attempt of what was left: {}", spread(&mut self.recoveries())));
        let put_off: u64 = self.senders.iter().map(|sender| sender.put_off).sum();
        assert_eq!(put_off, 0, "a host that had just started turned requests away");
        if kills >= 10 {
            for stage in [Stage::Before, Stage::Within, Stage::After] {
                assert!(stood(stage) > 0, "no kill hit {stage:?}: {:?}", self.stages);
            }
        }
    }

    fn everything_stored_follows_from_the_log(mut self) {
        self.host.take().unwrap().kill();
        let store = LibsqlStore::open(&self.place.data().join("workspaces")).unwrap();
        let vault = FileVault::open(self.place.data().join("vault")).unwrap();
        let id: WorkspaceId = self.desk.id.parse().unwrap();
        let key = block_on(vault.workspace_key(&self.desk.id)).unwrap();
        let verified = block_on(sequencer::verify(&store, id, &key)).unwrap();
        assert_eq!(verified.findings, vec![]);
        assert!(verified.events >= self.ledger.events.len() as u64);
    }
}
