//! Files that somebody wrote who knows the format and the key: every hash fits, and they are compared with their log.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use kernel::key::Space;
use ports::problem::Fault;
use ports::transfer::{self, About, Ending, FrameKind, MAGIC};
use support::transfer::{Elsewhere, exported, fault, past, transfer_key};
use testkit::block_on;

/// Records of one frame.
type Records = Vec<(u8, Vec<u8>)>;
/// Those of one frame after the other, as anybody may write them who knows the format.
type Frames = Vec<Records>;

/// The records of a file, without its first and last frame.
fn taken_apart(file: &[u8]) -> Frames {
    let (_, size, mut chain) = About::read(file).unwrap();
    let (mut rest, mut frames) = (&file[size..], Vec::new());
    while let Some(frame) = transfer::read(rest, &chain).unwrap() {
        (rest, chain) = (&rest[frame.size..], frame.chain);
        let (mut raw, mut records) = (frame.raw.as_slice(), Vec::new());
        while frame.kind == FrameKind::Records && !raw.is_empty() {
            let length = u32::from_le_bytes(raw[1..5].try_into().unwrap()) as usize;
            records.push((raw[0], raw[5..5 + length].to_vec()));
            raw = &raw[5 + length..];
        }
        frames.push(records);
    }
    frames.pop();
    frames
}

/// A file of these records, with every hash, count and seal as it has to be for them.
fn put_together(about: &About, frames: &Frames, more: impl FnOnce(&mut Ending)) -> Vec<u8> {
    let mut chain = transfer::begin();
    let mut file = MAGIC.to_vec();
    file.extend(transfer::write(&mut chain, FrameKind::About, &serde_json::to_vec(about).unwrap()));
    for records in frames.iter().filter(|records| !records.is_empty()) {
        let mut raw = Vec::new();
        for (kind, bytes) in records {
            raw.push(*kind);
            raw.extend((bytes.len() as u32).to_le_bytes());
            raw.extend(bytes);
        }
        file.extend(transfer::write(&mut chain, FrameKind::Records, &raw));
    }
    let count = |sort: u8| frames.iter().flatten().filter(|(kind, _)| *kind == sort).count() as u64;
    let (events, keys, chunks) = (count(2), count(3), count(4));
    let mut ending = Ending { events, keys, chunks, roots: about.roots.clone(), seal: transfer_key().seal(&chain) };
    more(&mut ending);
    file.extend(transfer::write(&mut chain, FrameKind::Ending, &serde_json::to_vec(&ending).unwrap()));
    file
}

/// The whole of a workspace's file, taken apart.
async fn whole() -> (About, Frames) {
    let file = exported(&mut past().await.sequencer).await;
    let (about, ..) = About::read(&file).unwrap();
    let frames = taken_apart(&file);
    assert!(put_together(&about, &frames, |_| ()) == file, "it is put together as it was");
    (about, frames)
}

/// `file` is not taken in, and nothing of it is there.
async fn is_refused(story: &str, about: &About, file: &[u8]) {
    let mut elsewhere = Elsewhere::new(about.workspace).await;
    let taken = elsewhere.take_in(file, usize::MAX).await;
    assert_eq!(fault(&taken), Some(Fault::ImportAltered), "{story}: {taken:?}");
    elsewhere.nothing_is_there().await;
}

/// Where the `nth` record of a kind is.
fn place(frames: &Frames, kind: u8, nth: usize) -> (usize, usize) {
    let all = frames.iter().enumerate().flat_map(|(frame, records)| {
        records.iter().enumerate().filter(move |(_, (it, _))| *it == kind).map(move |(at, _)| (frame, at))
    });
    all.collect::<Vec<_>>()[nth]
}

#[test]
fn no_record_is_left_out_told_twice_or_replaced() {
    block_on(async {
        let (about, whole) = whole().await;
        let [sealed, event, key, chunk] = [(1, 3), (2, 40), (3, 2), (4, 1)].map(|(kind, nth)| place(&whole, kind, nth));
        let changed = |(frame, at): (usize, usize), change: &dyn Fn(&mut Records, usize)| {
            let mut frames = whole.clone();
            change(&mut frames[frame], at);
            frames
        };
        let without = |at| changed(at, &|records, at| drop(records.remove(at)));
        let twice = |at| changed(at, &|records, at| records.insert(at, records[at].clone()));
        let flipped = |at| changed(at, &|records, at| *records[at].1.last_mut().unwrap() ^= 1);
        let renamed = changed(event, &|records, at| {
            let text = String::from_utf8(records[at].1.clone()).unwrap();
            records[at].1 = text.replacen("owner", "other", 1).into_bytes();
        });
        let beyond = changed(chunk, &|records, at| records[at].1[10 + 52 + 5] = b'9');
        let mut swapped = whole.clone();
        let last = swapped.len() - 1;
        swapped.swap(last, last - 1);
        let stories = [
            ("units that are gone", without(sealed)),
            ("units of somebody else", flipped(sealed)),
            ("an event that is gone", without(event)),
            ("an event twice", twice(event)),
            ("an event by somebody else", renamed),
            ("a key that is gone", without(key)),
            ("a key twice", twice(key)),
            ("a key that is another", flipped(key)),
            ("a chunk that is gone", without(chunk)),
            ("a chunk twice", twice(chunk)),
            ("a chunk that is another", flipped(chunk)),
            ("a chunk behind the last", beyond),
            ("chunks in another order", swapped),
        ];
        for (story, frames) in stories {
            is_refused(story, &about, &put_together(&about, &frames, |_| ())).await;
        }
    });
}

#[test]
fn no_end_speaks_of_another_beginning_and_no_root_is_believed() {
    block_on(async {
        let (about, whole) = whole().await;
        let root = *about.roots.values().next().unwrap();
        let file = put_together(&about, &whole, |ending| ending.events += 1);
        is_refused("other counts", &about, &file).await;
        let file = put_together(&about, &whole, |ending| ending.seal = root);
        is_refused("another seal", &about, &file).await;
        let file = put_together(&about, &whole, |ending| ending.roots.extend([(Space::MAIN, root)]));
        is_refused("other roots", &about, &file).await;
        let mut roots = about.roots.clone();
        roots.insert(Space::MAIN, root);
        let file = put_together(&About { roots, ..about.clone() }, &whole, |_| ());
        is_refused("roots that the events do not lead to", &about, &file).await;
        let mut roots = about.roots.clone();
        roots.remove(&Space::MAIN);
        let file = put_together(&About { roots, ..about.clone() }, &whole, |_| ());
        is_refused("a line without a root", &about, &file).await;
    });
}
