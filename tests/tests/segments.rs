//! Segments of real histories: small, and what comes out of them is what went in.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; a ratio is worth seeing"
)]

use kernel::event::{Header, event_hash};
use kernel::segment::{Entry, pack};
use kernel::storage::StoredEvent;
use kernelos_tests::history::{Author, Office, World, config, ops};
use proptest::prelude::*;
use testkit::block_on;

/// What compaction comes to at most, of what stood in the log.
const RATIO: f64 = 0.15;

/// Bytes of an event in the log beside what is sealed: body, hash, stream, and its two positions.
fn raw(event: &StoredEvent) -> usize {
    event.body.len() + event.hash.len() + event.stream.len() + 16
}

/// Pack `events`, `each` at a time, hold that they come back, and say what share of them is left.
fn packed(events: &[StoredEvent], each: usize) -> f64 {
    let (mut after, mut before) = (0, 0);
    for some in events.chunks(each) {
        let (entry, named) = Entry::of(some).unwrap();
        let named: Vec<Vec<u8>> = named.into_iter().map(|(_, bytes)| bytes).collect();
        assert!(entry.events(&named).unwrap() == some);
        after += pack(some).unwrap().len() + entry.row(0).unwrap().value.len();
        before += some.iter().map(raw).sum::<usize>();
    }
    after as f64 / before as f64
}

#[test]
fn what_agents_did_comes_to_less_than_fifteen_hundredths() {
    let mut office = Office::new();
    office.work(150);
    let events = office.world.dump().events;
    let share = packed(&events, 512);
    println!("{} events of agents at work: {share:.3} of the log", events.len());
    assert!(events.len() > 3_000);
    assert!(share <= RATIO, "{share}");
}

#[test]
fn every_released_event_comes_back_to_the_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/contract/events");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let body = std::fs::read(file.unwrap().path()).unwrap();
        let (header, hash) = (Header::decode(&body).unwrap().0, event_hash(&body));
        let (pos, seq, stream) = (header.pos, header.seq, header.stream.to_string());
        packed(&[StoredEvent { pos, stream, seq, body, hash, sealed: vec![1; 9] }], 1);
        count += 1;
    }
    assert!(count > 60);
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_history_comes_back_from_segments_of_any_size(ops in ops(60), each in 1_usize..200, salt in 0_u64..1_000) {
        block_on(async {
            let (mut author, opening) = Author::begin(salt);
            let mut world = World::new().await;
            world.play(&opening, &[]).await;
            let jobs: Vec<_> = ops.iter().map(|op| author.job(op)).collect();
            world.play(&jobs, &[]).await;
            packed(&world.dump().events, each);
        });
    }
}
