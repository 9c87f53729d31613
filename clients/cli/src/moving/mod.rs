//! Moving a workspace to another host.
//!
//! Nothing of how far a move is stands anywhere but in the workspace itself, on both hosts. What is to be done next is found
//! by looking at the two ([`plan`]), so whoever asks for the same move again goes on where it was, whatever was lost.
//!
//! ```text
//!           here                                there
//!  freeze   workspace.frozen                    –
//!  wait     leases end                          –
//!  transfer (as it is)              ── file ──► a copy, held, that takes nothing
//!  leave    workspace.left                      (the copy)
//!  adopt    (the tombstone)         ── proof ─► workspace.adopted
//! ```

mod plan;
mod relay;
mod side;

pub use plan::{Back, Forth, back, forth};
pub use side::{Far, Side};

use crate::outcome::Problem;
use ports::sequencing::WorkspaceView;
use ports::{Clock, Entropy, Timer};
use serde_json::json;

/// How often in a row something may fail that may help itself.
const ATTEMPTS: u32 = 7;
/// The first wait after a failure, in milliseconds; each is twice as long as the one before.
const PAUSE_MS: u64 = 250;
/// How long is waited at most before the leases are looked at again, in milliseconds.
const LOOK_MS: u64 = 1_000;

/// Time and randomness of whoever moves it.
pub trait Ambient: Clock + Timer + Entropy {}

impl<T: Clock + Timer + Entropy> Ambient for T {}

/// A workspace on its way from one host to another.
pub struct Mover<'a> {
    /// Where it is.
    pub here: &'a dyn Side,
    /// Where it is to be.
    pub there: &'a dyn Side,
    /// How `there` is called.
    pub to: &'a str,
    /// Time and randomness.
    pub machine: &'a dyn Ambient,
    /// Says what was done.
    pub tell: &'a dyn Fn(&str),
}

/// Where a workspace is after it was moved, or was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Position up to which it came, or at which it stays.
    pub pos: u64,
}

impl Mover<'_> {
    /// Go on with the move until it is over.
    pub async fn go(&self) -> Result<Arrived, Problem> {
        self.until_over(async || self.forward().await).await
    }

    /// Undo the move, as long as the workspace did not leave.
    pub async fn undo(&self) -> Result<Arrived, Problem> {
        self.until_over(async || self.backward().await).await
    }

    async fn until_over(&self, step: impl AsyncFn() -> Result<Option<Arrived>, Problem>) -> Result<Arrived, Problem> {
        let mut failures = 0;
        loop {
            match step().await {
                Ok(Some(arrived)) => return Ok(arrived),
                Ok(None) => failures = 0,
                Err(problem) if may_help_itself(&problem) && failures < ATTEMPTS => {
                    self.machine.sleep(PAUSE_MS << failures).await;
                    failures += 1;
                }
                Err(problem) => return Err(problem),
            }
        }
    }

    /// Look at both hosts, and do what is next.
    async fn forward(&self) -> Result<Option<Arrived>, Problem> {
        let (here, there) = (self.here.look().await?, self.there.look().await?);
        match forth(here.as_ref(), there.as_ref(), self.to, self.machine.now_ms())? {
            Forth::Freeze => {
                self.here.command("workspace.freeze", &json!({ "to": self.to })).await?;
                (self.tell)("frozen: nothing new begins in it");
            }
            Forth::Wait(ms) => {
                (self.tell)("waiting for what is under way");
                self.machine.sleep(ms.min(LOOK_MS)).await;
            }
            Forth::Discard(pos) => self.discard(pos).await?,
            Forth::Transfer => {
                let bytes = self.transfer().await?;
                (self.tell)(&format!("transferred: {bytes} bytes, verified there"));
            }
            Forth::Leave => {
                let view = here.as_ref();
                let (pos, roots) = (view.map(|view| view.pos), view.map(|view| &view.roots));
                let data = json!({ "to": self.to, "pos": pos, "roots": roots });
                self.here.command("workspace.leave", &data).await?;
                (self.tell)("confirmed: it left, and can only go on there");
            }
            Forth::Adopt(left) => {
                self.there.command("workspace.adopt", &json!({ "left": left })).await?;
                (self.tell)("adopted: it goes on there");
            }
            Forth::Arrived(pos) => return Ok(Some(Arrived { pos })),
        }
        Ok(None)
    }

    async fn backward(&self) -> Result<Option<Arrived>, Problem> {
        let (here, there) = (self.here.look().await?, self.there.look().await?);
        match back(here.as_ref(), there.as_ref(), self.to)? {
            Back::Unfreeze => {
                self.here.command("workspace.unfreeze", &json!({})).await?;
                (self.tell)("unfrozen: it goes on where it was");
            }
            Back::Discard(pos) => self.discard(pos).await?,
            Back::Clear => {
                self.clear().await?;
                return Ok(here.map(|WorkspaceView { pos, .. }| Arrived { pos }));
            }
            Back::Stays(pos) => return Ok(Some(Arrived { pos })),
        }
        Ok(None)
    }

    async fn discard(&self, pos: u64) -> Result<(), Problem> {
        self.there.discard(Some(pos)).await?;
        (self.tell)("removed there: what an earlier move left behind");
        Ok(())
    }

    /// Give up what was begun there, if anything was.
    async fn clear(&self) -> Result<(), Problem> {
        match self.there.discard(None).await {
            Err(problem) if problem.code == "import_unknown" => Ok(()),
            done => done,
        }
    }
}

/// Whether looking again may find a way on.
fn may_help_itself(problem: &Problem) -> bool {
    const CODES: &[&str] = &[
        "host_unreachable",
        "unavailable",
        "overloaded",
        "export_cut",
        "import_offset",
        "import_under_way",
        "lease_held",
        "other_position",
    ];
    CODES.contains(&problem.code.as_str())
}
