//! The host is killed while many write. Nothing that was acknowledged is lost, nothing is applied twice, and the chain is
//! whole. `KERNELOS_CONFORMANCE_ROUNDS` says how often.

use crate::host::Place;
use crate::journal;
use crate::room::{COMES_WITHIN, Room};
use crate::support::desk::Desk;
use crate::support::dice::{Dice, from_environment};
use crate::support::ledger::Ledger;
use crate::support::load::{Sender, Subject};
use crate::support::peer::Peer;
use crate::support::say::say;
use crate::support::stream::Stream;
use kernelos_tests::hosts::Running;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Rounds when nothing else is said; a full run has 20.
const ROUNDS: u64 = 3;
/// Writers, but for one that is a device of its own.
const WRITERS: u64 = 7;

/// One host, and what clients and the outside know of it.
struct Story {
    place: Place,
    peer: Peer,
    host: Option<Running>,
    desk: Desk,
    senders: Vec<Sender>,
    ledger: Ledger,
    dice: Dice,
}

impl Story {
    fn begin() -> Self {
        let (place, peer) = (Place::new(), Peer::start(1));
        let host = place.start();
        let mut room = Room::new(host.client());
        let agent = room.agent(&peer.base_url());
        let desk = room.desk(&agent);
        let mut senders: Vec<Sender> =
            (0..WRITERS).map(|nth| Sender::with_keys(&format!("writer-{nth}"), nth)).collect();
        senders.push(Sender::with_device("phone", WRITERS, &mut room.client, &desk));
        let host = Some(host);
        Self { place, peer, host, desk, senders, ledger: Ledger::default(), dice: Dice::new(1) }
    }

    /// Let all write, kill the host in the middle of it, and start it again.
    fn kill(&mut self, round: u64) {
        let host = self.host.take().unwrap();
        let busy = Duration::from_millis(100 + self.dice.below(300));
        let desk = &self.desk;
        std::thread::scope(|scope| {
            for sender in &mut self.senders {
                let mut client = host.client();
                scope.spawn(move || sender.send_until_cut(&mut client, desk));
            }
            std::thread::sleep(busy);
            host.kill();
        });
        self.peer.next_generation(usize::try_from(round).unwrap() + 1);
        self.host = Some(self.place.start());
    }

    /// What had no answer gets one, and what had one gets the same again.
    fn make_sure(&mut self) {
        let mut client = self.host.as_ref().unwrap().client();
        for sender in &mut self.senders {
            sender.make_sure(&mut client, &self.desk);
        }
        self.ledger.read_on(&mut client, &self.desk);
    }

    fn every_question_is_answered(&mut self) {
        let (begun, mut client) = (Instant::now(), self.host.as_ref().unwrap().client());
        while !self.ledger.outstanding().is_empty() {
            assert!(begun.elapsed() < COMES_WITHIN, "without an answer: {:?}", self.ledger.outstanding());
            std::thread::sleep(Duration::from_millis(50));
            self.ledger.read_on(&mut client, &self.desk);
        }
    }

    fn every_command_took_effect_once(&self) -> usize {
        let (commands, subjects) = (self.ledger.commands(), self.ledger.subjects());
        let mut acknowledged = 0;
        for (id, pos, subject) in self.senders.iter().flat_map(|sender| &sender.told).flat_map(|told| told.commands()) {
            assert_eq!(commands.get(id.as_str()), Some(&pos), "{id} is not where its reply said: {subject:?}");
            assert_eq!(subjects.get(&subject), Some(&1), "{subject:?}");
            acknowledged += 1;
        }
        assert_eq!(subjects.len(), acknowledged, "the log holds what nobody sent");
        acknowledged
    }

    /// Every question had one outcome, under one key, however often it was asked.
    fn no_question_has_two_answers(&self) {
        let calls = self.peer.calls_by_key();
        let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, calls) in &calls {
            for call in calls {
                let before = keys.insert(&call.prompt, key);
                assert!(before.is_none_or(|before| before == key), "{} was asked under two keys", call.prompt);
            }
        }
        for (effect, became) in self.ledger.effects() {
            assert_eq!(became.settled_ms.len(), 1, "effect {effect} was settled more than once");
        }
        let questions = self.ledger.subjects().into_keys().filter(|it| matches!(it, Subject::Question(_))).count();
        assert_eq!(keys.len(), questions);
    }
}

#[test]
fn killed_under_concurrent_writers_a_host_loses_nothing_and_applies_nothing_twice() {
    let rounds = from_environment("KERNELOS_CONFORMANCE_ROUNDS", ROUNDS);
    let mut story = Story::begin();
    for round in 0..rounds {
        story.kill(round);
        story.make_sure();
    }
    story.every_question_is_answered();
    let acknowledged = story.every_command_took_effect_once();
    story.no_question_has_two_answers();
    let log = journal::whole(&mut story.host.as_ref().unwrap().client(), &story.desk.id);
    assert_eq!(log.len(), story.ledger.events.len());
    say(&format!("crash: {rounds} kills under {} writers, {acknowledged} commands, {} events", WRITERS + 1, log.len()));
    story.host.take().unwrap().stop().unwrap();
    story.place.verify();
}

#[test]
fn what_a_workspace_holds_is_the_same_before_and_after_a_kill() {
    let place = Place::new();
    let host = place.start();
    let mut room = Room::new(host.client());
    let agent = room.agent("http://127.0.0.1:1/v1");
    for nth in 0..40 {
        room.one("task.create", &json!({"title": format!("task {nth}")}));
    }
    let reads = ["", "/tasks", "/agents", "/providers", "/events?limit=256", "/usage", "/egress", "/capabilities"];
    let before: Vec<_> = reads.iter().map(|read| room.get(read)).collect();
    host.kill();
    let host = place.start();
    room.client = host.client();
    for (read, before) in reads.iter().zip(before) {
        assert_eq!(room.get(read), before, "{read}");
    }
    assert!(room.get("/agents").to_string().contains(&agent));
    let next = room.one("task.create", &json!({"title": "after it"}));
    assert!(!next.is_empty());
}

/// A client that follows comes back with the last event it saw; what was committed meanwhile is told.
#[test]
fn a_stream_that_a_kill_cut_off_goes_on_after_the_last_event() {
    let place = Place::new();
    let host = place.start();
    let mut room = Room::new(host.client());
    let follow = |host: &Running, room: &Room, after| {
        Stream::open(host.address(), host.token(), &room.path("/events"), after, "")
    };
    let mut stream = follow(&host, &room, None);
    for nth in 0..5 {
        room.one("task.create", &json!({"title": format!("{nth}")}));
    }
    // Some of it only, when the kill comes.
    let mut seen = stream.events(3);
    host.kill();
    let host = place.start();
    room.client = host.client();
    let end = room.end();
    seen.extend(follow(&host, &room, seen.last().map(|(pos, _)| *pos)).events(end));
    let positions: Vec<u64> = seen.iter().map(|(pos, _)| *pos).collect();
    assert_eq!(positions, (1..=end).collect::<Vec<_>>());
    assert!(end >= 6, "what was acknowledged is not there");
}
