//! Two runtimes, one of which stops while it holds a lease: the other continues, and what comes late is kept and changes
//! nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use kernel::entity::StepStatus;
use kernel::id::{BootId, Id, RuntimeId};
use kernel::key::Space;
use kernelos_sequencer::verify;
use ports::sequencing::EffectView;
use ports::views::StepView;
use support::Desk;
use testkit::block_on;

/// A desk with a second runtime beside its own, and a question that the first one took.
struct Two {
    desk: Desk,
    task: Id,
    effect: Id,
    first: (RuntimeId, BootId),
    second: (RuntimeId, BootId),
}

impl Two {
    async fn new(ttl_ms: u64) -> Self {
        let mut desk = Desk::new().await;
        let task = desk.ask("How many legs has a spider?").await;
        let effect = desk.due().await[0];
        desk.lease(ttl_ms).await;
        let first = (desk.runtime, desk.boot);
        desk.runtime = RuntimeId { slot: 1, ..desk.runtime };
        desk.join(BootId([2; 16])).await;
        let second = (desk.runtime, desk.boot);
        Self { desk, task, effect, first, second }
    }

    /// From here on, this runtime acts.
    fn acts(&mut self, (runtime, boot): (RuntimeId, BootId)) -> &mut Desk {
        (self.desk.runtime, self.desk.boot) = (runtime, boot);
        &mut self.desk
    }

    async fn call(&mut self) -> EffectView {
        self.desk.sequencer.effect(self.effect).await.unwrap().unwrap()
    }

    async fn step(&mut self) -> StepView {
        self.desk.sequencer.task(self.task).await.unwrap().unwrap().steps.remove(0)
    }

    async fn data_root(&mut self) -> kernel::hash::HashText {
        self.desk.sequencer.describe().await.unwrap().roots[&Space::MAIN]
    }

    async fn is_whole(&mut self) {
        let verified = verify(&self.desk.store, self.desk.workspace, &self.desk.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
        assert_eq!(verified.roots, self.desk.sequencer.describe().await.unwrap().roots);
    }

    /// The second runtime takes the effect over and answers; then the first one's report comes.
    async fn the_other_continues(&mut self) {
        let (first, second, effect) = (self.first, self.second, self.effect);
        let before = self.call().await;
        self.acts(second).lease(60_000).await;
        let now = self.call().await;
        assert_eq!((before.fence, now.fence, now.in_doubt), (1, 2, true));
        assert_eq!(now.idempotency_key, before.idempotency_key, "every attempt carries the same key");

        let waiting = self.data_root().await;
        self.acts(first).report(effect, 1, "Nine.").await;
        assert_eq!(self.data_root().await, waiting, "a late report changes no data");
        assert_eq!((self.step().await.status, self.step().await.late), (StepStatus::Waiting, 1));

        self.acts(second).report(effect, 2, "Eight.").await;
        let step = self.step().await;
        assert_eq!((step.answer.as_deref(), step.attempts, step.lost, step.late), (Some("Eight."), 2, 1, 1));
        assert_eq!(self.kept().await, ["Nine."]);
        self.is_whole().await;
    }

    /// What late reports observed, as the log keeps it.
    async fn kept(&mut self) -> Vec<String> {
        let events = self.desk.sequencer.events(0, 1_000).await.unwrap();
        let late = events.iter().filter(|view| String::from_utf8_lossy(&view.event.body).contains("report.late"));
        late.filter_map(|view| view.content["text"].clone()).collect()
    }
}

#[test]
fn a_runtime_that_stopped_is_taken_over_when_its_time_is_over() {
    block_on(async {
        let mut two = Two::new(1_000).await;
        two.desk.now_ms += 1_000;
        two.the_other_continues().await;
    });
}

#[test]
fn a_runtime_that_restarted_is_taken_over_at_once() {
    block_on(async {
        let mut two = Two::new(600_000).await;
        let (runtime, _) = two.first;
        two.acts((runtime, BootId([3; 16]))).join(BootId([3; 16])).await;
        assert_eq!(two.desk.due().await, [two.effect]);
        two.the_other_continues().await;
    });
}

#[test]
fn the_other_continues_after_the_host_restarted_too() {
    block_on(async {
        let mut two = Two::new(1_000).await;
        two.desk.restart().await;
        two.desk.now_ms += 1_000;
        two.the_other_continues().await;
        two.desk.restart().await;
        two.is_whole().await;
    });
}

#[test]
fn a_renewed_lease_is_not_taken() {
    block_on(async {
        let mut two = Two::new(1_000).await;
        let (runtime, boot) = two.first;
        let effect = two.effect;
        let data = format!(r#"{{"runtime":"{runtime}","boot":"{boot}","effect":"{effect}","fence":1,"ttl_ms":5000}}"#);
        two.acts(two.first).must("effect.renew", &data).await;
        two.desk.now_ms += 2_000;
        let (runtime, boot) = two.second;
        let lease = format!(r#"{{"runtime":"{runtime}","boot":"{boot}","ttl_ms":1000}}"#);
        let refused = two.acts(two.second).send("effect.lease", &lease).await;
        assert!(matches!(refused, Err(kernelos_sequencer::Failure::Refused(_))), "{refused:?}");
        two.acts(two.first).report(effect, 1, "Eight.").await;
        assert_eq!(two.step().await.answer.as_deref(), Some("Eight."));
        two.is_whole().await;
    });
}

#[test]
fn a_lost_lease_that_nobody_took_still_counts() {
    block_on(async {
        let mut two = Two::new(600_000).await;
        let (effect, first) = (two.effect, two.first);
        two.acts((first.0, BootId([3; 16]))).join(BootId([3; 16])).await;
        two.acts(first).report(effect, 1, "Eight.").await;
        let step = two.step().await;
        assert_eq!((step.answer.as_deref(), step.lost, step.late), (Some("Eight."), 1, 0));
        assert!(two.desk.due().await.is_empty());
        two.is_whole().await;
    });
}

#[test]
fn a_second_report_of_a_settled_effect_is_late() {
    block_on(async {
        let mut two = Two::new(60_000).await;
        let (effect, first) = (two.effect, two.first);
        two.acts(first).report(effect, 1, "Eight.").await;
        let settled = two.data_root().await;
        two.acts(first).report(effect, 1, "Eight, I am sure.").await;
        assert_eq!(two.data_root().await, settled);
        assert_eq!(two.kept().await, ["Eight, I am sure."]);
        two.is_whole().await;
    });
}
