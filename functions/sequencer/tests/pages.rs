//! However large events are, a page of them is not, and page by page all are told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kernelos_sequencer::Sequencer;
use ports::wire::{Look, Told, answered};
use support::Desk;
use testkit::block_on;

async fn page(sequencer: &mut Sequencer, after: u64, limit: usize) -> (usize, Vec<u64>) {
    let bytes = sequencer.look(&Look::Events(after, limit)).await;
    let told: Vec<Told> = answered(&bytes).unwrap();
    let views = told.into_iter().map(ports::sequencing::EventView::from);
    (bytes.len(), views.map(|view| view.event.pos).collect())
}

async fn pages(sequencer: &mut Sequencer, limit: usize) -> (usize, Vec<u64>) {
    let (mut count, mut all): (usize, Vec<u64>) = (0, Vec::new());
    loop {
        let (bytes, positions) = page(sequencer, all.last().copied().unwrap_or_default(), limit).await;
        assert!(bytes < 2_500_000, "a page of {bytes} bytes");
        assert!(positions.len() <= limit);
        if positions.is_empty() {
            return (count, all);
        }
        count += 1;
        all.extend(positions);
    }
}

#[test]
fn large_events_come_in_pages_that_are_not() {
    block_on(async {
        let mut desk = Desk::new().await;
        for nth in 0..40_usize {
            // One large one, then some small ones.
            let length = if nth.is_multiple_of(4) { 400_000 } else { 10 };
            desk.ask(&"words ".repeat(length / 6)).await;
        }
        let pos = desk.sequencer.workspace().pos();
        let (count, all) = pages(&mut desk.sequencer, usize::MAX).await;
        assert_eq!(all, (1..=pos).collect::<Vec<_>>());
        assert!(count > 2, "{count} pages");
        assert_eq!(pages(&mut desk.sequencer, 7).await.1, all);
        assert_eq!(page(&mut desk.sequencer, 3, 2).await.1, [4, 5]);
        assert_eq!(page(&mut desk.sequencer, pos, 2).await.1, [0; 0]);
        assert_eq!(page(&mut desk.sequencer, 0, 0).await.1, [0; 0]);
    });
}
