use super::*;
use crate::hash::HashText;
use crate::id::WorkspaceId;
use crate::machine::StreamHead;
use crate::storage::Row;
use std::collections::{BTreeMap, BTreeSet};

type Rows = BTreeMap<String, Row>;

fn key(n: u64) -> String {
    format!("task/2nbcsyrqwyqhq12yfqbgxe83xm.10.4{n:06}.task")
}

/// A row about as long as an entity, whose bytes depend on `salt`.
fn row(n: u64, salt: u64, size: usize) -> Row {
    let mut value = format!("{{\"title\":\"{n}\",\"salt\":\"{salt}\",\"more\":\"").into_bytes();
    let mut word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt;
    while value.len() < size {
        // About as compressible as rows are.
        value.extend_from_slice(b"\",\"x\":\"");
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        value.extend_from_slice(format!("{:x}", word >> 32).as_bytes());
    }
    Row { hash: crate::machine::row_hash(&value), value, since: salt }
}

/// Chunks as a store would hold them.
#[derive(Default)]
struct Held {
    stored: BTreeMap<HashText, Row>,
    nodes: BTreeMap<HashText, Node>,
}

impl Held {
    fn keep(&mut self, chunk: &Chunk) -> usize {
        let row = chunk.row(1);
        let size = row.value.len();
        assert!(size < 600_000, "a chunk of {size} bytes");
        assert_eq!(Chunk::open(&chunk.hash(), &row.value).as_ref(), Some(chunk));
        if let Some(node) = Node::read(chunk) {
            self.nodes.insert(chunk.hash(), node);
        }
        if self.stored.insert(chunk.hash(), row).is_some() { 0 } else { size }
    }

    fn node(&self, name: &HashText) -> Option<&Node> {
        self.nodes.get(name)
    }

    fn pack(&mut self, rows: &Rows) -> (Option<Top>, usize) {
        let mut written = 0;
        let mut packer = Packer::default();
        for (key, row) in rows {
            let (body, pieces) = packed(row);
            written += pieces.iter().map(|piece| self.keep(piece)).sum::<usize>();
            written +=
                packer.push(Entry { key: key.clone(), body }).iter().map(|chunk| self.keep(chunk)).sum::<usize>();
        }
        let (leaves, last) = packer.end();
        written += last.map_or(0, |chunk| self.keep(&chunk));
        let Some((top, chunks)) = index(&leaves) else { return (None, written) };
        (Some(top), written + chunks.iter().map(|chunk| self.keep(chunk)).sum::<usize>())
    }

    /// Pack anew what differs, loading chunks only when they are asked for.
    fn patch(&mut self, top: Option<Top>, changed: &BTreeMap<String, Option<Row>>) -> (Option<Top>, usize, usize) {
        let mut written = 0;
        let mut edits = Edits::new();
        for (key, row) in changed {
            let packed = row.as_ref().map(packed);
            written += packed.iter().flat_map(|(_, pieces)| pieces).map(|piece| self.keep(piece)).sum::<usize>();
            edits.insert(key.clone(), packed.map(|(body, _)| body));
        }
        let mut asked = BTreeSet::new();
        let old = until_loaded(&mut asked, |asked| match &top {
            Some(top) => leaves(top, &|name| asked.contains(name).then(|| &self.nodes[name])),
            None => Ok(Leaves::new()),
        });
        let patched = until_loaded(&mut asked, |asked| {
            patch(&old, &edits, &|name| asked.contains(name).then(|| &self.nodes[name]))
        });
        written += patched.chunks.iter().map(|chunk| self.keep(chunk)).sum::<usize>();
        let Some((top, chunks)) = index(&patched.leaves) else { return (None, written, asked.len()) };
        (Some(top), written + chunks.iter().map(|chunk| self.keep(chunk)).sum::<usize>(), asked.len())
    }

    fn find(&self, top: &Top, key: &str) -> Option<Row> {
        let found = find(top, key, &|name| self.node(name)).unwrap()?;
        let pieces: Vec<Chunk> =
            found.pieces().iter().map(|name| Chunk::open(name, &self.stored[name].value).unwrap()).collect();
        Some(found.row(&pieces).unwrap())
    }
}

fn until_loaded<T>(asked: &mut BTreeSet<HashText>, mut ask: impl FnMut(&BTreeSet<HashText>) -> Result<T, Halt>) -> T {
    loop {
        match ask(asked) {
            Ok(found) => return found,
            Err(Halt::Load(names)) => {
                assert!(names.iter().any(|name| !asked.contains(name)), "it asks in circles");
                asked.extend(names);
            }
            Err(Halt::Unfit(name)) => panic!("{name} does not fit"),
        }
    }
}

/// Keys of several kinds.
fn mixed(n: u64) -> String {
    let kind = ["agent", "effect", "step", "task"][(n % 4) as usize];
    key(n / 4).replace("task", kind)
}

fn workspace(rows: u64) -> Rows {
    (0..rows).map(|n| (key(n), row(n, 1, 240 + (n % 7) as usize * 50))).collect()
}

#[test]
fn nothing_packs_to_nothing() {
    let mut held = Held::default();
    assert_eq!(held.pack(&Rows::new()), (None, 0));
    let gone = BTreeMap::from([(key(1), None)]);
    assert_eq!(held.patch(None, &gone).0, None);
}

#[test]
fn every_row_is_found_and_nothing_else_is() {
    let mut held = Held::default();
    let rows = workspace(20_000);
    let top = held.pack(&rows).0.unwrap();
    assert_eq!((u64::from(top.rows), top.height), (20_000, 3));
    for (key, row) in &rows {
        assert_eq!(held.find(&top, key).as_ref(), Some(row));
    }
    for absent in ["", "a", &key(20_000), &format!("{}0", key(7)), "zzz"] {
        assert_eq!(held.find(&top, absent), None, "{absent}");
    }
}

#[test]
fn chunks_are_about_as_large_as_they_should_be() {
    let mut held = Held::default();
    held.pack(&workspace(30_000));
    let sizes: Vec<usize> = held.stored.values().map(|row| row.value.len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((8 << 10..16 << 10).contains(&mean), "{mean}");
}

#[test]
fn what_did_not_change_is_not_written_again() {
    let mut held = Held::default();
    let mut rows = workspace(100_000);
    let (top, whole) = held.pack(&rows);
    let cluster = (50_000..50_100).map(|n| (key(n), Some(row(n, 2, 300))));
    let (top, clustered, _) = held.patch(top, &cluster.clone().collect());
    rows.extend(cluster.map(|(key, row)| (key, row.unwrap())));
    let scattered: BTreeMap<_, _> =
        (0..100_u64).map(|n| n * 7_919 * 31 % 100_000).map(|n| (key(n), Some(row(n, 3, 260)))).collect();
    let (top, random, _) = held.patch(top, &scattered);
    rows.extend(scattered.into_iter().map(|(key, row)| (key, row.unwrap())));
    assert!(clustered * 200 <= whole, "clustered: {clustered} of {whole}");
    assert!(random * 100 <= whole * 6, "random: {random} of {whole}");
    assert_eq!(held.pack(&rows), (top, 0), "it is packed as if from the first");
}

#[test]
fn what_is_added_at_the_end_of_a_kind_moves_nothing_in_the_next() {
    let mut held = Held::default();
    let step = |n: u64| key(n).replace("task", "step");
    let mut rows = workspace(20_000);
    rows.extend((0..5_000).map(|n| (step(n), row(n, 1, 300))));
    let top = held.pack(&rows).0;
    let added: BTreeMap<_, _> = (5_000..5_010).map(|n| (step(n), Some(row(n, 2, 300)))).collect();
    let before: BTreeSet<HashText> = held.nodes.keys().copied().collect();
    let top = held.patch(top, &added).0;
    rows.extend(added.into_iter().map(|(key, row)| (key, row.unwrap())));
    assert_eq!(held.pack(&rows), (top, 0));
    let new = held.nodes.iter().filter(|(name, _)| !before.contains(*name)).map(|(_, node)| node);
    for node in new.filter(|node| node.level == 0) {
        assert!(node.entries.iter().all(|entry| entry.key.starts_with("step/")), "{:?}", node.entries[0].key);
    }
}

#[test]
fn a_large_value_is_kept_apart_in_pieces() {
    let mut held = Held::default();
    let mut rows = workspace(300);
    for (n, size) in [(7, 64 << 10), (70, (64 << 10) - 1), (71, 1_000_000), (299, 256 << 10)] {
        rows.insert(key(n), row(n, 9, size));
        rows.get_mut(&key(n)).unwrap().value.truncate(size);
        let value = rows[&key(n)].value.clone();
        rows.get_mut(&key(n)).unwrap().hash = crate::machine::row_hash(&value);
    }
    let top = held.pack(&rows).0.unwrap();
    for (key, row) in &rows {
        assert_eq!(held.find(&top, key).as_ref(), Some(row));
    }
    assert!(held.stored.values().all(|row| row.value.len() < 300_000));
    assert_eq!(top.pieces, 1 + 4 + 1);
    let (names, apart) = names(&top, &|name| held.node(name)).unwrap();
    let is_piece = |name: &&HashText| !held.nodes.contains_key(*name);
    assert_eq!(held.stored.keys().filter(is_piece).count(), 6);
    assert_eq!(names, held.nodes.keys().copied().collect());
    let holders = held.nodes.values().filter(|node| {
        let apart = |entry: &Entry| Packed::read(&entry.body).is_some_and(|row| !row.pieces().is_empty());
        node.level == 0 && node.entries.iter().any(apart)
    });
    assert_eq!(apart.len(), holders.count());
}

#[test]
fn a_chunk_opens_under_its_own_name_only_and_an_altered_one_under_none() {
    let mut packer = Packer::default();
    packer.push(Entry { key: key(1), body: packed(&row(1, 1, 2_000)).0 });
    let chunk = packer.end().1.unwrap();
    let stored = chunk.row(1).value;
    assert_eq!(Chunk::open(&HashText([7; 32]), &stored), None);
    for at in 0..stored.len() {
        let mut altered = stored.clone();
        altered[at] ^= 0x40;
        // A compressor could have written the same bytes otherwise; they are then the same chunk.
        assert!(Chunk::open(&chunk.hash(), &altered).is_none_or(|same| same == chunk), "altered at {at}");
        assert_eq!(Chunk::open(&chunk.hash(), &stored[..at]), None, "cut at {at}");
    }
    let bomb = [&[1][..], &u32::MAX.to_le_bytes(), &[0; 64]].concat();
    assert_eq!(Chunk::open(&chunk.hash(), &bomb), None);
}

#[test]
fn a_chunk_in_the_place_of_another_is_named() {
    let mut held = Held::default();
    let top = held.pack(&workspace(2_000)).0.unwrap();
    let leaf = held.nodes.values().find(|node| node.level == 0).unwrap().clone();
    held.nodes.insert(top.chunk, leaf);
    assert_eq!(find(&top, &key(3), &|name| held.nodes.get(name)), Err(Halt::Unfit(top.chunk)));
    assert_eq!(leaves(&top, &|name| held.nodes.get(name)), Err(Halt::Unfit(top.chunk)));
}

fn manifest() -> Manifest {
    let workspace = WorkspaceId([3; 16]);
    let stream = |seq| StreamHead { seq, hash: HashText([seq as u8; 32]) };
    let top = Top { height: 2, chunk: HashText([5; 32]), rows: 12, bytes: 3_400, pieces: 0 };
    Manifest {
        snapshot: SNAPSHOT_FORMAT,
        format: crate::hash::FORMAT,
        workspace,
        pos: 33,
        made_at: 1_700_000_000_000,
        streams: [(Space::Control, stream(12)), (Space::MAIN, stream(21))].into(),
        roots: [(Space::Control, HashText([6; 32])), (Space::MAIN, HashText([7; 32]))].into(),
        spaces: [(Space::Control, top)].into(),
        written: 2_900,
    }
}

/// Bytes of released formats: what was once written is read for ever.
#[test]
fn the_bytes_are_those_that_were_written() {
    let entries = [("task/a", &b"{}"[..], 5), ("task/b", b"x", 300)].map(|(key, value, since)| Entry {
        key: key.to_owned(),
        body: packed(&Row { hash: [0; 32], value: value.to_vec(), since }).0,
    });
    let rows = Node { level: 0, entries: entries.to_vec() };
    let bytes = [
        &[0][..],
        &[0, 0, 6, 0],
        b"task/a",
        &[11, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
        b"{}",
        &[5, 0, 1, 0],
        b"b",
        &[10, 0, 0, 0, 44, 1, 0, 0, 0, 0, 0, 0, 0],
        b"x",
    ]
    .concat();
    assert_eq!(rows.encode(), bytes);
    let name = HashText(crate::hash::hash(crate::hash::Domain::Chunk, &[&bytes]));
    let stored = Chunk::open(&name, &[&[0][..], &bytes].concat()).unwrap();
    assert_eq!((stored.hash(), Node::read(&stored)), (name, Some(rows)));

    let below = Below { chunk: HashText([7; 32]), rows: 3, bytes: 258, pieces: 1 };
    let list = Node { level: 1, entries: vec![Entry { key: "a".into(), body: below.encode() }] };
    let body = [&[7; 32][..], &[3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]].concat();
    assert_eq!(list.encode(), [&[1, 0, 0, 1, 0][..], b"a", &[48, 0, 0, 0], &body].concat());

    let apart = packed(&Row { hash: [0; 32], value: vec![b'a'; 65_536], since: 9 });
    let piece = [&[255][..], &[b'a'; 65_536]].concat();
    let piece = HashText(crate::hash::hash(crate::hash::Domain::Chunk, &[&piece]));
    assert_eq!(apart.0, [&[9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0][..], &piece.0].concat());
    assert_eq!(apart.1.iter().map(Chunk::hash).collect::<Vec<_>>(), [piece]);

    // 0xff and 300 times `a`, as an LZ4 block.
    let raw = [&[255][..], &[b'a'; 300]].concat();
    let block = [1, 45, 1, 0, 0, 0x2f, 255, b'a', 1, 0, 255, 20, 0x50, b'a', b'a', b'a', b'a', b'a'];
    let name = HashText(crate::hash::hash(crate::hash::Domain::Chunk, &[&raw]));
    assert_eq!(Chunk::open(&name, &block).map(|chunk| chunk.hash()), Some(name));
}

/// Another rule for where chunks end would give other names to the same rows, and `verify` would find them all wrong.
#[test]
fn the_same_rows_have_the_same_name_for_ever() {
    let top = Held::default().pack(&workspace(2_000)).0.unwrap();
    let known = "4DIUnIBFUJiSYvQ8-qFhLTWwQvXX4_01TiJEL15s04c";
    assert_eq!((top.height, top.chunk.to_string().as_str()), (2, known));
}

#[test]
fn a_manifest_is_written_as_it_was() {
    let it = manifest();
    let hash = |byte: u8| HashText([byte; 32]).to_string();
    let text = format!(
        "{{\"snapshot\":1,\"format\":1,\"workspace\":\"{}\",\"pos\":33,\"made_at\":1700000000000,\"streams\":{{\"control\":\
         {{\"seq\":12,\"hash\":\"{}\"}},\"main@0\":{{\"seq\":21,\"hash\":\"{}\"}}}},\"roots\":{{\"control\":\"{}\",\"main@0\":\"{}\"}},\
         \"spaces\":{{\"control\":{{\"height\":2,\"chunk\":\"{}\",\"rows\":12,\"bytes\":3400}}}},\"written\":2900}}",
        it.workspace,
        hash(12),
        hash(21),
        hash(6),
        hash(7),
        hash(5)
    );
    assert_eq!(String::from_utf8(it.row().unwrap().value).unwrap(), text);
    assert_eq!(Manifest::address(33).key, "at/211");
    assert_eq!(Manifest::pin(33).key, "pin/211");
}

#[test]
fn a_manifest_reads_back_and_no_other_bytes_do() {
    let it = manifest();
    let bytes = it.row().unwrap().value;
    assert_eq!(Manifest::read(it.workspace, it.pos, &bytes).as_ref(), Ok(&it));
    assert!(Manifest::read(WorkspaceId([4; 16]), it.pos, &bytes).is_err());
    assert!(Manifest::read(it.workspace, 34, &bytes).is_err());
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        ("{\"snapshot\":1", "{\"snapshot\":2"),
        ("{\"snapshot\"", "{ \"snapshot\""),
        ("\"pos\":33", "\"pos\":34"),
        ("\"seq\":12", "\"seq\":13"),
        ("\"written\":2900", "\"written\":2900,\"more\":1"),
        ("\"spaces\":{\"control\"", "\"spaces\":{\"dedupe\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(Manifest::read(it.workspace, it.pos, text.replace(from, to).as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn manifests_are_ordered_by_position() {
    let keys: Vec<String> = [1, 31, 32, 1_000, 1 << 40].into_iter().map(|pos| Manifest::address(pos).key).collect();
    assert!(keys.is_sorted());
    assert_eq!(Manifest::pos_of(&keys[3]), Some(1_000));
    assert_eq!(Manifest::pos_of("pin/1"), None);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::with_cases(64)
    })]

    #[test]
    fn any_changes_pack_to_what_is_left_packed_from_the_first(
        batches in proptest::collection::vec(
            proptest::collection::vec((0_u64..900, 0_usize..1_500, proptest::prelude::any::<bool>()), 0..150), 1..8)
    ) {
        let mut held = Held::default();
        let mut rows = Rows::new();
        let mut top = None;
        for (salt, batch) in batches.iter().enumerate() {
            let mut changed = BTreeMap::new();
            for (n, size, stays) in batch {
                changed.insert(mixed(*n), stays.then(|| row(*n, salt as u64, *size)));
            }
            top = held.patch(top, &changed).0;
            for (key, row) in changed {
                match row {
                    Some(row) => rows.insert(key, row),
                    None => rows.remove(&key),
                };
            }
            assert_eq!(held.pack(&rows).0, top);
        }
    }

    #[test]
    fn no_bytes_are_read_but_those_that_are_written(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        if let Some(node) = Node::decode(&bytes) {
            assert_eq!(node.encode(), bytes);
        }
        let _ = Chunk::open(&HashText([0; 32]), &bytes);
        let _ = Packed::read(&bytes);
        let _ = Manifest::read(WorkspaceId([3; 16]), 33, &bytes);
    }

    #[test]
    fn no_altered_chunk_is_read_as_another(
        at in 0_usize..4_000, to in proptest::prelude::any::<u8>(), level in 0_u8..2
    ) {
        let entry = |n: u64| match level {
            0 => Entry { key: key(n), body: packed(&row(n, 1, 80)).0 },
            _ => Entry { key: key(n), body: [&[n as u8; 32][..], &[1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat() },
        };
        let node = Node { level, entries: (0..20).map(entry).collect() };
        let mut bytes = node.encode();
        assert_eq!(Node::decode(&bytes).as_ref(), Some(&node));
        let at = at % bytes.len();
        bytes[at] = to;
        if let Some(other) = Node::decode(&bytes) {
            assert_eq!(other.encode(), bytes);
        }
    }
}
