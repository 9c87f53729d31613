//! Waking the runtime: at once when something became due, and by an alarm that is stored with the commit.

use crate::desk::Desk;
use crate::outlook::{Outlook, Plan};
use cloudflare::Isolate;
use ports::Clock as _;
use std::rc::Rc;
use worker::{Env, Fetcher, Method, Request};

/// Effects that are looked at to tell whether there are more than before.
const DUE_MAX: usize = 32;

/// The service binding of the runtime.
const RUNTIME: &str = "RUNTIME";

impl Desk {
    /// After a commit, in the same turn.
    pub fn look_out(self: &Rc<Self>) {
        // Without an outlook nothing can be planned; whoever asks next finds out why.
        let Ok(outlook) = self.outlook() else { return };
        let plan = self.lookout.borrow_mut().committed(Isolate.now_ms(), outlook);
        self.follow(plan);
    }

    /// The alarm went off.
    pub fn rang(self: &Rc<Self>) -> Result<(), String> {
        let outlook = self.outlook().map_err(|error| format!("{error:?}"))?;
        let plan = self.lookout.borrow_mut().rang(Isolate.now_ms(), outlook);
        self.follow(plan);
        Ok(())
    }

    fn outlook(&self) -> Result<Outlook, ports::SequencingError> {
        let looked = self.turn(async |sequencer| {
            let due = sequencer.due(DUE_MAX).await?.len();
            let (expiry, timer) = (sequencer.next_expiry().await?, sequencer.next_due().await?);
            Ok::<_, sequencer::Failure>(Outlook { due, next: expiry.into_iter().chain(timer).min() })
        });
        Ok(looked??)
    }

    fn follow(self: &Rc<Self>, plan: Plan) {
        if let Some(at_ms) = plan.alarm
            && let Err(why) = self.platform.set_alarm(at_ms)
        {
            worker::console_error!("the alarm of {} could not be set: {why}", self.workspace);
        }
        if plan.wake && !self.waking.replace(true) {
            let desk = Rc::clone(self);
            self.platform.beside(async move {
                if let Err(why) = wake(&desk.env, &desk.workspace.to_string()).await {
                    worker::console_warn!("the runtime of {} was not woken: {why}", desk.workspace);
                }
                desk.waking.set(false);
            });
        }
    }
}

/// Say that something is due. When it is not heard, the alarm says it again.
async fn wake(env: &Env, workspace: &str) -> worker::Result<()> {
    let runtime: Fetcher = env.service(RUNTIME)?;
    let request = Request::new(&format!("https://runtime/wake/{workspace}"), Method::Post)?;
    let answer = runtime.fetch_request(request).await?;
    match answer.status_code() {
        200..300 => Ok(()),
        status => Err(worker::Error::RustError(format!("it answered {status}"))),
    }
}
