//! The runtime of one workspace: one process, which works when its alarm rings.

use crate::process;
use crate::wake;
use cloudflare::whole;
use kernel::id::WorkspaceId;
use ports::Problem;
use ports::problem::Fault;
use runtime::{Left, Shifts, Terms};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use worker::{DurableObject, Env, Request, Response, Result, State, console_error, durable_object};

/// One shift. The platform gives an alarm's handler fifteen minutes, some of which what is under way wants when no more is
/// begun, and a thousand requests, of which an effect takes about eight.
const TERMS: Terms = Terms { at_a_time: 8, in_all: 50, for_ms: 5 * 60 * 1000 };
/// How long to wait when the sequencer does not answer.
const PAUSE: Duration = Duration::from_secs(5);
/// Where the object keeps for whom it works: an alarm does not say it.
const WORKSPACE: &str = "workspace";

/// The runtime of one workspace.
#[durable_object]
pub struct WorkspaceRuntime {
    state: State,
    env: Env,
    shifts: RefCell<Option<Rc<Shifts>>>,
}

impl DurableObject for WorkspaceRuntime {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, shifts: RefCell::default() }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match self.wake(&request).await {
            Ok(()) => Ok(Response::empty()?.with_status(202)),
            Err(problem) => Ok(whole(problem.response())),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        // Nobody but a wake sets an alarm, and it writes down for whom.
        if let Some(text) = self.state.storage().get::<String>(WORKSPACE).await? {
            let workspace = text.parse().map_err(|_| format!("{text} is no workspace"))?;
            let shifts = self.shifts(workspace).map_err(|problem| problem.detail)?;
            let shift = shifts.work(TERMS).await;
            self.leave(shift.left).await?;
        }
        Response::empty()
    }
}

impl WorkspaceRuntime {
    async fn wake(&self, request: &Request) -> std::result::Result<(), Problem> {
        let workspace = wake::workspace(request)?;
        let is_new = self.shifts.borrow().is_none();
        if self.shifts(workspace)?.wake() {
            return Ok(());
        }
        let storage = self.state.storage();
        let set = async {
            if is_new {
                storage.put(WORKSPACE, workspace.to_string()).await?;
            }
            storage.set_alarm(Duration::ZERO).await
        };
        set.await.map_err(|why| Fault::Unavailable.because(format!("the alarm cannot be set: {why}")))
    }

    /// The shifts of this process, which is one as long as the object is in memory.
    fn shifts(&self, workspace: WorkspaceId) -> std::result::Result<Rc<Shifts>, Problem> {
        if let Some(shifts) = self.shifts.borrow().as_ref() {
            return Ok(Rc::clone(shifts));
        }
        let shifts = Rc::new(Shifts::new(process::begin(&self.env, workspace)?));
        self.shifts.replace(Some(Rc::clone(&shifts)));
        Ok(shifts)
    }

    /// See to what a shift left. What is due later is the sequencer's to say: it has an alarm for it.
    async fn leave(&self, left: Left) -> Result<()> {
        let storage = self.state.storage();
        match left {
            Left::Nothing => Ok(()),
            Left::More => storage.set_alarm(Duration::ZERO).await,
            Left::Unanswered(why) => {
                console_error!("the sequencer does not answer: {why}");
                storage.set_alarm(PAUSE).await
            }
            Left::Refused(why) => {
                console_error!("the runtime is refused: {why}");
                Ok(())
            }
        }
    }
}
