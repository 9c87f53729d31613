//! The suite is green over the reference store, and red over each broken one, by the case meant for it.

use async_trait::async_trait;
use kernel::storage::Address;
use kernelos_testkit::block_on;
use kernelos_testkit::broken::{Broken, Fault};
use kernelos_testkit::store::{Report, Subject, cases, run};
use ports::Store;
use store_memory::MemoryStore;

#[derive(Default)]
struct InMemory(MemoryStore);

#[async_trait(?Send)]
impl Subject for InMemory {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    async fn reopen(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        self.0.alter_row(workspace, at).map(drop).map_err(|error| error.to_string())
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.0.alter_event(workspace, pos).map(drop).map_err(|error| error.to_string())
    }
}

fn red(fault: Fault) -> Report {
    block_on(run(async || Broken::new(InMemory::default(), fault)))
}

#[test]
fn the_suite_is_green_over_a_good_store() {
    let report = block_on(run(async || InMemory::default()));
    assert!(report.failed.is_empty(), "{report}");
}

#[test]
fn the_suite_is_red_over_each_broken_store() {
    for fault in Fault::ALL {
        let report = red(fault);
        assert!(report.names(fault.caught_by()), "{fault:?} was not caught by {:?}: {report}", fault.caught_by());
    }
}

/// A fault that turned everything red would prove nothing about the case that is meant for it.
#[test]
fn a_fault_leaves_the_promises_it_keeps_green() {
    for fault in Fault::ALL {
        let report = red(fault);
        assert!(report.passed.len() > cases().len() / 2, "{fault:?} breaks too much: {report}");
    }
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut names: Vec<&str> = cases().iter().map(|case| case.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
