//! Starting components by time.

use crate::app::App;
use crate::call::call;
use crate::manifest::{CronTrigger, seconds};
use crate::secrets::TOKEN;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::{BodyExt as _, Full};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Where a component that is started by time is asked for what is due.
const TICK: &str = "/v1/tick";

/// Start the component of `trigger` when it is time, as long as somebody polls this. The next start waits for the last.
pub async fn keep(app: Arc<App>, trigger: CronTrigger) {
    let Ok(every) = seconds(&trigger.cron_expression) else { return };
    let mut times = interval(Duration::from_secs(every));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        tick(&app, &trigger.component).await;
    }
}

/// A start that fails is made up for by the next.
async fn tick(app: &Arc<App>, component: &str) {
    let token = app.parts.get(component).and_then(|part| part.variables.get(TOKEN)).cloned().unwrap_or_default();
    let request = Request::post(TICK).header(HOST, "localhost").header(AUTHORIZATION, format!("Bearer {token}"));
    let Ok(request) = request.body(Full::new(Bytes::new())) else { return };
    if let Ok(response) = call(app, component, request, 0, None).await {
        // Read, so that the instance can say it all and end.
        let _ = response.into_body().collect().await;
    }
}
