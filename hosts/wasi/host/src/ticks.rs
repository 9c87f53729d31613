//! Starting components by time.

use crate::app::App;
use crate::call::ring;
use crate::manifest::{CronTrigger, seconds};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Start the component of `trigger` when it is time, as long as somebody polls this. The next start waits for the last.
pub async fn keep(app: Arc<App>, trigger: CronTrigger) {
    let Ok(every) = seconds(&trigger.cron_expression) else { return };
    let mut times = interval(Duration::from_secs(every));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        // One that fails is made up for by the next.
        if let Err(why) = ring(&app, &trigger.component).await {
            let _ = writeln!(std::io::stderr(), "kernelos-wasi-host: {} on time: {why}", trigger.component);
        }
    }
}
