//! A workspace goes to another host and goes on there, whatever is killed or lost meanwhile, and never on both.
//!
//! `KERNELOS_MOVE_SEEDS` says how many journeys of chance are made.

#![cfg(test)]

#[path = "../support/dice.rs"]
mod dice;
mod faults;
mod host;

use dice::{Dice, from_environment};
use faults::{Behind, Fault, KILLED, Network};
use host::{Host, LEASE_MS, Machine};
use kernel::event::Header;
use kernelos::moving::{Arrived, Mover};
use kernelos::outcome::Problem;
use ports::{Clock as _, Timer as _};
use serde_json::json;
use std::rc::Rc;
use testkit::block_on;

/// Hosts that share a time; on the first there is a workspace.
async fn hosts() -> (Rc<Machine>, Vec<Rc<Host>>) {
    let machine = Rc::new(Machine::default());
    machine.sleep(1_000_000).await;
    let hosts: Vec<Rc<Host>> = (1..=3).map(|nth| Rc::new(Host::new(nth, &machine))).collect();
    hosts[0].begins().await;
    (machine, hosts)
}

async fn go(from: &Host, to: &Host, network: &Network, undo: bool) -> Result<Arrived, Problem> {
    let (here, there) = (Behind { network, host: from }, Behind { network, host: to });
    let (machine, tell) = (&*from.machine, &|_: &str| {});
    let mover = Mover { here: &here, there: &there, to: &to.name, machine, tell };
    if undo { mover.undo().await } else { mover.go().await }
}

async fn moves(from: &Host, to: &Host) -> Result<Arrived, Problem> {
    go(from, to, &Network::default(), false).await
}

/// How many of the hosts give work away. Nobody does while a lease is held that another one gave.
async fn givers(hosts: &[Rc<Host>]) -> Vec<String> {
    let mut givers = Vec::new();
    for host in hosts {
        let now = host.machine.now_ms();
        let held = |other: &&Rc<Host>| other.granted.get().is_some_and(|(_, _, until)| until > now);
        let held: Vec<&str> = hosts.iter().filter(held).map(|other| other.name.as_str()).collect();
        if host.grants().await {
            assert!(held.iter().all(|other| *other == host.name), "{} gives away what {held:?} hold", host.name);
            givers.push(host.name.clone());
        }
    }
    assert!(givers.len() <= 1, "{givers:?} all give work away");
    givers
}

/// It goes on at `host` and nowhere else, and everything that waited waits there.
async fn goes_on_at(host: &Host, hosts: &[Rc<Host>]) {
    host.machine.sleep(LEASE_MS).await;
    assert_eq!(givers(hosts).await, std::slice::from_ref(&host.name));
    assert!(host.next_due().await.is_some(), "the timer waits there");
    for host in hosts {
        host.is_sound().await;
    }
}

/// Every question that a move without faults asks, and what may go wrong with it.
async fn everywhere() -> Vec<(usize, Fault)> {
    let (_, hosts) = hosts().await;
    let network = Network::default();
    go(&hosts[0], &hosts[1], &network, false).await.unwrap();
    let faults = [Fault::KilledBefore, Fault::KilledAfter, Fault::RequestLost, Fault::ReplyLost];
    (0..network.asked()).flat_map(|nth| faults.map(|fault| (nth, fault))).collect()
}

#[test]
fn a_workspace_goes_to_another_host_and_what_waits_waits_there() {
    block_on(async {
        let (_, hosts) = hosts().await;
        let (before, waits) = (hosts[0].stands().await.unwrap(), hosts[0].waits().await);
        let due = hosts[0].next_due().await;
        let arrived = moves(&hosts[0], &hosts[1]).await.unwrap();
        let after = hosts[1].stands().await.unwrap();
        assert_eq!(arrived.pos, before.pos + 1);
        for (space, root) in before.roots.iter().filter(|(space, _)| space.to_string() != "control") {
            assert_eq!(after.roots[space], *root);
        }
        assert_eq!((hosts[1].waits().await, hosts[1].next_due().await), (waits, due));
        assert_eq!((after.moving, after.origin.map(|it| (it.incarnation, it.held))), (None, Some((1, false))));
        let tombstone = hosts[0].stands().await.unwrap().moving.unwrap();
        assert_eq!(tombstone.to, hosts[1].name);
        let (left, _) = Header::decode(tombstone.left.unwrap().as_bytes()).unwrap();
        assert_eq!((left.name.as_ref(), left.pos), ("workspace.left", before.pos + 2));
        goes_on_at(&hosts[1], &hosts).await;
        assert_eq!(moves(&hosts[0], &hosts[1]).await.unwrap(), arrived, "asked again it is there already");
    });
}

#[test]
fn killed_or_cut_off_at_any_question_it_goes_on_when_it_is_asked_for_again() {
    block_on(async {
        for fault in everywhere().await {
            let (_, hosts) = hosts().await;
            let network = Network::with(&[fault]);
            let first = go(&hosts[0], &hosts[1], &network, false).await;
            assert!(givers(&hosts).await.len() <= 1, "{fault:?}");
            if matches!(fault.1, Fault::KilledBefore | Fault::KilledAfter) {
                assert_eq!(first.unwrap_err().code, KILLED, "{fault:?}");
                hosts[0].machine.sleep(LEASE_MS).await;
                moves(&hosts[0], &hosts[1]).await.unwrap_or_else(|why| panic!("{fault:?}: {why:?}"));
            } else {
                first.unwrap_or_else(|why| panic!("{fault:?}: {why:?}"));
            }
            goes_on_at(&hosts[1], &hosts).await;
        }
    });
}

#[test]
fn killed_anywhere_before_it_is_confirmed_it_is_undone_and_after_that_it_is_not() {
    block_on(async {
        let (mut undone, mut confirmed) = (0, 0);
        for fault in everywhere().await.into_iter().filter(|(_, fault)| *fault == Fault::KilledAfter) {
            let (_, hosts) = hosts().await;
            let _ = go(&hosts[0], &hosts[1], &Network::with(&[fault]), false).await;
            let left = hosts[0].stands().await.unwrap().moving.is_some_and(|moving| moving.left.is_some());
            match go(&hosts[0], &hosts[1], &Network::default(), true).await {
                Err(problem) => {
                    assert_eq!((problem.code.as_str(), left), ("workspace_moved", true), "{fault:?}");
                    moves(&hosts[0], &hosts[1]).await.unwrap();
                    goes_on_at(&hosts[1], &hosts).await;
                    confirmed += 1;
                }
                Ok(_) => {
                    assert!(!left && hosts[1].stands().await.is_none(), "{fault:?}");
                    goes_on_at(&hosts[0], &hosts).await;
                    moves(&hosts[0], &hosts[1]).await.unwrap();
                    goes_on_at(&hosts[1], &hosts).await;
                    undone += 1;
                }
            }
        }
        assert!(undone > 8 && confirmed > 2, "{undone} and {confirmed}");
    });
}

/// All of it came, and nobody confirmed.
async fn transferred() -> (Rc<Machine>, Vec<Rc<Host>>) {
    let network = Network::default();
    let (_, whole) = hosts().await;
    go(&whole[0], &whole[1], &network, false).await.unwrap();
    let leave = network.log.borrow().iter().position(|what| what == "workspace.leave").unwrap();
    let (machine, hosts) = hosts().await;
    let _ = go(&hosts[0], &hosts[1], &Network::with(&[(leave, Fault::KilledBefore)]), false).await;
    (machine, hosts)
}

#[test]
fn undoing_may_be_cut_off_anywhere_too() {
    block_on(async {
        let (_, hosts) = transferred().await;
        let network = Network::default();
        go(&hosts[0], &hosts[1], &network, true).await.unwrap();
        for nth in 0..network.asked() {
            for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::RequestLost, Fault::ReplyLost] {
                let (_, hosts) = transferred().await;
                assert!(hosts[1].stands().await.unwrap().origin.unwrap().held);
                let first = go(&hosts[0], &hosts[1], &Network::with(&[(nth, fault)]), true).await;
                assert_eq!(first.is_ok(), matches!(fault, Fault::RequestLost | Fault::ReplyLost), "{nth} {fault:?}");
                go(&hosts[0], &hosts[1], &Network::default(), true).await.unwrap();
                assert!(hosts[1].stands().await.is_none());
                goes_on_at(&hosts[0], &hosts).await;
            }
        }
    });
}

#[test]
fn what_came_is_adopted_by_nobody_without_the_proof() {
    block_on(async {
        let (machine, hosts) = transferred().await;
        machine.sleep(LEASE_MS).await;
        let refused = hosts[1].send("workspace.adopt", &json!({})).await.unwrap_err();
        assert!(format!("{refused:?}").contains("NotLeft"), "{refused:?}");
        assert_eq!(givers(&hosts).await, Vec::<String>::new());
        moves(&hosts[0], &hosts[1]).await.unwrap();
        goes_on_at(&hosts[1], &hosts).await;
    });
}

#[test]
fn it_goes_round_and_comes_home_to_the_host_it_left() {
    block_on(async {
        let (_, hosts) = hosts().await;
        for (nth, (from, to)) in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 0)].into_iter().enumerate() {
            moves(&hosts[from], &hosts[to]).await.unwrap_or_else(|why| panic!("{from} to {to}: {why:?}"));
            goes_on_at(&hosts[to], &hosts).await;
            let origin = hosts[to].stands().await.unwrap().origin.unwrap();
            assert_eq!((origin.incarnation, origin.held), (nth as u32 + 1, false));
        }
    });
}

#[test]
fn coming_home_may_be_cut_off_anywhere() {
    block_on(async {
        for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::RequestLost, Fault::ReplyLost] {
            for nth in 0.. {
                let (_, hosts) = hosts().await;
                moves(&hosts[0], &hosts[1]).await.unwrap();
                let network = Network::with(&[(nth, fault)]);
                let _ = go(&hosts[1], &hosts[0], &network, false).await;
                givers(&hosts).await;
                hosts[0].machine.sleep(LEASE_MS).await;
                moves(&hosts[1], &hosts[0]).await.unwrap_or_else(|why| panic!("{nth} {fault:?}: {why:?}"));
                goes_on_at(&hosts[0], &hosts).await;
                if nth >= network.asked() {
                    break;
                }
            }
        }
    });
}

#[test]
fn a_large_workspace_goes_in_slices_and_any_of_them_may_be_lost() {
    block_on(async {
        let large = async || {
            let (_, hosts) = hosts().await;
            hosts[0].grows(12).await;
            hosts
        };
        let (network, whole) = (Network::default(), large().await);
        go(&whole[0], &whole[1], &network, false).await.unwrap();
        let log = network.log.take();
        let slices: Vec<usize> = (0..log.len()).filter(|nth| log[*nth] == "append").collect();
        assert!(slices.len() > 2, "{log:?}");
        for (nth, fault) in slices.iter().flat_map(|nth| [(*nth, Fault::RequestLost), (*nth, Fault::ReplyLost)]) {
            let hosts = large().await;
            let again = Network::with(&[(nth, fault)]);
            go(&hosts[0], &hosts[1], &again, false).await.unwrap_or_else(|why| panic!("{nth} {fault:?}: {why:?}"));
            assert_eq!(again.log.borrow().iter().filter(|what| *what == "export").count(), 1, "it did not begin anew");
            goes_on_at(&hosts[1], &hosts).await;
        }
    });
}

#[test]
fn a_host_that_knows_another_workspace_of_that_id_is_told_before_anything_is_frozen() {
    block_on(async {
        let (_, hosts) = hosts().await;
        hosts[1].begins().await;
        let before = (hosts[0].stands().await, hosts[1].stands().await);
        let refused = moves(&hosts[0], &hosts[1]).await.unwrap_err();
        assert_eq!(refused.code, "workspace_exists");
        assert_eq!((hosts[0].stands().await, hosts[1].stands().await), before);
        assert_eq!(
            moves(&hosts[0], &hosts[0]).await.unwrap_err().code,
            "workspace_exists",
            "and so is one that is here"
        );
    });
}

#[test]
fn who_names_another_host_in_the_middle_is_told_which_one_was_meant() {
    block_on(async {
        let (_, hosts) = transferred().await;
        assert_eq!(moves(&hosts[0], &hosts[2]).await.unwrap_err().code, "workspace_frozen");
        let undo = go(&hosts[0], &hosts[2], &Network::default(), true).await;
        assert_eq!(undo.unwrap_err().code, "workspace_frozen");
        moves(&hosts[0], &hosts[1]).await.unwrap();
        let moved = moves(&hosts[0], &hosts[2]).await.unwrap_err();
        assert!(moved.code == "workspace_moved" && moved.what.contains(&hosts[1].name), "{moved:?}");
        assert_eq!(moves(&hosts[2], &hosts[1]).await.unwrap_err().code, "not_found");
    });
}

#[test]
fn a_runtime_that_holds_a_lease_reports_while_the_move_waits_for_it() {
    block_on(async {
        let (machine, hosts) = hosts().await;
        assert!(hosts[0].grants().await);
        let (effect, _, until) = hosts[0].granted.get().unwrap();
        let here = Rc::clone(&hosts[0]);
        let at = machine.now_ms() + 5_000;
        *machine.meanwhile.borrow_mut() = Some(Box::new(move |now| {
            if now >= at && here.granted.get().is_some() {
                block_on(here.reports()).unwrap();
            }
        }));
        moves(&hosts[0], &hosts[1]).await.unwrap();
        machine.meanwhile.borrow_mut().take();
        assert!(machine.now_ms() < until, "it waited no longer than needed");
        assert!(!hosts[1].waits().await.contains(&effect));
        goes_on_at(&hosts[1], &hosts).await;
    });
}

#[test]
fn a_runtime_that_never_reports_is_waited_for_as_long_as_its_lease_and_is_refused_afterwards() {
    block_on(async {
        let (machine, hosts) = hosts().await;
        assert!(hosts[0].grants().await);
        let (effect, _, until) = hosts[0].granted.get().unwrap();
        moves(&hosts[0], &hosts[1]).await.unwrap();
        assert!((until..until + 2_000).contains(&machine.now_ms()), "{} for {until}", machine.now_ms());
        let refused = hosts[0].reports().await.unwrap_err();
        assert!(format!("{refused:?}").contains("WorkspaceMoved"), "{refused:?}");
        assert!(hosts[1].waits().await.contains(&effect), "it is done again there, in doubt");
        goes_on_at(&hosts[1], &hosts).await;
    });
}

#[test]
fn a_copy_that_was_lost_after_it_was_confirmed_is_told_and_nothing_is_given_away() {
    block_on(async {
        let (machine, hosts) = transferred().await;
        let network = Network::with(&[(3, Fault::KilledAfter)]);
        let _ = go(&hosts[0], &hosts[1], &network, false).await;
        let pos = hosts[1].stands().await.unwrap().origin.unwrap().pos;
        let side: &dyn kernelos::moving::Side = &*hosts[1];
        assert_eq!(side.discard(None).await.unwrap_err().code, "workspace_exists");
        assert_eq!(side.discard(Some(pos + 1)).await.unwrap_err().code, "workspace_exists");
        if hosts[0].stands().await.unwrap().moving.unwrap().left.is_none() {
            hosts[0].must("workspace.leave", &leave(&hosts[0]).await).await;
        }
        side.discard(Some(pos)).await.unwrap();
        machine.sleep(LEASE_MS).await;
        assert_eq!(moves(&hosts[0], &hosts[1]).await.unwrap_err().code, "moved_and_lost");
        assert_eq!(givers(&hosts).await, Vec::<String>::new());
    });
}

async fn leave(host: &Host) -> serde_json::Value {
    let view = host.stands().await.unwrap();
    json!({"to": view.moving.unwrap().to, "pos": view.pos, "roots": view.roots})
}

/// A journey of chance: moves, undoings, runtimes that work and die, and whatever goes wrong. How often it arrived, and how often it was undone.
async fn journey(seed: u64) -> [usize; 2] {
    let mut dice = Dice::new(seed);
    let (machine, hosts) = hosts().await;
    let (mut at, mut came_to) = (0, [0, 0]);
    for _ in 0..20 {
        let faults = [Fault::KilledBefore, Fault::KilledAfter, Fault::RequestLost, Fault::ReplyLost];
        let network = Network::default();
        for _ in 0..dice.place(3) {
            network.faults.borrow_mut().push((dice.place(20), faults[dice.place(4)]));
        }
        let to = (at + 1 + dice.place(2)) % 3;
        match dice.place(6) {
            0 | 1 => came_to[0] += usize::from(go(&hosts[at], &hosts[to], &network, false).await.is_ok()),
            2 => came_to[1] += usize::from(go(&hosts[at], &hosts[to], &network, true).await.is_ok()),
            3 => drop(hosts[dice.place(3)].reports().await),
            4 => machine.sleep(dice.place(LEASE_MS as usize) as u64).await,
            _ => drop(hosts[dice.place(3)].send("task.create", &json!({"title": "more"})).await),
        }
        if let [giver] = givers(&hosts).await.as_slice() {
            at = hosts.iter().position(|host| host.name == *giver).unwrap();
        }
    }
    // Whoever was on the way arrives.
    machine.sleep(LEASE_MS).await;
    if let Some(moving) = hosts[at].stands().await.unwrap().moving {
        let to = hosts.iter().position(|host| host.name == moving.to).unwrap();
        moves(&hosts[at], &hosts[to]).await.unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
        at = to;
    }
    goes_on_at(&hosts[at], &hosts).await;
    came_to
}

#[test]
fn whatever_is_killed_or_lost_at_most_one_host_gives_work_away_and_in_the_end_one_does() {
    let journeys: Vec<_> =
        (0..from_environment("KERNELOS_MOVE_SEEDS", 30)).map(|seed| block_on(journey(seed))).collect();
    for nth in 0..2 {
        assert!(journeys.iter().map(|came_to| came_to[nth]).sum::<usize>() > journeys.len(), "{journeys:?}");
    }
}
