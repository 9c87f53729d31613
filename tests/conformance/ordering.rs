//! Many write at once: there is one order, and everybody's own is kept in it.

use crate::host::shared;
use crate::journal;
use crate::room::Room;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WRITERS: usize = 32;
const COMMANDS: usize = 20;

#[test]
fn the_commands_of_32_writers_stand_in_one_order_without_gaps_and_everybodys_own_is_kept() {
    let host = shared();
    let mut room = Room::new(host.client());
    let before = room.end();
    let id = room.id.clone();
    let told: Vec<Vec<(u64, u64)>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (mut client, id) = (host.client(), &id);
                let mut send = move |nth: usize| {
                    let (key, data) = (format!("{writer}-{nth}"), json!({"title": format!("{writer} {nth}")}));
                    let answer = client.command(id, &key, "task.create", &data).unwrap();
                    assert_eq!(answer.status, 200, "{key}: {}", answer.json());
                    let outcome = &answer.json()["outcomes"][0];
                    let pos = outcome["pos"].as_u64().unwrap();
                    (pos, pos + outcome["events"].as_u64().unwrap())
                };
                scope.spawn(move || (0..COMMANDS).map(&mut send).collect())
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let log = journal::whole(&mut room.client, &room.id);
    let titles = |(pos, end): (u64, u64)| -> Vec<&str> {
        log[pos as usize - 1..end as usize - 1].iter().filter_map(|event| event.content["title"].as_str()).collect()
    };
    for (writer, places) in told.iter().enumerate() {
        assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "writer {writer}: {places:?}");
        for (nth, place) in places.iter().enumerate() {
            assert_eq!(titles(*place), [format!("{writer} {nth}")], "what was told is not what is there");
        }
    }
    let mut taken: Vec<u64> = told.into_iter().flatten().flat_map(|(pos, end)| pos..end).collect();
    taken.sort_unstable();
    assert_eq!(taken, (before + 1..=log.len() as u64).collect::<Vec<_>>(), "positions are missing or were told twice");
}

/// A read that begins after an answer sees what was answered, whoever asks.
#[test]
fn whoever_was_told_of_a_command_finds_it_everywhere() {
    let host = shared();
    let mut room = Room::new(host.client());
    let mut others: Vec<_> = (0..4).map(|_| host.client()).collect();
    for nth in 0..20 {
        let task = room.one("task.create", &json!({"title": format!("task {nth}")}));
        let other = &mut others[nth % 4];
        let listed: BTreeMap<String, Value> = other.get(&room.path("/tasks?limit=256")).unwrap().json()["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["id"].as_str().unwrap().to_owned(), it.clone()))
            .collect();
        assert!(listed.contains_key(&task), "{task} is not listed yet");
        assert_eq!(other.get(&room.path(&format!("/tasks/{task}"))).unwrap().status, 200);
    }
}
