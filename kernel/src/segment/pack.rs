//! Writing a segment.

use super::model::{Class, Guess, Model, Turn};
use super::section::{length_of, write_number, write_section};
use super::words::{Shape, part};
use super::{CHECK_BYTES, Ends, FORMAT, RAW_BYTES_MAX, before, specials};
use crate::event::event_hash;
use crate::storage::StoredEvent;
use std::collections::BTreeMap;

/// What is told beside the codes.
#[derive(Default)]
struct Told {
    slots: Vec<u8>,
    steps: Vec<u8>,
    ages: Vec<u8>,
    hashes: Vec<u8>,
    keys: Vec<u8>,
    others: Vec<u8>,
}

/// Shapes that were met.
#[derive(Default)]
struct Shapes {
    numbers: BTreeMap<Vec<u8>, usize>,
    /// Their bytes: whether they have places for words (1 byte), their length, and they themselves.
    text: Vec<u8>,
    /// The first column of each.
    columns: Vec<usize>,
    /// One for each event.
    order: Vec<u8>,
}

/// Pack the bodies of `events`, which follow one another. None where they do not, or where they are too many bytes.
pub fn pack(events: &[StoredEvent]) -> Option<Vec<u8>> {
    let (first, before) = (events.first()?.pos, before(events)?);
    if events.iter().map(|event| event.body.len()).sum::<usize>() > RAW_BYTES_MAX {
        return None;
    }
    let (mut model, mut shapes, mut told) = (Model::default(), Shapes::default(), Told::default());
    let (mut ends, mut codes) = (before.clone(), Vec::<Vec<u8>>::new());
    let names: Vec<&String> = before.keys().collect();
    let (mut streams, mut checks) = (Vec::new(), Vec::new());
    for (pos, event) in (first..).zip(events) {
        let hash = event_hash(&event.body);
        let mut turn = Turn { specials: specials(&ends, pos, &event.stream), words: Vec::new() };
        let end = ends.entry(event.stream.clone()).or_default();
        end.seq = end.seq.checked_add(1)?;
        if (event.pos, event.seq, event.hash) != (pos, end.seq, hash) {
            return None;
        }
        end.hash.0 = hash;
        write_number(&mut streams, names.iter().position(|name| **name == event.stream)? as u64);
        checks.extend(hash.iter().take(CHECK_BYTES));
        let (column, words) = shapes.place(&event.body, &mut model);
        codes.resize_with(codes.len().max(column + words.len()), Vec::new);
        for (word, (column, codes)) in words.into_iter().zip(codes.iter_mut().enumerate().skip(column)) {
            codes.push(tell(&mut model, column, &mut turn, word, &mut told));
        }
    }
    let mut out = vec![FORMAT];
    write_number(&mut out, first);
    write_number(&mut out, events.len() as u64);
    write_ends(&mut out, &before);
    let sections = [&shapes.text, &shapes.order, &streams, &codes.concat(), &told.slots, &told.steps, &told.ages];
    for section in sections.into_iter().chain([&told.hashes, &told.keys, &told.others, &checks]) {
        write_section(&mut out, section);
    }
    Some(out)
}

/// The streams: name, and seq and hash of the event before.
fn write_ends(out: &mut Vec<u8>, before: &Ends) {
    write_number(out, before.len() as u64);
    for (name, end) in before {
        write_number(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
        write_number(out, end.seq);
        out.extend_from_slice(&end.hash.0);
    }
}

impl Shapes {
    /// The first column of a body's shape, and its words.
    fn place<'a>(&mut self, body: &'a [u8], model: &mut Model) -> (usize, Vec<&'a [u8]>) {
        let parted = part(body);
        let has_places = parted.is_some();
        let (text, words) = parted.unwrap_or_else(|| (body.to_vec(), Vec::new()));
        let next = self.numbers.len();
        let number = match self.numbers.get(&text) {
            Some(number) => *number,
            None => {
                let shape = if has_places { Shape::of(&text) } else { Shape::plain(&text) };
                self.text.push(u8::from(has_places));
                write_number(&mut self.text, text.len() as u64);
                self.text.extend_from_slice(&text);
                self.columns.push(model.add(&shape));
                self.numbers.insert(text, next);
                next
            }
        };
        write_number(&mut self.order, number as u64);
        (self.columns.get(number).copied().unwrap_or_default(), words)
    }
}

/// Tell the next word of a turn; gives its code.
fn tell(model: &mut Model, column: usize, turn: &mut Turn, word: &[u8], told: &mut Told) -> u8 {
    let recent = model.recent(column);
    let (guess, number) = choose(model, column, turn, word);
    match guess {
        Guess::Step(..) => write_number(&mut told.steps, number),
        Guess::Known => write_number(&mut told.ages, number),
        Guess::Fresh(Class::Hash) => told.hashes.extend_from_slice(word),
        Guess::Fresh(Class::Key) => told.keys.extend_from_slice(word),
        Guess::Fresh(Class::Other) => {
            told.others.extend_from_slice(word);
            told.others.push(b'\n');
        }
        Guess::Special(_) | Guess::Slot(_) | Guess::Path | Guess::Column => {}
    }
    let nth = recent.iter().position(|known| *known == Some(guess));
    if let (None, Guess::Slot(slot)) = (nth, guess) {
        write_number(&mut told.slots, slot as u64);
    }
    model.learn(column, guess, word, turn);
    nth.map_or(guess.code(), |nth| nth as u8)
}

/// The guess that costs least, with the number to be told.
fn choose(model: &Model, column: usize, turn: &Turn, word: &[u8]) -> (Guess, u64) {
    let recent = model.recent(column);
    let comes_to = |guess: &Guess| model.foretold(*guess, column, turn) == Some(word);
    let free = recent.iter().flatten().chain(&Guess::NAMED).find(|guess| comes_to(guess));
    if let Some(free) = free {
        return (*free, 0);
    }
    let slot = turn.words.iter().position(|number| model.word(*number) == Some(word));
    if let Some(slot) = slot {
        return (Guess::Slot(slot), 0);
    }
    let steps = Guess::NAMED.iter().filter_map(|guess| match guess {
        Guess::Step(base, digits) => Some((*guess, model.step_to(*base, *digits, column, word)?)),
        _ => None,
    });
    let known = model.age(word).map(|age| (Guess::Known, age));
    let cost = |(guess, number): &(Guess, u64)| {
        let rank = recent.iter().position(|known| *known == Some(*guess)).unwrap_or(recent.len() + 4);
        length_of(*number) as usize * 8 + rank
    };
    steps.chain(known).min_by_key(cost).filter(|(_, step)| *step < FAR).unwrap_or((Guess::Fresh(Class::of(word)), 0))
}

/// A number farther than this from what is known is told whole.
const FAR: u64 = 1 << 42;
