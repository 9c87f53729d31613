//! Segments: what was packed is unpacked to the byte, small, and damage is named.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use kernel::event::{Header, event_hash};
use kernel::segment::{Entry, pack, unpack};
use kernel::storage::StoredEvent;
use kernelos_tests::history::{Author, Office, World, config, ops};
use proptest::prelude::*;
use testkit::block_on;

/// Bytes of an event in the log beside what is sealed: body, hash, stream, and the two positions of a row.
fn raw(event: &StoredEvent) -> usize {
    event.body.len() + event.hash.len() + event.stream.len() + 16
}

/// Events without what is sealed.
fn bare(events: &[StoredEvent]) -> Vec<StoredEvent> {
    events.iter().map(|event| StoredEvent { sealed: Vec::new(), ..event.clone() }).collect()
}

#[test]
fn what_agents_did_is_packed_to_less_than_fifteen_hundredths() {
    let mut office = Office::new();
    office.work(400);
    let events = office.world.dump().events;
    let mut names = std::collections::BTreeMap::<String, usize>::new();
    for event in &events {
        *names.entry(Header::decode(&event.body).unwrap().0.name.into_owned()).or_default() += 1;
    }
    println!("{names:?}");
    for each in [256, 512, 1024, 2048, 4096] {
        let (mut packed_bytes, mut raw_bytes) = (0, 0);
        let began = std::time::Instant::now();
        for some in events.chunks(each) {
            let packed = pack(some).unwrap();
            packed_bytes += packed.len();
            raw_bytes += some.iter().map(raw).sum::<usize>();
        }
        println!("{} events by {each}: {packed_bytes} of {raw_bytes} bytes, {:.3}, {:.0} a event of {:.0}, {:?}", events.len(), packed_bytes as f64 / raw_bytes as f64, packed_bytes as f64 / events.len() as f64,
            raw_bytes as f64 / events.len() as f64, began.elapsed());
    }
}
