//! The product's main job at its lowest level: ask, lease, report, read, replay.

mod support;

use kernel::entity::StepStatus;
use kernel::machine::BLOBS_SPACE;
use kernel::storage::{Address, ROW_BYTES_MAX};
use kernelos_sequencer::verify;
use ports::Store as _;
use ports::sequencing::Work;
use support::Desk;
use testkit::block_on;

#[test]
fn a_question_becomes_an_effect_and_its_outcome_an_answer() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.ask("How many legs has a spider?").await;
        let effect = desk.due().await[0];
        desk.lease(1).await;
        let call = desk.sequencer.effect(effect).await.unwrap().unwrap();
        let Work::Model { request, .. } = &call.work else { panic!("{:?}", call.work) };
        assert_eq!(request.messages.last().unwrap().text, "How many legs has a spider?");
        desk.report(effect, call.fence, "Eight.").await;

        let view = desk.sequencer.task(task).await.unwrap().unwrap();
        assert_eq!(view.steps[0].status, StepStatus::Answered);
        assert_eq!(view.steps[0].answer.as_deref(), Some("Eight."));
        assert_eq!(view.summary.output_tokens, 5);
        assert!(desk.due().await.is_empty());
        let verified = verify(&desk.store, desk.workspace, &desk.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
        assert_eq!(verified.roots, desk.sequencer.describe().await.unwrap().roots);
    });
}

#[test]
fn nothing_that_was_said_stands_in_the_store_in_clear() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.ask("a most peculiar marmalade").await;
        let dump = format!(
            "{:?}",
            desk.sequencer.events(0, 100).await.unwrap().iter().map(|it| &it.event).collect::<Vec<_>>()
        );
        assert!(!dump.contains("marmalade"));
        let stored = desk.everything_stored().await;
        assert!(!stored.windows(9).any(|part| part == b"marmalade"));
    });
}

#[test]
fn a_thousand_steps_fold_and_replay_to_the_same_roots() {
    block_on(async {
        let mut desk = Desk::new().await;
        for n in 0..300 {
            desk.ask(&format!("question {n}")).await;
            desk.lease(1).await;
            let effect = desk.leased.unwrap();
            desk.report(effect, 1, &format!("answer {n}")).await;
            if n % 37 == 0 {
                desk.sequencer.forget();
            }
            if n % 101 == 0 {
                desk.restart().await;
            }
        }
        assert!(desk.sequencer.workspace().heads().folded > 0);
        let verified = verify(&desk.store, desk.workspace, &desk.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
        assert_eq!(verified.roots, desk.sequencer.describe().await.unwrap().roots);
    });
}

#[test]
fn a_long_answer_is_kept_apart_and_read_whole() {
    block_on(async {
        let mut desk = Desk::new().await;
        let task = desk.ask("Tell me everything.").await;
        desk.lease(1).await;
        let effect = desk.leased.unwrap();
        // Digits of a linear congruential generator: long, and not worth compressing.
        let mut state = 7u64;
        let mut long = String::new();
        while long.len() < 3_000_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            long.push_str(&format!("{state:016x}"));
        }
        desk.report(effect, 1, &long).await;
        desk.restart().await;

        let view = desk.sequencer.task(task).await.unwrap().unwrap();
        assert!(view.steps[0].answer.as_deref() == Some(long.as_str()));
        let name = desk.workspace.to_string();
        let chunks = desk.store.range(&name, BLOBS_SPACE, "", "\u{7f}", 100).await.unwrap();
        assert!(chunks.len() > 1 && chunks.iter().all(|(_, row)| row.value.len() <= ROW_BYTES_MAX));
        assert_eq!(verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings, vec![]);

        assert!(desk.store.alter_row(&name, &Address::new(BLOBS_SPACE, chunks[1].0.clone())).unwrap());
        assert!(!verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings.is_empty());
        desk.restart().await;
        assert!(desk.sequencer.task(task).await.is_err());
    });
}
