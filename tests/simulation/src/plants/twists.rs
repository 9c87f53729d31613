//! What bugs of the driver and of the kernel would come to, each as a twist of the store below them.

use super::bent::{Twist, saying};
use crate::disk::Disk;
use async_trait::async_trait;
use kernel::event::Header;
use kernel::storage::{Address, Batch, Row, StoredEvent, Write};
use ports::Store as _;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

fn is_of(event: &StoredEvent, name: &str) -> bool {
    Header::decode(&event.body).is_ok_and(|(header, _)| header.name == name)
}

fn put(batch: &mut Batch, at: Address, write: Write) {
    batch.writes.retain(|(other, _)| *other != at);
    batch.writes.push((at, write));
}

fn patched(row: &Row, patch: impl FnOnce(&mut Value)) -> Row {
    let Ok(mut value) = serde_json::from_slice::<Value>(&row.value) else { return row.clone() };
    patch(&mut value);
    saying(row, value.to_string().into_bytes())
}

/// What becomes of a row when a restore turns it back.
#[derive(Default, PartialEq)]
enum Back {
    /// It says what it said first.
    #[default]
    First,
    /// It is gone.
    Gone,
    /// It says that nothing was refused.
    Forgiven,
}

/// A restore turns back rows that it must not touch.
pub(super) struct TurnsBack {
    space: &'static str,
    prefix: &'static str,
    back: Back,
    /// What each row said first, and what it says now.
    first: RefCell<BTreeMap<String, (Row, Option<Row>)>>,
}

impl TurnsBack {
    pub(super) fn of(prefix: &'static str) -> Self {
        Self { space: "control", prefix, back: Back::First, first: RefCell::default() }
    }

    pub(super) fn within(space: &'static str) -> Self {
        Self { space, ..Self::of("") }
    }

    pub(super) fn removing(self) -> Self {
        Self { back: Back::Gone, ..self }
    }

    pub(super) fn forgiving(self) -> Self {
        Self { back: Back::Forgiven, ..self }
    }

    fn turned(&self, first: &Row, now: Option<&Row>, pos: u64) -> Option<Write> {
        match self.back {
            Back::Gone => now.map(|_| Write::Delete),
            Back::First if now.is_some_and(|now| now.value == first.value) => None,
            Back::First => Some(Write::Put(Row { since: pos, ..first.clone() })),
            Back::Forgiven => {
                let now = now.filter(|now| now.value.windows(8).any(|part| part == b"rejected"))?;
                let forgiven = patched(now, |record| {
                    record.as_object_mut().map(|record| record.remove("rejected")).unwrap_or_default();
                });
                Some(Write::Put(Row { since: pos, ..forgiven }))
            }
        }
    }
}

impl Twist for TurnsBack {
    fn commit(&self, batch: &mut Batch) {
        let mut first = self.first.borrow_mut();
        for (at, write) in &batch.writes {
            if at.space != self.space || !at.key.starts_with(self.prefix) {
                continue;
            }
            match write {
                Write::Put(row) | Write::Insert(row) => {
                    first.entry(at.key.clone()).or_insert_with(|| (row.clone(), None)).1 = Some(row.clone());
                }
                Write::Delete => drop(first.get_mut(&at.key).map(|(_, now)| now.take())),
            }
        }
        let Some(restore) = batch.events.iter().find(|event| is_of(event, "branch.restored")).map(|event| event.pos)
        else {
            return;
        };
        for (key, (row, now)) in first.iter() {
            if let Some(write) = self.turned(row, now.as_ref(), restore) {
                put(batch, Address::new(self.space, key.as_str()), write);
            }
        }
    }
}

/// Rows are read as they were written first.
pub(super) struct ServesFirst {
    prefix: &'static str,
    first: RefCell<BTreeMap<String, Row>>,
}

impl ServesFirst {
    pub(super) fn of(prefix: &'static str) -> Self {
        Self { prefix, first: RefCell::default() }
    }
}

impl Twist for ServesFirst {
    fn commit(&self, batch: &mut Batch) {
        for (at, write) in batch.writes.iter().filter(|(at, _)| at.key.starts_with(self.prefix)) {
            if let Write::Put(row) = write {
                self.first.borrow_mut().entry(at.key.clone()).or_insert_with(|| row.clone());
            }
        }
    }

    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        if at.space == "control" { self.first.borrow().get(&at.key).cloned().or(row) } else { row }
    }
}

/// A workspace, and rows of it as they were before its last commit.
type Before = (String, Vec<(Address, Option<Row>)>);

/// A crash leaves the events of the last commit without its rows.
#[derive(Default)]
pub(super) struct TearsAtCrash {
    last: RefCell<Option<Before>>,
}

#[async_trait(?Send)]
impl Twist for TearsAtCrash {
    fn looks_back(&self) -> bool {
        true
    }

    async fn committed(&self, _: &Disk, workspace: &str, before: &[(Address, Option<Row>)]) {
        self.last.replace(Some((workspace.to_owned(), before.to_vec())));
    }

    async fn reopened(&self, disk: &Disk) {
        let Some((workspace, before)) = self.last.take() else { return };
        let Ok(head) = disk.head(&workspace).await else { return };
        let (expected_pos, epoch, pos) = (head.pos, head.epoch, head.pos);
        let writes = before.into_iter().map(|(at, row)| (at, row.map_or(Write::Delete, Write::Put))).collect();
        let batch = Batch { expected_pos, epoch, pos, head: head.value, writes, ..Batch::default() };
        let _whatever_comes_of_it = disk.commit(&workspace, &batch).await;
    }
}

/// Records of commands are not found, and are written again.
pub(super) struct ForgetsRecords;

impl Twist for ForgetsRecords {
    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        row.filter(|_| at.space != "dedupe")
    }

    fn commit(&self, batch: &mut Batch) {
        for (_, write) in &mut batch.writes {
            if let Write::Insert(row) = write {
                *write = Write::Put(row.clone());
            }
        }
    }
}

/// Records of commands say another position.
pub(super) struct AltersRecords;

impl Twist for AltersRecords {
    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        let row = row?;
        if at.space != "control" || !at.key.starts_with("command/") {
            return Some(row);
        }
        Some(patched(&row, |record| {
            if let Some(pos) = record.get("pos").and_then(Value::as_u64) {
                record["pos"] = json!(pos + 1);
            }
        }))
    }
}

/// What was counted of a device is not found, so every count is a new one.
pub(super) struct CountsNothing;

impl Twist for CountsNothing {
    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        row.filter(|_| !at.key.starts_with("chain/") && !at.key.starts_with("command/"))
    }

    fn commit(&self, batch: &mut Batch) {
        ForgetsRecords.commit(batch);
    }
}

/// Leases are not found.
pub(super) struct ForgetsLeases;

impl Twist for ForgetsLeases {
    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        row.filter(|_| !at.key.starts_with("lease/"))
    }
}

/// That the workspace is on its way is not found.
pub(super) struct ForgetsMoves;

impl Twist for ForgetsMoves {
    fn read(&self, at: &Address, row: Option<Row>) -> Option<Row> {
        row.filter(|_| at.key != "move/")
    }
}

/// Damage comes with a hash that fits.
pub(super) struct HashesAnew;

impl Twist for HashesAnew {
    fn hides_damage(&self) -> bool {
        true
    }
}

/// One chunk of each snapshot is not written.
pub(super) struct LosesChunks;

impl Twist for LosesChunks {
    fn commit(&self, batch: &mut Batch) {
        let chunk = batch.writes.iter().position(|(at, write)| at.space == "chunks" && matches!(write, Write::Put(_)));
        if let Some(nth) = chunk {
            batch.writes.remove(nth);
        }
    }
}

/// Events come in the order of the clock.
pub(super) struct OrdersByClock;

impl Twist for OrdersByClock {
    fn events(&self, events: &mut Vec<StoredEvent>) {
        events.sort_by_key(|event| Header::decode(&event.body).map_or(0, |(header, _)| header.accepted_at));
    }
}

/// A command that is refused leaves something behind.
#[derive(Default)]
pub(super) struct WritesRefused {
    seen: RefCell<Option<(Address, Row)>>,
}

impl Twist for WritesRefused {
    fn commit(&self, batch: &mut Batch) {
        let of_data = |(at, _): &&(Address, Write)| at.space == "main@0" && at.key.starts_with("task/");
        if let Some((at, Write::Put(row))) = batch.writes.iter().find(of_data) {
            self.seen.borrow_mut().get_or_insert_with(|| (at.clone(), row.clone()));
        }
        let refused = batch.events.iter().find(|event| is_of(event, "command.rejected")).map(|event| event.pos);
        if let (Some(pos), Some((at, row))) = (refused, self.seen.borrow().clone()) {
            let left = patched(&row, |task| task["input_tokens"] = json!(77));
            put(batch, at, Write::Put(Row { since: pos, ..left }));
        }
    }
}

/// Whoever claims is given the token that the one before has.
pub(super) struct ClaimsNothing;

impl Twist for ClaimsNothing {
    fn claims_nothing(&self) -> bool {
        true
    }
}
