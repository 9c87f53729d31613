//! The suite for the storage port.
//!
//! ```text
//! let report = block_on(testkit::store::run(async || MySubject::new()));
//! assert!(report.failed.is_empty(), "{report}");
//! ```

mod commits;
mod damage;
mod durable;
mod fencing;
mod lifecycle;
mod make;
mod ranges;
mod reads;
mod refusals;
mod report;
mod say;
mod subject;
mod trims;

use std::pin::Pin;

pub use make::{Hand, delete, event, insert, put, row};
pub use report::Report;
pub use say::{Dump, Why, dump};
pub use subject::Subject;

/// One promise of the port and the story that tests it.
#[derive(Clone, Copy)]
pub struct Case {
    /// The promise, as a sentence. Reports name a case by it.
    pub name: &'static str,
    story: Story,
}

type Story = for<'a> fn(&'a mut dyn Subject) -> Pin<Box<dyn Future<Output = Result<(), Why>> + 'a>>;

/// Pairs a sentence with the function that tells its story.
macro_rules! case {
    ($name:literal, $story:path) => {
        $crate::store::Case { name: $name, story: |subject| Box::pin($story(subject)) }
    };
}
pub(crate) use case;

impl Case {
    /// Tell the story on a fresh `subject`.
    pub async fn run(&self, subject: &mut dyn Subject) -> Result<(), String> {
        (self.story)(subject).await.map_err(|why| why.0)
    }
}

/// All cases of the suite. Each wants a subject of its own, without workspaces.
pub fn cases() -> Vec<Case> {
    let groups = [
        lifecycle::cases(),
        commits::cases(),
        refusals::cases(),
        fencing::cases(),
        durable::cases(),
        reads::cases(),
        ranges::cases(),
        damage::cases(),
        trims::cases(),
    ];
    groups.into_iter().flatten().collect()
}

/// Run every case, each on a subject of its own from `make`.
pub async fn run<S: Subject>(mut make: impl AsyncFnMut() -> S) -> Report {
    let mut report = Report::default();
    for case in cases() {
        let mut subject = make().await;
        match case.run(&mut subject).await {
            Ok(()) => report.passed.push(case.name),
            Err(why) => report.failed.push((case.name, why)),
        }
    }
    report
}
