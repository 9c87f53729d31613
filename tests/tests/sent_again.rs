//! Sending again is safe: the same command has the same ids and the same reply however often it is decided or sent, and
//! one effect on state; other bytes under its id are refused and leave no trace.

use kernel::machine::{Identity, Moment, Reply, Request};
use kernel::reject::Code;
use kernelos_tests::history::{Author, World, config, entropy, ops};
use proptest::prelude::*;
use sequencer::{Failure, Job};
use testkit::block_on;

/// Command, position, count of events, things made, and code of a rejection.
type Said = (String, u64, u32, Vec<String>, Option<Code>);

/// What a reply says of the command itself.
fn said(reply: &Result<Reply, Failure>) -> Option<Said> {
    let reply = reply.as_ref().ok()?;
    let made = reply.made.iter().map(ToString::to_string).collect();
    let code = reply.rejected.as_ref().map(|(code, _)| *code);
    Some((reply.command.to_string(), reply.pos, reply.events, made, code))
}

fn again(job: &Job, number: u64) -> Job {
    let moment = Moment { now_ms: job.moment.now_ms + number, entropy: entropy(1_000_000 + number) };
    Job { request: job.request.clone(), moment }
}

fn with_entropy(job: &Job, number: u64) -> Job {
    Job { moment: Moment { entropy: entropy(2_000_000 + number), ..job.moment.clone() }, ..job.clone() }
}

fn other_bytes(request: &Request) -> Request {
    let mut hash = request.hash;
    hash.0[0] ^= 1;
    Request { hash, ..request.clone() }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn a_history_sent_again_in_any_order_changes_nothing(history in ops(1..80), order in any::<u64>()) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut world = block_on(World::new());
        let replies = block_on(world.play(&jobs, &[]));
        let (dump, roots) = (world.dump(), block_on(world.roots()));

        let mut all: Vec<(usize, Job)> = jobs.iter().enumerate().map(|(nth, job)| (nth, again(job, nth as u64))).collect();
        // What was refused without a record is a new request when it comes again.
        all.retain(|(nth, _)| replies.get(*nth).is_some_and(Result::is_ok));
        let turn = (order as usize) % all.len().max(1);
        all.rotate_left(turn);
        for chunk in all.chunks(1 + (order % 9) as usize) {
            let batch: Vec<Job> = chunk.iter().map(|(_, job)| job.clone()).collect();
            let outcomes = block_on(world.sequencer.submit(&batch));
            for ((nth, _), outcome) in chunk.iter().zip(&outcomes) {
                prop_assert_eq!(said(outcome), replies.get(*nth).and_then(said));
                prop_assert!(outcome.as_ref().is_ok_and(|reply| reply.known));
            }
        }
        prop_assert_eq!(world.dump(), dump);
        prop_assert_eq!(block_on(world.roots()), roots);
    }

    #[test]
    fn other_bytes_under_the_same_id_are_refused_without_a_trace(history in ops(1..40)) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut world = block_on(World::new());
        let replies = block_on(world.play(&jobs, &[]));
        let before = world.dump();
        for (job, reply) in jobs.iter().zip(&replies) {
            if reply.is_err() {
                continue;
            }
            let forged = Job { request: other_bytes(&job.request), ..job.clone() };
            let expected = match forged.request.identity {
                Identity::Device { .. } => Code::CommandIdReused,
                Identity::Key { .. } => Code::IdempotencyKeyReused,
            };
            let outcome = block_on(world.send(&forged));
            prop_assert!(matches!(&outcome, Err(Failure::Refused(why)) if why.code == expected), "{:?}", outcome);
        }
        prop_assert_eq!(world.dump(), before);
    }

    /// A process decides and ends before the commit; the next one decides again, later and with other entropy.
    #[test]
    fn deciding_again_names_the_same_things(history in ops(2..60), cut in any::<usize>()) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let (before, rest) = jobs.split_at(cut % jobs.len());
        let decided = |number: u64| -> Vec<_> {
            let mut world = block_on(World::new());
            block_on(world.play(before, &[]));
            let rest: Vec<Job> = rest.iter().map(|job| with_entropy(job, number)).collect();
            block_on(world.play(&rest, &[])).iter().map(said).collect()
        };
        prop_assert_eq!(decided(1), decided(2));
    }

    #[test]
    fn a_command_twice_in_one_batch_is_decided_once(history in ops(1..60)) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let twice: Vec<Job> = jobs.iter().flat_map(|job| [job.clone(), job.clone()]).collect();
        let (mut once, mut doubled) = (block_on(World::new()), block_on(World::new()));
        block_on(once.play(&jobs, &[]));
        for batch in twice.chunks(64) {
            block_on(doubled.sequencer.submit(batch));
        }
        prop_assert_eq!(once.dump().events, doubled.dump().events);
    }
}
