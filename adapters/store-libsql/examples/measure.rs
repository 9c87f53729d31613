//! How fast commits are, beside raw prepared inserts into the same tables.
//!
//! `cargo run --release -p kernelos-store-libsql --example measure [directory] [batches]`. A batch is 32 commands, each of
//! two events of 500 bytes and three rows of 300. Both sides write the same bytes in turns, so that a busy machine is
//! busy for both. On a directory in memory what is left is the processor's part.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::storage::{Address, Batch, StoredEvent, Write};
use kernelos_store_libsql::LibsqlStore;
use libsql::params::Params;
use libsql::{Connection, Statement, Value};
use ports::Store;
use testkit::block_on;
use testkit::store::{Hand, event, insert, put};

type Outcome<T> = Result<T, Box<dyn Error>>;

const COMMANDS: u64 = 32;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(std::env::temp_dir, Into::into).join("kernelos-measure");
    let batches = args.next().map_or(Ok(300), |text| text.parse())?;
    std::fs::create_dir_all(&dir)?;
    let done = measure(&dir, batches);
    std::fs::remove_dir_all(&dir)?;
    done
}

/// The two take turns in blocks, each with files of its own: open together they would fight over one page cache.
fn measure(dir: &Path, batches: u64) -> Outcome<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for block in 0..3 {
        let dir = dir.join(format!("{block}"));
        store_block(&dir.join("store"), batches, &mut ours)?;
        raw_block(&dir.join("raw"), batches, &mut theirs)?;
    }
    say("store", &mut ours);
    say("raw inserts", &mut theirs);
    Ok(())
}

fn store_block(dir: &Path, batches: u64, times: &mut Vec<Duration>) -> Outcome<()> {
    let store = LibsqlStore::open(dir)?;
    let mut hand = block_on(Hand::create(&store, "w1"))?;
    for round in 0..batches {
        let batch = batch(&hand, round);
        times.push(timed(|| Ok(block_on(hand.commit(&store, &batch))?))?);
    }
    reads(&store, &batch(&Hand { pos: 0, ..hand }, 0))
}

fn raw_block(dir: &Path, batches: u64, times: &mut Vec<Duration>) -> Outcome<()> {
    let raw = Raw::open(dir)?;
    let mut hand = Hand { workspace: "w1".into(), epoch: 1, pos: 0 };
    for round in 0..batches {
        let batch = batch(&hand, round);
        times.push(timed(|| Ok(block_on(raw.write(&batch))?))?);
        hand.pos = batch.pos;
    }
    Ok(())
}

/// What reading back costs: rows one by one, and events in pages.
fn reads(store: &LibsqlStore, batch: &Batch) -> Outcome<()> {
    let addresses: Vec<Address> = batch.writes.iter().map(|(at, _)| at.clone()).collect();
    let one_by_one = timed(|| {
        for _ in 0..100 {
            block_on(store.rows("w1", &addresses))?;
        }
        Ok(())
    })?;
    let pages = timed(|| {
        for page in 0..10 {
            block_on(store.events("w1", page * 256, 256))?;
        }
        Ok(())
    })?;
    let rows = 100 * u32::try_from(addresses.len())?;
    println!("read: {:?} a row, {:?} an event", one_by_one / rows, pages / 2560);
    Ok(())
}

fn batch(hand: &Hand, round: u64) -> Batch {
    let first = hand.pos + 1;
    let events = (first..first + 2 * COMMANDS).map(|pos| event(pos, vec![b'x'; 500], ""));
    let writes = (round * COMMANDS..(round + 1) * COMMANDS).flat_map(|command| {
        let value = || vec![b'y'; 300];
        [
            insert("control", &format!("dedupe/{command:012}"), value()),
            put("main.0", &format!("task/{:016x}", command.wrapping_mul(0x9e37_79b9_7f4a_7c15)), value()),
            put("main.0", &format!("zone/{:04}", command % 1000), value()),
        ]
    });
    Batch { events: events.collect(), ..hand.batch(2 * COMMANDS, writes.collect()) }
}

/// The same tables, written without a head, sums, an anchor or a conflict.
struct Raw {
    _connection: Connection,
    begin: Statement,
    commit: Statement,
    event: Statement,
    row: Statement,
}

impl Raw {
    fn open(dir: &Path) -> Outcome<Self> {
        let store = LibsqlStore::open(dir)?;
        block_on(store.create("w1"))?;
        drop(store);
        let connection = block_on(libsql::Builder::new_local(dir.join("w1.db")).build())?.connect()?;
        block_on(
            connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000"),
        )?;
        let prepare = |sql| block_on(connection.prepare(sql));
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            event: prepare("INSERT INTO events VALUES('w1', ?1, ?2, ?3, ?4, ?5, ?6, 0)")?,
            row: prepare("REPLACE INTO rows VALUES('w1', ?1, ?2, ?3, ?4, ?5, 0)")?,
            _connection: connection,
        })
    }

    async fn write(&self, batch: &Batch) -> libsql::Result<()> {
        self.begin.execute(()).await?;
        self.begin.reset();
        for event in &batch.events {
            self.event.execute(Params::Positional(event_values(event))).await?;
            self.event.reset();
        }
        for (at, write) in &batch.writes {
            self.row.execute(Params::Positional(row_values(at, write))).await?;
            self.row.reset();
        }
        self.commit.execute(()).await?;
        self.commit.reset();
        Ok(())
    }
}

fn event_values(event: &StoredEvent) -> Vec<Value> {
    vec![
        Value::Integer(event.pos.cast_signed()),
        Value::Text(event.stream.clone()),
        Value::Integer(event.seq.cast_signed()),
        Value::Blob(event.body.clone()),
        Value::Blob(event.hash.to_vec()),
        Value::Blob(event.sealed.clone()),
    ]
}

fn row_values(at: &Address, write: &Write) -> Vec<Value> {
    let (value, hash, since) = match write {
        Write::Put(row) | Write::Insert(row) => (row.value.clone(), row.hash.to_vec(), row.since),
        Write::Delete => (Vec::new(), Vec::new(), 0),
    };
    let since = Value::Integer(since.cast_signed());
    vec![Value::Text(at.space.clone()), Value::Text(at.key.clone()), Value::Blob(value), Value::Blob(hash), since]
}

fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

fn say(who: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let commands = times.len() as f64 * COMMANDS as f64;
    let rate = commands / times.iter().sum::<Duration>().as_secs_f64();
    println!("{who:12} {rate:8.0} commands/s; a batch: p50 {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99));
}
