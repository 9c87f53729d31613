//! A workspace goes from one host to another: whole, or not at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use kernel::key::Space;
use kernel::reject::Code;
use kernel::seal::TransferKey;
use kernelos_sequencer::Failure;
use ports::problem::Fault;
use ports::sequencing::WorkspaceView;
use ports::transfer::{self, About, ExportAsk, FrameKind, ImportAsk, MAGIC, PART_FORMAT, Record};
use ports::views::Query;
use ports::{Store as _, StoreError};
use support::Desk;
use support::transfer::{Elsewhere, exported, fault, long, past, transfer_key};
use testkit::block_on;

async fn view(desk: &mut Desk) -> WorkspaceView {
    desk.sequencer.describe().await.unwrap()
}

#[test]
fn a_workspace_comes_whole_and_only_control_knows_that_it_travelled() {
    block_on(async {
        let mut desk = past().await;
        let before = view(&mut desk).await;
        let file = exported(&mut desk.sequencer).await;
        assert_eq!(view(&mut desk).await, before, "exporting writes nothing");
        for slice in [1 << 20, usize::MAX] {
            let mut elsewhere = Elsewhere::new(desk.workspace).await;
            assert!(elsewhere.take_in(&file, slice).await.unwrap().complete);
            elsewhere.is_whole().await;
            let after = elsewhere.sequencer.describe().await.unwrap();
            let origin = after.origin.unwrap();
            assert_eq!((origin.incarnation, origin.held, origin.pos), (1, true, before.pos));
            assert_eq!((after.id, &after.name), (before.id, &before.name));
            for (space, root) in &before.roots {
                assert_eq!(after.roots[space] == *root, *space != Space::Control, "{space}");
            }
            for query in [Query::Tasks(0, 256), Query::Agents, Query::Providers, Query::Approvals(true), Query::Usage] {
                let (here, there) = (desk.sequencer.read(&query).await, elsewhere.sequencer.read(&query).await);
                assert_eq!(here.unwrap(), there.unwrap(), "{query:?}");
            }
            let ends = before.pos as usize;
            let (here, there) =
                (desk.sequencer.events(0, ends).await.unwrap(), elsewhere.sequencer.events(0, ends).await.unwrap());
            assert_eq!(here, there);
        }
    });
}

#[test]
fn nothing_that_was_said_and_no_key_stands_in_the_file_in_clear() {
    block_on(async {
        let mut desk = past().await;
        let file = exported(&mut desk.sequencer).await;
        // Frames are compressed, so what is looked through is what they unpack to.
        let (about, size, mut chain) = About::read(&file).unwrap();
        assert_eq!(about.key.age, None);
        let mut clear = file[..size].to_vec();
        let mut rest = &file[size..];
        while let Some(frame) = transfer::read(rest, &chain).unwrap() {
            clear.extend(&frame.raw);
            (rest, chain) = (&rest[frame.size..], frame.chain);
        }
        let contains = |needle: &[u8]| clear.windows(needle.len()).any(|window| window == needle);
        for secret in [&b"a secret"[..], transfer_key().bytes(), &transfer_key().wrapping(), &desk.key] {
            assert!(!contains(secret));
        }
        assert!(contains(b"task.created"), "what is looked through is the log");
        assert!(!contains(&long(5).as_bytes()[..64]));
    });
}

#[test]
fn an_import_goes_on_behind_the_last_frame_whoever_takes_it_up_again() {
    block_on(async {
        let mut desk = past().await;
        let file = exported(&mut desk.sequencer).await;
        let mut elsewhere = Elsewhere::new(desk.workspace).await;
        let mut stand = elsewhere.begin(&file).await.unwrap();
        let mut turns = 0;
        while !stand.complete {
            elsewhere.restart().await;
            assert_eq!(elsewhere.sequencer.describe().await, Err(Failure::Store(StoreError::NoWorkspace)));
            assert_eq!((elsewhere.sequencer.pos(), elsewhere.sequencer.due(9).await.is_err()), (0, true));
            assert_eq!(elsewhere.begin(&file).await.unwrap(), stand, "the same beginning is the same import");
            assert_eq!(elsewhere.ask(ImportAsk::Stand).await.unwrap(), stand);
            // A little more than a frame each time, so that the rest of the slice is half a frame.
            let rest = &file[stand.offset as usize..];
            let (length, _) = rest[1..].split_first_chunk::<4>().unwrap();
            let slice = rest.len().min(u32::from_le_bytes(*length) as usize + 41 + 30);
            stand = elsewhere.append(stand.offset, &rest[..slice]).await.unwrap();
            turns += 1;
        }
        assert!(turns > 8, "{turns}");
        elsewhere.is_whole().await;
        assert_eq!(fault(&elsewhere.ask(ImportAsk::Stand).await), Some(Fault::WorkspaceExists));
    });
}

#[test]
fn what_is_held_goes_on_where_it_was_when_somebody_adopts_it() {
    block_on(async {
        let mut desk = past().await;
        let waited = desk.sequencer.waiting(9).await.unwrap();
        let file = exported(&mut desk.sequencer).await;
        let mut elsewhere = Elsewhere::new(desk.workspace).await;
        elsewhere.take_in(&file, usize::MAX).await.unwrap();
        let mut there = elsewhere.desk(&desk).await;
        assert_eq!((there.due().await, there.sequencer.waiting(9).await.unwrap()), (vec![], waited));
        assert_eq!((there.sequencer.next_expiry().await, there.sequencer.next_due().await), (Ok(None), Ok(None)));
        there.join(there.boot).await;
        let lease = format!(r#"{{"runtime":"{}","boot":"{}","ttl_ms":1000}}"#, there.runtime, there.boot);
        let Err(Failure::Refused(held)) = there.send("effect.lease", &lease).await else { panic!("it was leased") };
        assert_eq!(held.code, Code::EffectsHeld);
        there.must("workspace.adopt", "{}").await;
        // Those that were leased, the one that waited, and the one of the task whose key is gone.
        assert_eq!(there.due().await.len(), 4);
        for _ in 0..4 {
            let effect = there.lease(60_000).await.made[0];
            let view = there.sequencer.effect(effect).await.unwrap().unwrap();
            assert_eq!(view.in_doubt, view.fence == 2, "what was leased over there may have happened there");
            there.report(effect, view.fence, "an answer from here").await;
        }
        assert_eq!(there.due().await, vec![]);
    });
}

#[test]
fn an_import_over_a_workspace_and_a_second_import_are_refused() {
    block_on(async {
        let mut desk = past().await;
        let file = exported(&mut desk.sequencer).await;
        let mut elsewhere = Elsewhere::new(desk.workspace).await;
        elsewhere.take_in(&file, usize::MAX).await.unwrap();
        let dump = elsewhere.store.dump(&desk.workspace.to_string()).unwrap();
        assert_eq!(fault(&elsewhere.begin(&file).await), Some(Fault::WorkspaceExists));
        assert_eq!(fault(&elsewhere.append(0, &file).await), Some(Fault::WorkspaceExists));
        assert_eq!(fault(&elsewhere.ask(ImportAsk::Abandon { whole: None }).await), Some(Fault::WorkspaceExists));
        assert_eq!(elsewhere.store.dump(&desk.workspace.to_string()).unwrap(), dump);
    });
}

#[test]
fn a_wrong_key_another_workspace_and_another_file_are_told_apart() {
    block_on(async {
        let mut desk = past().await;
        let file = exported(&mut desk.sequencer).await;
        let (_, size, _) = About::read(&file).unwrap();
        let mut elsewhere = Elsewhere::new(desk.workspace).await;
        let wrong = ImportAsk::Begin { head: file[..size].to_vec(), key: TransferKey::new([1; 32]) };
        assert_eq!(fault(&elsewhere.ask(wrong).await), Some(Fault::ImportWrongKey));
        assert_eq!(fault(&elsewhere.append(0, &file).await), Some(Fault::ImportUnknown));
        let mut other = Elsewhere::new(kernel::id::WorkspaceId([1; 16])).await;
        assert_eq!(fault(&other.begin(&file).await), Some(Fault::WrongWorkspace));
        desk.must("task.create", r#"{"title":"later"}"#).await;
        let later = exported(&mut desk.sequencer).await;
        let stand = elsewhere.begin(&file).await.unwrap();
        assert_eq!(fault(&elsewhere.begin(&later).await), Some(Fault::ImportUnderWay));
        assert_eq!(fault(&elsewhere.append(stand.offset + 1, &file).await), Some(Fault::ImportOffset));
        elsewhere.ask(ImportAsk::Abandon { whole: None }).await.unwrap();
        assert!(elsewhere.sequencer.is_gone());
        assert_eq!(fault(&elsewhere.ask(ImportAsk::Stand).await), Some(Fault::ImportUnknown));
    });
}

#[test]
fn a_file_of_another_version_says_so() {
    block_on(async {
        let mut desk = past().await;
        let file = exported(&mut desk.sequencer).await;
        let (about, ..) = About::read(&file).unwrap();
        for about in [About { file: 3, ..about.clone() }, About { format: 9, ..about }] {
            let raw = serde_json::to_vec(&about).unwrap();
            let frame = transfer::write(&mut transfer::begin(), FrameKind::About, &raw);
            let mut elsewhere = Elsewhere::new(desk.workspace).await;
            let head = [MAGIC, &frame].concat();
            let begun = elsewhere.ask(ImportAsk::Begin { head, key: transfer_key() }).await;
            assert_eq!(fault(&begun), Some(Fault::ImportVersion));
            elsewhere.nothing_is_there().await;
        }
    });
}

#[test]
fn an_export_tells_of_one_position_whatever_happens_meanwhile() {
    block_on(async {
        let mut desk = past().await;
        let still = exported(&mut desk.sequencer).await;
        let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
        let mut file = Vec::new();
        loop {
            let slice = desk.sequencer.export(&ask).await.unwrap();
            file.extend(slice.bytes);
            let Some(cursor) = slice.next else { break };
            ask.cursor = Some(cursor);
            desk.ask("asked meanwhile").await;
        }
        assert!(file == still, "the file is another one");
    });
}

#[test]
fn an_export_that_a_destroyed_key_overtook_is_not_ended() {
    block_on(async {
        let mut desk = past().await;
        let task = desk.ask("to be destroyed").await;
        let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
        ask.cursor = desk.sequencer.export(&ask).await.unwrap().next;
        desk.must("key.destroy", &format!(r#"{{"subject":"task/{task}"}}"#)).await;
        let failure = loop {
            match desk.sequencer.export(&ask).await {
                Ok(slice) => ask.cursor = Some(slice.next.unwrap()),
                Err(failure) => break failure,
            }
        };
        assert!(matches!(failure, Failure::Transfer(Fault::ExportOvertaken, _)), "{failure:?}");
    });
}

#[test]
fn a_workspace_that_does_not_exist_is_not_exported() {
    block_on(async {
        let mut elsewhere = Elsewhere::new(kernel::id::WorkspaceId([1; 16])).await;
        let ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: 0, cursor: None };
        assert_eq!(elsewhere.sequencer.export(&ask).await, Err(Failure::Store(StoreError::NoWorkspace)));
        assert_eq!(elsewhere.store.head(&elsewhere.workspace.to_string()).await.unwrap().pos, 0);
    });
}

/// What the records of `file` are, frame by frame forgotten: events, keys, chunks.
fn parted(file: &[u8]) -> [Vec<Vec<u8>>; 3] {
    let (_, mut at, mut chain) = About::read(file).unwrap();
    let mut sorts = [Vec::new(), Vec::new(), Vec::new()];
    while let Some(frame) = transfer::read(&file[at..], &chain).unwrap() {
        (at, chain) = (at + frame.size, frame.chain);
        if frame.kind != FrameKind::Records {
            break;
        }
        for record in transfer::records(&frame.raw).map(Result::unwrap) {
            let sort = match record {
                Record::Sealed(_) | Record::Event(_) => 0,
                Record::Key(_) => 1,
                Record::Chunk(_) => 2,
            };
            let mut bytes = Vec::new();
            record.write(&mut bytes);
            sorts[sort].push(bytes);
        }
    }
    sorts
}

/// The part of a workspace behind `after`.
async fn part(desk: &mut Desk, after: u64) -> Vec<u8> {
    let mut ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after, cursor: None };
    let mut file = Vec::new();
    loop {
        let slice = desk.sequencer.export(&ask).await.unwrap();
        file.extend(slice.bytes);
        desk.sequencer.forget();
        ask.cursor = slice.next;
        if ask.cursor.is_none() {
            return file;
        }
    }
}

#[test]
fn a_whole_and_the_parts_after_it_are_what_a_later_whole_is() {
    block_on(async {
        let mut desk = past().await;
        let [mut events, _, mut chunks] = parted(&exported(&mut desk.sequencer).await);
        let mut after = desk.sequencer.pos();
        for nth in 0..3 {
            let task = desk.ask(&format!("asked later {nth}")).await;
            if nth == 1 {
                let effect = desk.lease(600_000).await.made[0];
                desk.report(effect, 1, &long(90)).await;
                desk.must("key.destroy", &format!(r#"{{"subject":"task/{task}"}}"#)).await;
            }
            let file = part(&mut desk, after).await;
            let (about, ..) = About::read(&file).unwrap();
            assert_eq!((about.file, about.after, about.pos), (PART_FORMAT, after, desk.sequencer.pos()));
            let [more, keys, large] = parted(&file);
            events.extend(more);
            chunks.extend(large);
            chunks.sort_unstable_by(|one, other| one[15..].cmp(&other[15..]));
            let whole = parted(&exported(&mut desk.sequencer).await);
            assert!(whole == [events.clone(), keys, chunks.clone()], "after event {after}");
            after = desk.sequencer.pos();
        }
        let [nothing, keys, none] = parted(&part(&mut desk, after).await);
        assert!(nothing.is_empty() && none.is_empty() && !keys.is_empty(), "nothing happened since");
    });
}

#[test]
fn a_part_is_no_workspace_and_none_is_given_of_what_did_not_happen() {
    block_on(async {
        let mut desk = past().await;
        let pos = desk.sequencer.pos();
        let file = part(&mut desk, pos - 5).await;
        let mut elsewhere = Elsewhere::new(desk.workspace).await;
        assert_eq!(fault(&elsewhere.begin(&file).await), Some(Fault::ImportForeign));
        elsewhere.nothing_is_there().await;
        let ask = ExportAsk { key: transfer_key(), wrapped: None, written_at: 5, after: pos + 1, cursor: None };
        let refused = desk.sequencer.export(&ask).await;
        assert!(matches!(&refused, Err(Failure::Refused(it)) if it.code == Code::PositionAhead), "{refused:?}");
    });
}
