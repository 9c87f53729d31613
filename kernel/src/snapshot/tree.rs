//! The chunks of one space: packing rows, finding them again, and packing anew what changed.

use super::chunk::Chunk;
use super::cut::Cutter;
use super::node::{Entry, LEVELS_MAX, Node};
use super::row::Packed;
use crate::hash::HashText;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// A chunk and what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Below {
    /// Its name.
    pub chunk: HashText,
    /// Rows in it, or below it.
    pub rows: u32,
    /// Bytes of its rows, or those below it, before compression.
    pub bytes: u64,
    /// Chunks in which values of those rows are kept apart.
    pub pieces: u32,
}

/// The chunk at the top of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// How many levels there are.
    pub height: u8,
    /// The chunk.
    pub chunk: HashText,
    /// Rows of the space.
    pub rows: u32,
    /// Bytes of those rows, before compression.
    pub bytes: u64,
    /// Chunks in which values of those rows are kept apart.
    #[serde(default, skip_serializing_if = "is_none")]
    pub pieces: u32,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Top {
    fn below(&self) -> Below {
        Below { chunk: self.chunk, rows: self.rows, bytes: self.bytes, pieces: self.pieces }
    }
}

/// Chunks of rows by the key they begin with.
pub type Leaves = BTreeMap<String, Below>;

/// Rows that changed: what stands under their keys now, or none when they are gone.
pub type Edits = BTreeMap<String, Option<Vec<u8>>>;

/// Why something cannot be found or packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// These chunks have to be there: load them and ask again.
    Load(BTreeSet<HashText>),
    /// This chunk is not what the one above it, or the manifest, says.
    Unfit(HashText),
}

impl Below {
    /// Name, rows (4 bytes), bytes (8 bytes), pieces (4 bytes); little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.chunk.0[..], &self.rows.to_le_bytes(), &self.bytes.to_le_bytes(), &self.pieces.to_le_bytes()].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (chunk, rest) = bytes.split_first_chunk::<32>()?;
        let (rows, rest) = rest.split_first_chunk::<4>()?;
        let (bytes, rest) = rest.split_first_chunk::<8>()?;
        let (pieces, rest) = rest.split_first_chunk::<4>()?;
        let (rows, bytes) = (u32::from_le_bytes(*rows), u64::from_le_bytes(*bytes));
        let below = Self { chunk: HashText(*chunk), rows, bytes, pieces: u32::from_le_bytes(*pieces) };
        Some(below).filter(|_| rest.is_empty())
    }

    /// A chunk with `entries` at `level`, and what is below it.
    fn of(level: u8, entries: Vec<Entry>) -> (String, Self, Chunk) {
        let first = entries.first().map(|entry| entry.key.clone()).unwrap_or_default();
        let (mut rows, mut bytes, mut pieces) = (0_u32, 0_u64, 0_u32);
        for entry in &entries {
            let below = Self::under(level, entry);
            rows = rows.saturating_add(below.rows);
            bytes = bytes.saturating_add(below.bytes);
            pieces = pieces.saturating_add(below.pieces);
        }
        let chunk = Node { level, entries }.chunk();
        (first, Self { chunk: chunk.hash(), rows, bytes, pieces }, chunk)
    }

    /// What stands under an entry of a chunk at `level`.
    fn under(level: u8, entry: &Entry) -> Self {
        if let Some(below) = Self::read(&entry.body).filter(|_| level > 0) {
            return below;
        }
        let row = Packed::read(&entry.body);
        let (apart, pieces) = row.map_or((0, 0), |row| (row.bytes_apart(), row.pieces().len() as u32));
        Self { chunk: HashText([0; 32]), rows: 1, bytes: entry.cost() as u64 + apart, pieces }
    }
}

/// Packs rows that come in the order of their keys.
#[derive(Debug, Default)]
pub struct Packer {
    cutter: Cutter,
    leaves: Leaves,
}

impl Packer {
    /// Take the next row; gives the chunks that end before it or with it.
    pub fn push(&mut self, entry: Entry) -> Vec<Chunk> {
        let ended = self.cutter.push(entry);
        ended.into_iter().map(|entries| self.leaf(entries)).collect()
    }

    /// There are no more rows: gives the last chunk, and all there are by the key they begin with.
    pub fn end(mut self) -> (Leaves, Option<Chunk>) {
        let last = self.cutter.rest().map(|entries| self.leaf(entries));
        (self.leaves, last)
    }

    fn leaf(&mut self, entries: Vec<Entry>) -> Chunk {
        let (first, below, chunk) = Below::of(0, entries);
        self.leaves.insert(first, below);
        chunk
    }
}

/// The index over `leaves`: the chunk at the top, and those that are not rows. None when there are no rows.
pub fn index(leaves: &Leaves) -> Option<(Top, Vec<Chunk>)> {
    let mut chunks = Vec::new();
    let mut level = 0;
    let mut row: Vec<(String, Below)> = leaves.iter().map(|(first, below)| (first.clone(), *below)).collect();
    while row.len() > 1 {
        level += 1;
        let mut cutter = Cutter::of_index();
        let mut nodes = Vec::new();
        for (key, below) in row {
            nodes.extend(cutter.push(Entry { key, body: below.encode() }));
        }
        nodes.extend(cutter.rest());
        row = Vec::with_capacity(nodes.len());
        for entries in nodes {
            let (first, below, chunk) = Below::of(level, entries);
            row.push((first, below));
            chunks.push(chunk);
        }
    }
    let (_, top) = row.pop()?;
    let Below { chunk, rows, bytes, pieces } = top;
    Some((Top { height: level + 1, chunk, rows, bytes, pieces }, chunks))
}

/// The chunks of rows below `top`.
pub fn leaves<'a>(top: &Top, load: &dyn Fn(&HashText) -> Option<&'a Node>) -> Result<Leaves, Halt> {
    let mut row = Leaves::from([(String::new(), top.below())]);
    if top.height == 0 || top.height > LEVELS_MAX {
        return Err(Halt::Unfit(top.chunk));
    }
    let mut missing = BTreeSet::new();
    for level in (0..top.height).rev() {
        let mut next = Leaves::new();
        for below in row.values() {
            let Some(node) = load(&below.chunk) else {
                missing.insert(below.chunk);
                continue;
            };
            let entries = entries_of(node, level, &below.chunk)?;
            if level == 0 {
                next.extend(entries.first().map(|entry| (entry.key.clone(), *below)));
                continue;
            }
            for entry in entries {
                next.insert(entry.key.clone(), Below::read(&entry.body).ok_or(Halt::Unfit(below.chunk))?);
            }
        }
        if level == 1 || !missing.is_empty() {
            // What an index says of the chunks of rows is looked at when they are.
            row = next;
            break;
        }
        row = next;
    }
    if missing.is_empty() { Ok(row) } else { Err(Halt::Load(missing)) }
}

/// The names of all chunks below `top` and its own, but for those in which values are kept apart; and which of them are
/// chunks of rows that have such values.
pub fn names<'a>(
    top: &Top,
    load: &dyn Fn(&HashText) -> Option<&'a Node>,
) -> Result<(BTreeSet<HashText>, Vec<HashText>), Halt> {
    let mut names = BTreeSet::from([top.chunk]);
    let mut apart = Vec::new();
    let mut row = vec![top.below()];
    for level in (0..top.height).rev() {
        if level == 0 {
            apart.extend(row.iter().filter(|below| below.pieces > 0).map(|below| below.chunk));
            break;
        }
        let mut next = Vec::new();
        let mut missing = BTreeSet::new();
        for below in &row {
            let Some(node) = load(&below.chunk) else {
                missing.insert(below.chunk);
                continue;
            };
            let entries = entries_of(node, level, &below.chunk)?.iter();
            next.extend(entries.filter_map(|entry| Below::read(&entry.body)));
        }
        if !missing.is_empty() {
            return Err(Halt::Load(missing));
        }
        names.extend(next.iter().map(|below| below.chunk));
        row = next;
    }
    Ok((names, apart))
}

/// The row under `key` below `top`.
pub fn find<'a>(top: &Top, key: &str, load: &dyn Fn(&HashText) -> Option<&'a Node>) -> Result<Option<Packed>, Halt> {
    let mut chunk = top.chunk;
    for level in (0..top.height).rev() {
        let node = load(&chunk).ok_or_else(|| Halt::Load(BTreeSet::from([chunk])))?;
        let entries = entries_of(node, level, &chunk)?;
        let behind = entries.partition_point(|entry| entry.key.as_str() <= key);
        let Some(entry) = behind.checked_sub(1).and_then(|at| entries.get(at)) else { return Ok(None) };
        if level == 0 {
            return Ok(Packed::read(&entry.body).filter(|_| entry.key == key));
        }
        chunk = Below::read(&entry.body).ok_or(Halt::Unfit(chunk))?.chunk;
    }
    Err(Halt::Unfit(top.chunk))
}

fn entries_of<'a>(node: &'a Node, level: u8, chunk: &HashText) -> Result<&'a [Entry], Halt> {
    if node.level == level { Ok(&node.entries) } else { Err(Halt::Unfit(*chunk)) }
}

/// What packing anew came to.
#[derive(Debug, Default)]
pub struct Patched {
    /// All chunks of rows now.
    pub leaves: Leaves,
    /// Those that were made.
    pub chunks: Vec<Chunk>,
}

/// Pack `leaves` anew where `edits` change them. It comes to the same as packing all rows from the first.
pub fn patch<'a>(
    leaves: &Leaves,
    edits: &Edits,
    load: &dyn Fn(&HashText) -> Option<&'a Node>,
) -> Result<Patched, Halt> {
    let mut patched = Patched { leaves: leaves.clone(), chunks: Vec::new() };
    let mut missing = BTreeSet::new();
    let mut after: Option<&str> = None;
    while let Some((key, _)) = edits.range::<str, _>((from(after), Bound::Unbounded)).next() {
        let mut packer = Packer::default();
        let mut at = leaves.range(..=key.clone()).next_back().or_else(|| leaves.iter().next());
        loop {
            let next = at.and_then(|(first, _)| leaves.range::<str, _>((from(Some(first)), Bound::Unbounded)).next());
            let end = next.map_or(Bound::Unbounded, |(first, _)| Bound::Excluded(first.as_str()));
            let here = edits.range::<str, _>((from(after), end));
            after = here.clone().next_back().map_or(after, |(last, _)| Some(last.as_str()));
            let Some(entries) = old_entries(at, load)? else {
                missing.extend(at.map(|(_, below)| below.chunk));
                packer = Packer::default();
                break;
            };
            at.map(|(first, _)| patched.leaves.remove(first));
            for entry in merged(entries, here) {
                patched.chunks.extend(packer.push(entry));
            }
            if next.is_none_or(|(first, _)| packer.cutter.ends_before(first)) {
                break;
            }
            at = next;
        }
        let (made, last) = packer.end();
        patched.leaves.extend(made);
        patched.chunks.extend(last);
    }
    if missing.is_empty() { Ok(patched) } else { Err(Halt::Load(missing)) }
}

/// What the chunk of rows at `at` holds; none when it has to be loaded.
fn old_entries<'a>(
    at: Option<(&String, &Below)>,
    load: &dyn Fn(&HashText) -> Option<&'a Node>,
) -> Result<Option<&'a [Entry]>, Halt> {
    let Some((_, below)) = at else { return Ok(Some(&[])) };
    load(&below.chunk).map(|node| entries_of(node, 0, &below.chunk)).transpose()
}

fn from(after: Option<&str>) -> Bound<&str> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}

/// `old` with `edits`, in order.
fn merged<'a>(
    old: &'a [Entry],
    edits: impl Iterator<Item = (&'a String, &'a Option<Vec<u8>>)> + Clone,
) -> impl Iterator<Item = Entry> {
    let mut all: BTreeMap<&str, Option<&Vec<u8>>> = BTreeMap::new();
    all.extend(old.iter().map(|entry| (entry.key.as_str(), Some(&entry.body))));
    all.extend(edits.map(|(key, body)| (key.as_str(), body.as_ref())));
    all.into_iter().filter_map(|(key, body)| Some(Entry { key: key.to_owned(), body: body?.clone() }))
}
