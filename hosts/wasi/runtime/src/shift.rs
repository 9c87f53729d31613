//! A shift of one instance.

use egress::Broker;
use egress_fetch::{DNS, FetchDialler, HttpsResolver};
use futures_util::future::{Either, select};
use kernel::id::{BootId, RuntimeId, WorkspaceId};
use models_http::HttpModels;
use ports::sequencing::Notice;
use ports::{Clock as _, Entropy as _, Fetch, Notices, StoreError, Timer as _, Watch as _};
use runtime::{Left, Runtime, Shifts, Terms};
use sequencing_http::ElsewhereSequencing;
use std::pin::pin;
use std::rc::Rc;
use wasi_shared::{PROVIDER_ROUTER, Sequencers, Silence, VariablesVault, Wasi, WasiFetch, setup, store, wake};

/// After this nothing more is begun; another instance goes on.
const BEGIN_MS: u64 = 20_000;
/// What one instance does.
const TERMS: Terms = Terms { at_a_time: 16, in_all: usize::MAX, for_ms: BEGIN_MS };
/// How long it stands that this instance works, and when that is written anew.
const STANDS_MS: u64 = 15_000;
const ANEW_MS: u64 = 5_000;

/// Perform what `workspace` owes. The error says why it was not begun.
pub async fn work(workspace: WorkspaceId) -> Result<(), String> {
    let store = store().map_err(|problem| problem.detail)?;
    let random = Wasi.random().map_err(|why| why.0)?;
    let boot = BootId(std::array::from_fn(|i| random.get(i).copied().unwrap_or_default()));
    let (name, process) = (workspace.to_string(), boot.to_string());
    let stands = || async {
        let now = Wasi.now_ms();
        store.take_shift(&name, &process, now, now.saturating_add(STANDS_MS)).await
    };
    let away = |why: StoreError| why.to_string();
    if !stands().await.map_err(away)? {
        return Ok(());
    }
    let shifts = Shifts::new(runtime(workspace, boot).map_err(|problem| problem.detail)?);
    let begun = Wasi.now_ms();
    loop {
        let working = async {
            let mut working = pin!(shifts.work(TERMS));
            loop {
                match select(working.as_mut(), Wasi.sleep(ANEW_MS)).await {
                    Either::Left((shift, _)) => return shift,
                    // Another one works if this one was taken for dead; the log tells them apart.
                    Either::Right(_) => drop(stands().await),
                }
            }
        };
        let shift = working.await;
        let more = shift.left == Left::More || Wasi.now_ms().saturating_sub(begun) > BEGIN_MS;
        let ended = store.end_shift(&name, &process).await.map_err(away)?;
        match shift.left {
            Left::Nothing if ended => return Ok(()),
            Left::Nothing | Left::More if !more => {}
            Left::Nothing | Left::More => {
                // An end that was rung away is one for good now: the next instance looks.
                let _ = ended || store.end_shift(&name, &process).await.map_err(away)?;
                return wake(workspace).await;
            }
            // The alarm stands, so a tick comes back to it.
            Left::Unanswered(why) | Left::Refused(why) => {
                let _ = ended || store.end_shift(&name, &process).await.map_err(away)?;
                return Err(why);
            }
        }
    }
}

fn runtime(workspace: WorkspaceId, boot: BootId) -> Result<Runtime, ports::Problem> {
    let (device, _) = setup::device()?;
    let sequencers = Rc::new(Sequencers::default());
    let sequencing = ElsewhereSequencing { call: Rc::<Sequencers>::clone(&sequencers), directory: sequencers };
    let fetch: Rc<dyn Fetch> = Rc::new(WasiFetch);
    let dns = setup::optional(setup::DNS).unwrap_or_else(|| DNS.to_owned());
    let broker = Broker {
        resolver: Rc::new(HttpsResolver::new(Rc::clone(&fetch), dns)),
        dial: Rc::new(FetchDialler::new(Rc::clone(&fetch))),
        vault: Rc::new(VariablesVault),
        timer: Rc::new(Wasi),
    };
    Ok(Runtime {
        workspace,
        id: RuntimeId { device, slot: 0 },
        boot,
        device,
        incarnation: 0,
        sequencing: Rc::new(sequencing),
        models: Rc::new(HttpModels::new(fetch, PROVIDER_ROUTER)),
        egress: Rc::new(broker),
        notices: Rc::new(Lists),
        live: Rc::new(Silence),
        clock: Rc::new(Wasi),
        timer: Rc::new(Wasi),
        entropy: Rc::new(Wasi),
    })
}

/// Nobody is told here: approvals wait in every list.
struct Lists;

#[async_trait::async_trait(?Send)]
impl Notices for Lists {
    async fn give(&self, _: WorkspaceId, _: kernel::id::Id, _: &Notice) -> Result<(), String> {
        Ok(())
    }
}
