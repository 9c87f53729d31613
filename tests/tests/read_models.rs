//! Read models are what the log says, however they came about, and whatever becomes of where they are kept.
#![cfg(test)]

use kernelos_tests::history::{Author, Op, World, config, ops};
use kernelos_tests::shelf::Shelf;
use ports::Store as _;
use ports::read_models::{ItemKind, Model, ModelsError, ModelsState};
use ports::views::Query;
use projector::Pace;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::rc::Rc;
use testkit::block_on;

const PACE: Pace = Pace { events: 50, bytes: 4_000 };

fn world() -> (World, Author) {
    let (author, jobs) = Author::begin(0);
    let mut world = block_on(World::new());
    block_on(world.play(&jobs, &[]));
    (world, author)
}

fn shelf(world: &World) -> Shelf {
    Shelf::new(Rc::new(world.store.clone()), world.workspace, world.key, PACE)
}

fn again(shelf: Shelf, world: &World) -> Shelf {
    shelf.again(Rc::new(world.store.clone()), world.workspace, world.key, PACE)
}

fn send(world: &mut World, author: &mut Author, name: &str, data: &Value) -> Vec<kernel::id::Id> {
    let job = author.write(0, kernel::key::BranchId::Main, name, data);
    let reply = block_on(world.send(&job)).unwrap();
    assert_eq!(reply.rejected, None, "{name} {data}");
    reply.made
}

fn read(world: &mut World, query: &Query) -> Value {
    block_on(world.sequencer.read(query)).unwrap().unwrap()
}

/// The tasks as rows have them, and as the projection has them.
fn tasks(world: &mut World, shelf: &mut Shelf) -> [Vec<Value>; 2] {
    let rows = read(world, &Query::Tasks(0, 1_000))["tasks"].as_array().unwrap().clone();
    let entries = block_on(shelf.entries(Model::Tasks, None));
    let names = ["id", "title", "kind", "status", "input_tokens", "output_tokens", "cost_micros"];
    let some = |of: &[Value]| {
        let mut some: Vec<Value> =
            of.iter().map(|it| names.iter().map(|name| it.get(name).cloned()).collect()).collect();
        some.sort_by_key(ToString::to_string);
        some
    };
    [some(&rows), some(&entries)]
}

/// What was used of each provider, as control has it, and as the projection has it.
fn usage(world: &mut World, shelf: &mut Shelf) -> [Vec<(String, [u64; 4])>; 2] {
    let numbers =
        |it: &Value| ["calls", "input_tokens", "output_tokens", "cost_micros"].map(|name| it[name].as_u64().unwrap());
    let mut rows: Vec<(String, [u64; 4])> = read(world, &Query::Usage)["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["provider"].as_str().unwrap().to_owned(), numbers(it)))
        .filter(|(_, numbers)| numbers[0] > 0)
        .collect();
    rows.sort();
    let mut sums = std::collections::BTreeMap::<String, [u64; 4]>::new();
    for entry in block_on(shelf.entries(Model::Usage, None)) {
        let sum = sums.entry(entry["provider"].as_str().unwrap().to_owned()).or_default();
        sum.iter_mut().zip(numbers(&entry)).for_each(|(sum, more)| *sum += more);
    }
    [rows, sums.into_iter().collect()]
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn models_that_followed_a_history_are_those_that_are_made_at_its_end(
        history in ops(1..80),
        stops in 1..12_usize,
        restarts: bool,
        packs: bool,
    ) {
        let (mut world, mut author) = world();
        let mut followed = shelf(&world);
        let jobs: Vec<_> = history.iter().map(|op: &Op| author.job(op)).collect();
        for (nth, some) in jobs.chunks(1 + jobs.len() / stops).enumerate() {
            block_on(world.play(some, &[]));
            if nth % 3 == 2 && restarts {
                followed = again(followed, &world);
            }
            // Events that the projector has not read yet leave the log.
            if packs && nth % 2 == 1 {
                block_on(world.sequencer.compact(1_000_000)).unwrap();
            }
            // Not always to the end: the next commands may come while it is at work.
            for _ in 0..=nth {
                block_on(followed.advance()).unwrap();
            }
        }
        block_on(followed.catch_up());
        let mut made = shelf(&world);
        block_on(made.catch_up());
        let stand = block_on(followed.stand());
        prop_assert_eq!((stand.state, stand.lag, stand.as_of), (ModelsState::Current, 0, world.sequencer.pos()));
        prop_assert_eq!(block_on(followed.dump()), block_on(made.dump()));
        let [rows, entries] = tasks(&mut world, &mut followed);
        prop_assert_eq!(rows, entries);
        let [rows, entries] = usage(&mut world, &mut followed);
        prop_assert_eq!(rows, entries);
    }
}

fn story() -> (World, Author, Shelf) {
    let (mut world, mut author) = world();
    for title in ["The invoice of last month", "An invoice was charged twice", "Crème brûlée for the party"] {
        send(&mut world, &mut author, "task.create", &json!({ "title": title }));
    }
    let mut shelf = shelf(&world);
    block_on(shelf.catch_up());
    (world, author, shelf)
}

fn titles(shelf: &mut Shelf, query: &str) -> Vec<String> {
    let found = block_on(shelf.search(query, &[], 20));
    found.hits.into_iter().map(|hit| hit.title.unwrap_or_default()).collect()
}

#[test]
fn words_phrases_and_beginnings_are_found_and_what_fits_best_comes_first() {
    let (_, _, mut shelf) = story();
    assert_eq!(titles(&mut shelf, "creme"), ["Crème brûlée for the party"]);
    assert_eq!(titles(&mut shelf, "\"last month\""), ["The invoice of last month"]);
    assert_eq!(titles(&mut shelf, "\"month last\""), Vec::<String>::new());
    assert_eq!(titles(&mut shelf, "invo* twi*"), ["An invoice was charged twice"]);
    assert_eq!(titles(&mut shelf, "invoi*").len(), 2, "a beginning that is longer than what is indexed of it");
    assert_eq!(titles(&mut shelf, "invok*"), Vec::<String>::new());
    assert_eq!(titles(&mut shelf, "invoice -twice"), ["The invoice of last month"]);
    assert_eq!(titles(&mut shelf, "invoice kind:document"), Vec::<String>::new());
    let hit = block_on(shelf.search("charged", &[ItemKind::Task], 20)).hits.remove(0);
    let marked: Vec<&str> = hit.snippet.iter().filter(|it| it.found).map(|it| it.text.as_str()).collect();
    assert_eq!((hit.kind, marked), (ItemKind::Task, vec!["charged"]));
}

#[test]
fn hits_come_in_pages() {
    let (_, _, mut shelf) = story();
    let first = block_on(shelf.search("invoice", &[], 1));
    assert_eq!((first.hits.len(), first.next), (1, Some(1)));
    let all = block_on(shelf.search("invoice", &[], 2));
    assert_eq!((all.hits.len(), all.next, &all.hits[0]), (2, None, &first.hits[0]));
}

#[test]
fn nothing_that_was_said_stands_in_the_file() {
    let (_, _, shelf) = story();
    block_on(shelf.rows("PRAGMA wal_checkpoint(TRUNCATE)"));
    let file = String::from_utf8_lossy(&std::fs::read(shelf.path()).unwrap()).to_lowercase();
    for word in ["invoice", "charged", "party", "month"] {
        assert!(!file.contains(word), "{word}");
    }
}

#[test]
fn what_a_destroyed_key_took_with_it_is_not_found_and_has_left_the_file() {
    let (mut world, mut author, mut shelf) = story();
    let task = block_on(shelf.search("twice", &[], 1)).hits.remove(0).id;
    let tokens = block_on(shelf.rows(
        "SELECT words FROM read_words JOIN read_items ON id=read_words.rowid WHERE key=(SELECT key FROM read_items \
         ORDER BY id LIMIT 1 OFFSET 1)",
    ));
    let ports::SqlValue::Text(words) = &tokens[0][0] else { panic!("{tokens:?}") };
    let own: Vec<&str> = words.split(' ').skip(3).collect();
    send(&mut world, &mut author, "key.destroy", &json!({ "subject": format!("task/{task}") }));
    // Before the models know of it: what cannot be read any more is not shown.
    assert_eq!(titles(&mut shelf, "twice"), Vec::<String>::new());
    block_on(shelf.catch_up());
    assert_eq!(titles(&mut shelf, "twice"), Vec::<String>::new());
    assert_eq!(titles(&mut shelf, "invoice").len(), 1);
    let bytes = std::fs::read(shelf.path()).unwrap();
    let log = std::fs::read(shelf.path().with_extension("db-wal")).unwrap_or_default();
    for token in own {
        let stands = |in_it: &[u8]| in_it.windows(token.len()).any(|some| some == token.as_bytes());
        assert!(!stands(&bytes) && !stands(&log), "{token}");
    }
}

#[test]
fn after_a_restore_what_was_left_is_not_found() {
    let (mut world, mut author, mut shelf) = story();
    let at = world.sequencer.pos();
    send(&mut world, &mut author, "task.create", &json!({ "title": "a mistake" }));
    block_on(shelf.catch_up());
    assert_eq!(titles(&mut shelf, "mistake"), ["a mistake"]);
    send(&mut world, &mut author, "branch.restore", &json!({ "pos": at }));
    send(&mut world, &mut author, "task.create", &json!({ "title": "done better" }));
    block_on(shelf.catch_up());
    assert_eq!(titles(&mut shelf, "mistake"), Vec::<String>::new());
    assert_eq!(titles(&mut shelf, "better"), ["done better"]);
    assert_eq!(titles(&mut shelf, "invoice").len(), 2);
    assert_eq!(block_on(shelf.stand()).lag, 0);
}

#[test]
fn the_models_that_are_there_answer_while_others_are_made() {
    let (mut world, mut author, mut shelf) = story();
    for nth in 0..200 {
        send(&mut world, &mut author, "task.create", &json!({ "title": format!("more of it {nth}") }));
    }
    block_on(shelf.catch_up());
    let view = block_on(shelf.projector.answer(&ports::read_models::ModelsAsked::Rebuild)).unwrap();
    assert_eq!(view["state"], "rebuilding");
    let mut slices = 0;
    while block_on(shelf.advance()).unwrap() {
        slices += 1;
        assert_eq!(titles(&mut shelf, "twice").len(), 1);
        if slices == 3 {
            send(&mut world, &mut author, "task.create", &json!({ "title": "meanwhile" }));
        }
        if slices == 5 {
            assert_eq!(titles(&mut shelf, "meanwhile").len(), 1, "what answers follows the log as before");
        }
    }
    assert!(slices > 5, "{slices}");
    assert_eq!(titles(&mut shelf, "meanwhile").len(), 1);
    assert_eq!(block_on(shelf.rows("SELECT count(*) FROM read_editions")), vec![vec![ports::SqlValue::Integer(1)]]);
}

#[test]
fn a_file_that_is_deleted_while_it_is_used_is_made_again() {
    let (mut world, mut author, mut shelf) = story();
    std::fs::remove_file(shelf.path()).unwrap();
    send(&mut world, &mut author, "task.create", &json!({ "title": "after it" }));
    block_on(shelf.catch_up());
    assert_eq!(titles(&mut shelf, "invoice").len(), 2);
    assert_eq!(titles(&mut shelf, "\"after it\"").len(), 1);
    assert_eq!(block_on(shelf.stand()).lag, 0);
}

#[test]
fn a_file_that_is_damaged_is_named_and_made_again() {
    let (world, _, mut shelf) = story();
    block_on(shelf.rows("PRAGMA wal_checkpoint(TRUNCATE)"));
    let mut bytes = std::fs::read(shelf.path()).unwrap();
    bytes.iter_mut().skip(100).for_each(|byte| *byte ^= 0x55);
    std::fs::write(shelf.path(), bytes).unwrap();
    shelf = again(shelf, &world);
    let error = block_on(shelf.advance()).unwrap_err();
    assert!(matches!(error, ModelsError::Damaged(_)), "{error}");
    assert_eq!(block_on(shelf.stand()).state, ModelsState::Stopped);
    block_on(shelf.catch_up());
    let stand = block_on(shelf.stand());
    assert_eq!((stand.state, stand.lag), (ModelsState::Current, 0));
    assert!(stand.renewed.unwrap().contains("damaged"));
    assert_eq!(titles(&mut shelf, "invoice").len(), 2);
}

#[test]
fn a_disk_that_is_full_stops_the_models_says_so_and_nothing_else() {
    let (mut world, mut author, mut shelf) = story();
    // As full as SQLite knows it: no page more than there are.
    block_on(shelf.rows("PRAGMA max_page_count=1"));
    let mut error = None;
    for nth in 0..400 {
        send(
            &mut world,
            &mut author,
            "task.create",
            &json!({ "title": format!("word{nth} and many more to be kept") }),
        );
        error = error.or(block_on(shelf.advance()).err());
    }
    assert!(matches!(error, Some(ModelsError::Unavailable(_))), "{error:?}");
    let stand = block_on(shelf.stand());
    assert_eq!(stand.state, ModelsState::Stopped);
    assert!(stand.lag > 0 && stand.fault.unwrap().contains("full"));
    assert_eq!(titles(&mut shelf, "twice").len(), 1, "what was known answers");
    block_on(shelf.rows("PRAGMA max_page_count=1000000"));
    block_on(shelf.catch_up());
    assert_eq!(block_on(shelf.stand()).state, ModelsState::Current);
}

#[test]
fn models_of_another_log_under_the_same_id_are_made_anew() {
    let (world, _, shelf) = story();
    let (mut other, mut author) = self::world();
    send(&mut other, &mut author, "task.create", &json!({ "title": "another story" }));
    assert!(block_on(other.store.head(&world.workspace.to_string())).unwrap().pos > 0);
    let mut shelf = again(shelf, &other);
    block_on(shelf.catch_up());
    assert_eq!(titles(&mut shelf, "invoice"), Vec::<String>::new());
    assert_eq!(titles(&mut shelf, "story"), ["another story"]);
}

#[test]
fn a_task_can_be_listed_by_where_it_stands_and_its_events_by_the_task() {
    let (_, _, mut shelf) = story();
    assert_eq!(block_on(shelf.entries(Model::Tasks, Some("open"))).len(), 3);
    assert_eq!(block_on(shelf.entries(Model::Tasks, Some("done"))), Vec::<Value>::new());
    let first = block_on(shelf.entries(Model::Tasks, None)).pop().unwrap();
    assert_eq!(first["title"], "The invoice of last month");
    let told = block_on(shelf.entries(Model::Timeline, first["id"].as_str()));
    assert_eq!(told.iter().map(|it| it["event"].as_str().unwrap()).collect::<Vec<_>>(), ["task.created"]);
}

/// As on a host where all workspaces share one database, and nobody is there between requests.
#[test]
fn projectors_that_share_a_database_and_meet_in_it_make_the_same_models() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.db");
    let (mut world, mut author) = world();
    let projector = |world: &World| {
        let sql = block_on(kernelos_tests::statements::Statements::open(&path)).unwrap();
        let models = Rc::new(read_models_sql::SqlModels::new(Rc::new(sql)));
        projector::Projector::new(Rc::new(world.store.clone()), models, world.workspace, world.key, PACE)
    };
    let (mut one, mut other) = (projector(&world), projector(&world));
    for nth in 0..120 {
        send(&mut world, &mut author, "task.create", &json!({ "title": format!("shared {nth}") }));
        // Each finds the other further than it was, or not there any more, again and again.
        drop((block_on(one.advance()), block_on(other.advance())));
    }
    for projector in [&mut one, &mut other] {
        while block_on(projector.advance()).unwrap() {}
    }
    let mut shelf = shelf(&world);
    block_on(shelf.catch_up());
    let wanted = block_on(shelf.entries(Model::Tasks, Some("open")));
    assert_eq!(wanted.len(), 120);
    for projector in [&mut one, &mut other] {
        let asked = ports::read_models::ModelsAsked::Entries {
            model: Model::Tasks,
            of: Some("open".to_owned()),
            before: None,
            limit: 100,
        };
        let view = block_on(projector.answer(&asked)).unwrap();
        assert_eq!((&view["lag"], &view["entries"][99]), (&json!(0), &wanted[99]));
    }
}
