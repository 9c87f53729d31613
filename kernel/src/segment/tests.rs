//! What was packed comes back to the byte; what was damaged is named, or is no segment.

use super::*;
use crate::event::event_hash;
use proptest::prelude::*;

/// Events of one stream with these bodies; each says the hash before it, as every event does.
fn chained(bodies: &[String]) -> Vec<StoredEvent> {
    let mut previous = HashText([0; 32]);
    let mut events = Vec::new();
    for (nth, body) in bodies.iter().enumerate() {
        let pos = 7 + nth as u64;
        let body =
            format!("{{\"seq\":{},\"pos\":{pos},\"previous\":\"{previous}\",\"data\":{body}}}", nth + 3).into_bytes();
        previous = HashText(event_hash(&body));
        let sealed = if nth % 3 == 1 { vec![nth as u8; nth * 40] } else { Vec::new() };
        events.push(StoredEvent { pos, stream: "main@0".into(), seq: nth as u64 + 3, hash: previous.0, body, sealed });
    }
    events
}

fn bare(events: &[StoredEvent]) -> Vec<StoredEvent> {
    events.iter().map(|event| StoredEvent { sealed: Vec::new(), ..event.clone() }).collect()
}

fn some() -> Vec<StoredEvent> {
    let body = |n: u64| {
        format!(
            "{{\"task\":\"0w3ge1r70w3ge1r70w3ge1r70w.10.{}.task\",\"n\":{},\"at\":[{n},{}]}}",
            crockford(n),
            n * n,
            n % 5
        )
    };
    chained(&(0..200).map(body).collect::<Vec<_>>())
}

fn crockford(number: u64) -> String {
    let mut text = String::new();
    crate::id::text::write_number(&mut text, number).unwrap();
    text
}

#[test]
fn streams_that_take_turns_come_back_where_they_were() {
    let (one, other) = (some(), some());
    let mut events = Vec::new();
    let mut ends = Ends::new();
    for (nth, event) in one.iter().chain(&other).enumerate() {
        let stream = ["main@0", "control", "main@1"][nth * 7 % 5 % 3];
        let end = ends.entry(stream.to_owned()).or_default();
        let text = String::from_utf8(event.body.clone()).unwrap();
        let (pos, said) = (nth as u64 + 1, text.find("\"previous\"").unwrap());
        let (before, behind) = (text.split_at(said).0, text.split_at(said + 56).1);
        let body = format!("{before}\"previous\":\"{}\"{behind}", end.hash).into_bytes();
        *end = End { seq: end.seq + 1, hash: HashText(event_hash(&body)) };
        events.push(StoredEvent {
            pos,
            stream: stream.into(),
            seq: end.seq,
            body,
            hash: end.hash.0,
            sealed: Vec::new(),
        });
    }
    let unpacked = unpack(&pack(&events).unwrap()).unwrap();
    assert_eq!(unpacked.events, events);
    assert_eq!((unpacked.before.len(), unpacked.after), (3, ends));
    let later = unpack(&pack(&events[100..]).unwrap()).unwrap();
    assert_eq!(later.events, events[100..]);
}

#[test]
fn what_repeats_takes_next_to_nothing() {
    let events = some();
    let raw: usize = events.iter().map(|event| event.body.len()).sum();
    assert!(pack(&events).unwrap().len() * 10 < raw);
}

#[test]
fn what_does_not_follow_one_another_is_no_segment() {
    let events = some();
    assert_eq!(pack(&[]), None);
    let without = |at: usize| [&events[..at], &events[at + 1..]].concat();
    assert_eq!(pack(&without(3)), None);
    let mut altered = events.clone();
    altered[5].body[9] ^= 1;
    assert_eq!(pack(&altered), None);
    let mut moved = events;
    moved[5].seq += 1;
    assert_eq!(pack(&moved), None);
}

/// Whatever the hash over the whole does not catch, the hashes of the events do.
#[test]
fn damage_anywhere_is_named_or_is_none() {
    let events = some();
    let packed = pack(&events).unwrap();
    let (mut named, mut whole) = (0, 0);
    for at in 0..packed.len() {
        for flip in [1, 0x80] {
            let mut bad = packed.clone();
            bad[at] ^= flip;
            match unpack(&bad) {
                // Bits that nothing depends on, and where the streams stood before: the hash over the whole sees those.
                Ok(unpacked) => assert!(unpacked.events.len() == events.len()),
                Err(Unfit { pos: Some(pos), .. }) => {
                    named += 1;
                    assert!(events.iter().any(|event| event.pos == pos) || at < 20, "byte {at}: {pos}");
                }
                Err(Unfit { pos: None, .. }) => whole += 1,
            }
            let (entry, stored) = Entry::of(&events).unwrap();
            let mut stored: Vec<Vec<u8>> = stored.into_iter().map(|(_, bytes)| bytes).collect();
            stored[0] = bad;
            assert!(entry.events(&stored).is_err(), "byte {at}");
        }
    }
    assert!(named > 100 && whole > 100, "{named} {whole}");
    for length in 0..packed.len() {
        assert!(unpack(&packed[..length]).is_err(), "cut after {length}");
    }
}

#[test]
fn the_first_event_that_is_not_as_it_was_is_the_one_that_is_named() {
    let events = some();
    let packed = pack(&events).unwrap();
    // The checks are the last section, not compressed: four bytes of every hash.
    let begin = packed.len() - events.len() * CHECK_BYTES;
    for nth in [0, 1, 77, 199] {
        let mut bad = packed.clone();
        bad[begin + nth * CHECK_BYTES + 2] ^= 4;
        assert_eq!(unpack(&bad).unwrap_err().pos, Some(events[nth].pos));
    }
}

#[test]
fn what_was_sealed_is_apart_and_comes_back() {
    let events = some();
    let sealed = Sealed::of(&events);
    let pieces = sealed.pieces();
    assert_eq!(Sealed::read(&pieces, events.len()), Some(sealed.clone()));
    assert_eq!(Sealed::read(&pieces, events.len() - 1), None);
    assert_eq!(Sealed::of(&bare(&events)).pieces(), Vec::<Vec<u8>>::new());
    let large = Sealed(vec![vec![1; 1_000_000], vec![2; 900_000], Vec::new()]);
    assert!(large.pieces().iter().all(|piece| piece.len() <= 900_000));
    assert_eq!(Sealed::read(&large.pieces(), 3), Some(large));
    let (entry, _) = Entry::of(&events).unwrap();
    let (again, named) = entry.sealed_again(&Sealed::of(&bare(&events)));
    assert_eq!((again.packed, again.sealed.len(), named.len()), (entry.packed, 0, 0));
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
        "[a-z0-9_.@/-]{0,30}".prop_map(|text| format!("\"{text}\"")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<[u8; 32]>().prop_map(|hash| format!("\"{}\"", HashText(hash))),
        Just("null".to_owned()),
        Just("-0.5e3".to_owned()),
        Just("\"007\"".to_owned()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            proptest::collection::vec(("[a-z]{1,6}", inner), 0..4).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bodies_come_back_to_the_byte(bodies in proptest::collection::vec(json(), 1..40)) {
        let events = chained(&bodies);
        let (entry, named) = Entry::of(&events).unwrap();
        let named: Vec<Vec<u8>> = named.into_iter().map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(entry.events(&named).unwrap(), events);
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = unpack(&bytes);
        let _ = unpack(&[&[FORMAT][..], &bytes].concat());
    }
}
