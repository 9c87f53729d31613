//! Reading a segment.

use super::model::{Class, Guess, Model, RECENT, Turn};
use super::section::Rest;
use super::words::Shape;
use super::{CHECK_BYTES, End, Ends, FORMAT, RAW_BYTES_MAX, Unfit, Unpacked, specials};
use crate::event::event_hash;
use crate::hash::HashText;
use crate::storage::StoredEvent;

/// Most events of a segment.
const EVENTS_MAX: usize = 1 << 16;
/// Most streams that one names.
const STREAMS_MAX: usize = 1 << 16;

/// The sections, taken apart.
struct Sections {
    shapes: Vec<Placed>,
    order: Vec<usize>,
    streams: Vec<u8>,
    codes: Vec<Vec<u8>>,
    told: [Vec<u8>; 6],
    checks: Vec<u8>,
}

/// A shape and its first column.
struct Placed {
    shape: Shape,
    column: usize,
}

/// What is left of what is told beside the codes.
struct Told<'a> {
    slots: Rest<'a>,
    steps: Rest<'a>,
    ages: Rest<'a>,
    hashes: Rest<'a>,
    keys: Rest<'a>,
    others: Rest<'a>,
}

/// The events of a segment, without what was sealed. Every body is compared with its check, so that the first one that is
/// not as it was written is named.
pub fn unpack(packed: &[u8]) -> Result<Unpacked, Unfit> {
    let whole = |why: &str| Unfit { pos: None, why: why.to_owned() };
    let mut rest = Rest(packed);
    let head = (|| {
        let format = rest.byte()?;
        Some((format, rest.number()?, rest.count().filter(|count| (1..=EVENTS_MAX).contains(count))?))
    })();
    let (format, first, count) = head.ok_or_else(|| whole("it is cut short"))?;
    if format != FORMAT {
        return Err(whole("its format is not known to this kernel"));
    }
    if first.checked_add(count as u64).is_none() || first == 0 {
        return Err(whole("it holds positions that cannot be"));
    }
    let (names, before) = read_ends(&mut rest).ok_or_else(|| whole("its streams are malformed"))?;
    let mut model = Model::default();
    let sections = Sections::read(rest, count, &mut model).ok_or_else(|| whole("its sections are malformed"))?;
    let (events, after) = sections.events(&mut model, first, &names, before.clone())?;
    Ok(Unpacked { events, before, after })
}

fn read_ends(rest: &mut Rest<'_>) -> Option<(Vec<String>, Ends)> {
    let count = rest.count().filter(|count| *count <= STREAMS_MAX)?;
    let (mut names, mut ends) = (Vec::new(), Ends::new());
    for _ in 0..count {
        let length = rest.count()?;
        let name = String::from_utf8(rest.bytes(length)?.to_vec()).ok()?;
        let seq = rest.number()?;
        let hash = HashText(rest.bytes(32)?.try_into().ok()?);
        ends.insert(name.clone(), End { seq, hash });
        names.push(name);
    }
    Some((names, ends))
}

impl Sections {
    fn read(mut rest: Rest<'_>, count: usize, model: &mut Model) -> Option<Self> {
        let texts = rest.section(RAW_BYTES_MAX + count * 8)?;
        let (order, streams) = (rest.section(count * 10)?, rest.section(count * 10)?);
        let shapes = read_shapes(Rest(&texts), model)?;
        let mut numbers = Rest(&order);
        let order: Vec<usize> = (0..count).map(|_| numbers.count()).collect::<Option<_>>()?;
        // A column has one code for each event of its shape.
        let mut uses = vec![0_usize; shapes.len()];
        for number in &order {
            *uses.get_mut(*number)? += 1;
        }
        let all = rest.section(RAW_BYTES_MAX)?;
        let (mut left, mut codes) = (Rest(&all), Vec::new());
        for (placed, uses) in shapes.iter().zip(uses) {
            for _ in &placed.shape.paths {
                codes.push(left.bytes(uses)?.iter().rev().copied().collect());
            }
        }
        let mut told: [Vec<u8>; 6] = Default::default();
        for one in &mut told {
            *one = rest.section(RAW_BYTES_MAX * 2)?;
        }
        let checks = rest.section(count * CHECK_BYTES)?;
        let is_all = left.0.is_empty() && numbers.0.is_empty() && rest.0.is_empty();
        (is_all && checks.len() == count * CHECK_BYTES).then_some(Self { shapes, order, streams, codes, told, checks })
    }

    fn events(
        mut self,
        model: &mut Model,
        first: u64,
        names: &[String],
        before: Ends,
    ) -> Result<(Vec<StoredEvent>, Ends), Unfit> {
        let [slots, steps, ages, hashes, keys, others] = self.told.each_ref().map(|bytes| Rest(bytes));
        let mut told = Told { slots, steps, ages, hashes, keys, others };
        let (mut streams, mut ends, mut bytes) = (Rest(&self.streams), before, 0);
        let mut events = Vec::with_capacity(self.order.len());
        for ((pos, number), check) in (first..).zip(&self.order).zip(self.checks.chunks(CHECK_BYTES)) {
            let unfit = |why: &str| Unfit { pos: Some(pos), why: why.to_owned() };
            let stream = streams.count().and_then(|nth| names.get(nth)).ok_or_else(|| unfit("it has no stream"))?;
            let mut turn = Turn { specials: specials(&ends, pos, stream), words: Vec::new() };
            let placed = self.shapes.get(*number).ok_or_else(|| unfit("it has no shape"))?;
            let body = body(placed, &mut self.codes, model, &mut turn, &mut told, RAW_BYTES_MAX - bytes);
            let body = body.ok_or_else(|| unfit("its words are malformed"))?;
            bytes += body.len();
            let hash = event_hash(&body);
            if !hash.starts_with(check) {
                return Err(unfit("its body is not what was hashed"));
            }
            let end = ends.entry(stream.clone()).or_default();
            end.seq = end.seq.checked_add(1).ok_or_else(|| unfit("its stream is too long"))?;
            end.hash.0 = hash;
            let (stream, seq) = (stream.clone(), end.seq);
            events.push(StoredEvent { pos, stream, seq, body, hash, sealed: Vec::new() });
        }
        Ok((events, ends))
    }
}

fn read_shapes(mut rest: Rest<'_>, model: &mut Model) -> Option<Vec<Placed>> {
    let mut shapes = Vec::new();
    while !rest.0.is_empty() {
        let has_places = rest.byte()? == 1;
        let length = rest.count()?;
        let text = rest.bytes(length)?;
        let shape = if has_places { Shape::of(text) } else { Shape::plain(text) };
        let column = model.add(&shape);
        shapes.push(Placed { shape, column });
    }
    Some(shapes)
}

/// The bytes of one event, at most `most`.
fn body(
    placed: &Placed,
    codes: &mut [Vec<u8>],
    model: &mut Model,
    turn: &mut Turn,
    told: &mut Told<'_>,
    most: usize,
) -> Option<Vec<u8>> {
    let (last, pieces) = placed.shape.between.split_last()?;
    let mut body = Vec::with_capacity(pieces.len() * 16);
    for (piece, column) in pieces.iter().zip(placed.column..) {
        let code = codes.get_mut(column)?.pop()?;
        body.extend_from_slice(piece);
        let guess = guess_of(code, model.recent(column), told)?;
        let word = word(model, column, turn, guess, told)?;
        body.extend_from_slice(&word);
        model.learn(column, guess, &word, turn);
        if body.len() > most {
            return None;
        }
    }
    body.extend_from_slice(last);
    (body.len() <= most).then_some(body)
}

fn guess_of(code: u8, recent: [Option<Guess>; RECENT], told: &mut Told<'_>) -> Option<Guess> {
    let code = usize::from(code);
    if let Some(guess) = recent.get(code) {
        return *guess;
    }
    match Guess::NAMED.get(code - RECENT) {
        Some(guess) => Some(*guess),
        None if code - RECENT == Guess::NAMED.len() => told.slots.count().map(Guess::Slot),
        None => None,
    }
}

fn word(model: &Model, column: usize, turn: &Turn, guess: Guess, told: &mut Told<'_>) -> Option<Vec<u8>> {
    match guess {
        Guess::Step(base, digits) => model.stepped(base, digits, column, told.steps.number()?),
        Guess::Known => model.aged(told.ages.number()?).map(<[u8]>::to_vec),
        Guess::Fresh(Class::Hash) => told.hashes.bytes(Class::HASH).map(<[u8]>::to_vec),
        Guess::Fresh(Class::Key) => told.keys.bytes(Class::KEY).map(<[u8]>::to_vec),
        Guess::Fresh(Class::Other) => told.others.line().map(<[u8]>::to_vec),
        free => model.foretold(free, column, turn).map(<[u8]>::to_vec),
    }
}
