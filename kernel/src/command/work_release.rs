//! `work.release`: what was held after a restore goes on.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision};
use crate::entity::Branch;
use crate::event::WorkReleased;
use crate::flow::restored;
use crate::id::Id;
use crate::key::Key;
use crate::reject::Code;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// How many undecided things a refusal names.
const NAMED_MAX: usize = 4;

/// Let what a restore held go on. Everything has to be decided first: there is one gate, and it is open or shut.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRelease {}

impl Decide for WorkRelease {
    const NAME: &'static str = "work.release";
    const SCOPE: &'static str = "branches:restore";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        on_main(with)?;
        let branch = with.line().branch;
        if !with.read.control::<Branch>(Key::Branch(branch))?.is_some_and(|branch| *branch.held) {
            return Err(Code::NotHeld.because("no restore holds anything").into());
        }
        let mut undecided = Vec::new();
        for (id, row) in restored::undecided(&with.read)? {
            if restored::waits(&with.read, id, &row)? {
                undecided.push(id);
            }
        }
        if undecided.is_empty() {
            let released = WorkReleased { branch, incarnation: with.line().incarnation };
            return Ok(Decision::one(released, Vec::new()));
        }
        let named: Vec<String> = undecided.iter().take(NAMED_MAX).map(Id::to_string).collect();
        let more = if undecided.len() > named.len() { ", …" } else { "" };
        Err(Code::WorkUndecided.because(format!("{}: {}{more}", undecided.len(), named.join(", "))).into())
    }
}
