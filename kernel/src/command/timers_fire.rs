//! `timers.fire`: what is due by now happens.

use super::effect_lease::on_main;
use super::workspace_adopt::released;
use super::{Context, Decide, Decision};
use crate::flow::timers;
use crate::reject::Code;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Let what is due by now happen. Whoever asks, the sequencer's clock decides what is due.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimersFire {}

impl Decide for TimersFire {
    const NAME: &'static str = "timers.fire";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        on_main(with)?;
        released(with)?;
        let mut to = Staged::new(with);
        if timers::fire(&mut to)? == 0 {
            return Err(Code::NothingDue.because("no timer is due yet").into());
        }
        Ok(to.decision())
    }
}
