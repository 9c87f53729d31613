//! Stories of branches that go back: what is seen then, and what never goes back with them.

use crate::entity::{Agent, Branch, Earlier, Lease, Task, Usage, Workspace};
use crate::event::{BranchForked, BranchRestored, EventData, Header, event_hash};
use crate::hash::HashText;
use crate::key::{BranchId, Index, Key, Line, Space};
use crate::reject::Code;
use crate::replay::{Pins, Replay, note_restore};
use crate::seal::Subject;
use crate::storage::StoredEvent;
use crate::testing::{Story, begun};
use serde_json::json;

const MAIN: BranchId = BranchId::Main;

fn line(incarnation: u32) -> Line {
    Line { branch: MAIN, incarnation }
}

fn created(it: &mut Story, title: &str) -> Key {
    it.given("task.create", json!({"title": title}));
    Key::Task(it.made()[0])
}

fn knows(it: &mut Story, branch: BranchId, task: Key) -> bool {
    it.data::<Task>(branch, task).is_some()
}

fn tasks(it: &mut Story, at: Line) -> Vec<Key> {
    it.ask(|machine| Ok(machine.read(at).data_index(Index::Tasks, None, 100)?)).unwrap()
}

#[test]
fn going_back_begins_a_line_that_stands_on_what_was_there_and_cuts_nothing_off() {
    let mut it = begun();
    let before = created(&mut it, "before");
    let (pos, root) = (it.machine.pos(), it.root(Space::MAIN));
    let after = created(&mut it, "a mistake");
    let (end, left) = (it.machine.pos(), it.root(Space::MAIN));
    it.restored(pos).then(&["branch.restored"]);
    let [BranchRestored { base, incarnation, held, .. }] = &it.all()[..] else { panic!("{:?}", it.events()) };
    assert_eq!((base.parent, base.pos, base.root, *incarnation, *held), (line(0), pos, root, 1, false));
    assert!(knows(&mut it, MAIN, before) && !knows(&mut it, MAIN, after));
    assert!(it.data::<Workspace>(MAIN, Key::Workspace).is_some());
    assert_eq!(it.root(Space::MAIN), left, "the line that was left is as it was");
    assert_eq!(tasks(&mut it, line(0)), [before, after]);
    let main: Branch = it.control(Key::Branch(MAIN)).unwrap();
    assert_eq!(main.earlier.0, [Earlier { until: end, base: None }]);
    it.replays();
}

#[test]
fn work_goes_on_from_there_and_rows_are_changed_as_they_were_there() {
    let mut it = begun();
    let [task, first, _] = it.asked("first");
    it.settle("one");
    let pos = it.machine.pos();
    it.given("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "a mistake"}));
    it.settle("two");
    it.restored(pos);
    let row = it.data::<Task>(MAIN, Key::Task(task)).unwrap();
    assert_eq!((row.steps.0, *row.last_step), (1, Some(first)));
    it.given("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "second"}));
    it.settle("another two");
    assert_eq!(it.data::<Task>(MAIN, Key::Task(task)).unwrap().steps.0, 2);
    it.replays();
}

#[test]
fn a_line_may_stand_on_a_line_that_stands_on_another_and_all_of_them_can_be_read() {
    let mut it = begun();
    let one = created(&mut it, "one");
    let first = it.machine.pos();
    let two = created(&mut it, "two");
    it.restored(first);
    let three = created(&mut it, "three");
    let second = it.machine.pos();
    let four = created(&mut it, "four");
    it.restored(second);
    let five = created(&mut it, "five");
    assert_eq!(tasks(&mut it, line(2)), [one, three, five]);
    assert_eq!(tasks(&mut it, line(1)), [one, three, four]);
    assert_eq!(tasks(&mut it, line(0)), [one, two]);
    it.restored(first);
    assert_eq!(tasks(&mut it, line(3)), [one], "past two restores, to the first line");
    it.replays();
}

#[test]
fn an_index_is_read_page_by_page_through_all_lines() {
    let mut it = begun();
    let mut expected: Vec<Key> = (0..7).map(|nth| created(&mut it, &format!("{nth}"))).collect();
    let pos = it.machine.pos();
    for nth in 0..5 {
        created(&mut it, &format!("left {nth}"));
    }
    it.restored(pos);
    expected.extend((0..3).map(|nth| created(&mut it, &format!("new {nth}"))).collect::<Vec<_>>());
    let (mut seen, mut after): (Vec<Key>, Option<Key>) = (Vec::new(), None);
    loop {
        let page = it.ask(|machine| Ok(machine.read(line(1)).data_index(Index::Tasks, after.as_ref(), 2)?)).unwrap();
        seen.extend(&page);
        after = page.last().copied();
        if page.len() < 2 {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn undoing_it_is_another_restore() {
    let mut it = begun();
    let one = created(&mut it, "one");
    let pos = it.machine.pos();
    let two = created(&mut it, "two");
    let end = it.machine.pos();
    it.restored(pos);
    let between = created(&mut it, "between");
    it.restored(end);
    assert_eq!(tasks(&mut it, line(2)), [one, two]);
    assert!(!knows(&mut it, MAIN, between));
    let [BranchRestored { base, .. }] = &it.all()[..] else { panic!() };
    assert_eq!((base.parent, base.root), (line(0), it.root(Space::MAIN)));
    it.replays();
}

#[test]
fn what_a_fork_stands_on_stays_when_its_parent_goes_back() {
    let mut it = begun();
    let one = created(&mut it, "one");
    let pos = it.machine.pos();
    let two = created(&mut it, "two");
    it.given("branch.fork", json!({"name": "draft"}));
    let fork = BranchId::Forked(it.made()[0]);
    it.restored(pos);
    assert!(knows(&mut it, fork, one) && knows(&mut it, fork, two));
    it.given("branch.fork", json!({"name": "another"}));
    let [BranchForked { base, branch, .. }] = &it.all()[..] else { panic!("{:?}", it.events()) };
    let (base, another) = (base.clone(), BranchId::Forked(*branch));
    assert_eq!((base.parent, base.root), (line(1), it.root(Space::Data(line(1)))));
    let three = created(&mut it, "three");
    let seen = [one, two, three].map(|task| knows(&mut it, another, task));
    assert_eq!(seen, [true, false, false]);
    it.replays();
}

#[test]
fn a_fork_goes_back_too_but_not_to_before_it_began() {
    let mut it = begun();
    let on_main = created(&mut it, "on main");
    it.given("branch.fork", json!({"name": "draft"}));
    let fork = BranchId::Forked(it.made()[0]);
    let began = it.machine.pos();
    it.when_on(fork, "task.create", json!({"title": "on the fork"}));
    let there = Key::Task(it.made()[0]);
    it.when_on(fork, "branch.restore", json!({"pos": began})).then(&["branch.restored"]);
    assert!(knows(&mut it, fork, on_main) && !knows(&mut it, fork, there));
    it.when_on(fork, "branch.restore", json!({"pos": 3})).rejected(Code::BeforeTheBranch);
    assert!(knows(&mut it, MAIN, on_main));
    it.replays();
}

#[test]
fn a_position_is_a_whole_one_that_the_branch_has() {
    let mut it = begun();
    let whole = it.machine.pos();
    it.asked("a question");
    let end = it.machine.pos();
    it.when("branch.restore", json!({"pos": whole + 1})).rejected(Code::InsideACommand);
    let detail = it.said_in_rejection();
    assert!(detail.contains(&format!("behind {whole} up to {end}")), "{detail}");
    it.when("branch.restore", json!({"pos": it.machine.pos() + 1})).rejected(Code::PositionAhead);
    it.when("branch.restore", json!({"pos": 0})).rejected(Code::BeforeTheBranch);
    it.when("branch.restore", json!({"pos": it.machine.pos()})).rejected(Code::NothingToRestore);
    it.when("branch.restore", json!({"pos": end})).rejected(Code::NothingToRestore);
    it.when("branch.restore", json!({"pos": 1u64 << 60})).rejected(Code::AmountOutOfRange);
}

#[test]
fn control_never_goes_back() {
    let mut it = begun();
    let [task, ..] = it.asked("a question");
    let pos = it.machine.pos();
    let (effect, fence) = it.leases();
    it.report(effect, fence, "an answer");
    let paid: Usage = it.control(Key::Usage(it.provider())).unwrap();
    it.given("key.destroy", json!({"subject": Subject::Task(task)}));
    it.given("egress.allow", json!({"hosts": ["example.org"]}));
    it.when_under(7, "task.create", json!({"title": "once"}));
    let once = it.reply();
    it.when_under(8, "branch.restore", json!({"pos": pos})).then(&["branch.restored", "work.held"]);
    assert_eq!(it.control::<Usage>(Key::Usage(it.provider())).unwrap(), paid);
    assert!(*it.control::<crate::entity::DataKey>(Key::Subject(Subject::Task(task))).unwrap().destroyed);
    assert!(it.control::<crate::entity::Egress>(Key::Egress).is_some());
    assert_eq!(*it.control::<Lease>(Key::Lease(effect)).unwrap().fence, fence);
    it.when_under(7, "task.create", json!({"title": "once"}));
    assert_eq!((it.reply().command, it.reply().known, it.events().len()), (once.command, true, 0));
    it.when_under(9, "work.decide", json!({"item": effect, "choice": "give_up"}));
    it.when_under(10, "work.release", json!({})).then(&["work.released"]);
    it.replays();
}

#[test]
fn names_stand_for_what_they_stood_for() {
    let mut it = begun();
    let (first, pos) = (it.agent(), it.machine.pos());
    let provider = it.provider();
    it.given("agent.define", json!({"name": "helper", "provider": provider, "instructions": "Be wordy."}));
    let second = it.made()[0];
    it.restored(pos);
    assert!(it.data::<Agent>(MAIN, Key::Agent(first)).is_some());
    assert!(it.data::<Agent>(MAIN, Key::Agent(second)).is_none());
    it.when("task.ask", json!({"agent": second, "prompt": "x"})).rejected(Code::NotFound);
}

#[test]
fn what_is_decided_in_one_commit_with_a_restore_sees_it() {
    let mut it = begun();
    let pos = it.machine.pos();
    let gone = created(&mut it, "gone");
    it.sends_together(&[("branch.restore", json!({"pos": pos})), ("task.create", json!({"title": "new"}))]);
    let new = Key::Task(it.made()[0]);
    assert!(knows(&mut it, MAIN, new) && !knows(&mut it, MAIN, gone));
    it.replays();
}

#[test]
fn a_restore_that_names_another_root_does_not_replay() {
    let mut it = begun();
    let pos = it.machine.pos();
    created(&mut it, "a mistake");
    it.restored(pos);
    let mut pins = Pins::new();
    it.stored.events.iter().for_each(|event| note_restore(event, &mut pins));
    let why = |it: &Story, pins: Pins, alter: &dyn Fn(&mut BranchRestored)| {
        let mut replay = Replay::with_restores(it.machine.id(), pins);
        let (last, before) = it.stored.events.split_last().unwrap();
        before.iter().for_each(|event| replay.event(event).unwrap());
        let (header, data) = Header::decode(&last.body).unwrap();
        let EventData::BranchRestored(mut restored) = data else { panic!("{data:?}") };
        alter(&mut restored);
        let body = header.encode(&restored.into()).unwrap();
        replay.event(&StoredEvent { hash: event_hash(&body), body, ..last.clone() }).err().unwrap_or_default()
    };
    assert_eq!(why(&it, pins.clone(), &|_| {}), "");
    let other = why(&it, pins.clone(), &|restored| restored.base.root = HashText([7; 32]));
    assert!(other.contains("had another root"), "{other}");
    let elsewhere = why(&it, pins, &|restored| restored.base.pos -= 1);
    assert!(elsewhere.contains("was not announced"), "{elsewhere}");
}
