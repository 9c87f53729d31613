//! A flipped bit in the file is named by the check, or changes no answer.

#![cfg(test)]

mod common;

use std::fs;

use common::{Dir, history};
use ports::{Store, StoreError};
use testkit::block_on;
use testkit::store::{Dump, dump};

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Flip one bit of the closed file, and say what a check and a reader then see.
fn flipped(
    dir: &Dir,
    good: &[u8],
    at: usize,
    bit: usize,
) -> (Result<Vec<String>, StoreError>, Result<Dump, StoreError>) {
    let mut bytes = good.to_vec();
    bytes[at] ^= 1 << bit;
    for name in ["w1.db-wal", "w1.db-shm"] {
        let _often_not_there = fs::remove_file(dir.file(name));
    }
    fs::write(dir.file("w1.db"), &bytes).unwrap();
    let store = dir.store();
    let seen = (block_on(store.check("w1")), block_on(dump(&store, "w1")));
    drop(store);
    seen
}

fn run(places: impl Iterator<Item = (usize, usize)>, dir: &Dir, good: &[u8], whole: &Dump) -> Vec<String> {
    let mut unnoticed = Vec::new();
    for (at, bit) in places {
        let (check, seen) = flipped(dir, good, at, bit);
        let named = check.as_ref().map_or(true, |findings| !findings.is_empty());
        if !named && seen.as_ref() != Ok(whole) {
            unnoticed.push(format!("byte {at} (page {}, {} of it), bit {bit}", at / 4096 + 1, at % 4096));
        }
    }
    unnoticed
}

fn prepared() -> (Dir, Vec<u8>, Dump) {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 60);
    let whole = block_on(dump(&store, "w1")).unwrap();
    drop(store);
    let good = dir.bytes("w1.db");
    (dir, good, whole)
}

#[test]
fn a_thousand_random_flips() {
    let (dir, good, whole) = prepared();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let places: Vec<(usize, usize)> = (0..1000).map(|_| (dice.below(good.len()), dice.below(8))).collect();
    assert_eq!(run(places.into_iter(), &dir, &good, &whole), Vec::<String>::new());
}

/// The file's header and the table of tables: few bytes, but every answer hangs on them.
#[test]
fn every_byte_of_the_header_and_the_schema() {
    let (dir, good, whole) = prepared();
    let header = (0..108).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let schema = (108..4096).filter(|at| good[*at] != 0).map(|at| (at, at % 8));
    assert_eq!(run(header.chain(schema), &dir, &good, &whole), Vec::<String>::new());
}
