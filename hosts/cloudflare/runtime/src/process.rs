//! A process of the runtime, and what it is made of.

use crate::notices::Webhook;
use crate::pieces::{Pieces, PiecewiseModels};
use async_trait::async_trait;
use cloudflare::setup::{device, optional, unbound};
use cloudflare::{Binding, Isolate, SequencerObjects, broker};
use kernel::id::{BootId, RuntimeId, WorkspaceId};
use models_http::HttpModels;
use ports::problem::Fault;
use ports::{Directory, Egress, Entropy as _, Problem, SequencingError};
use runtime::Runtime;
use sequencing_http::ElsewhereSequencing;
use std::rc::Rc;
use worker::Env;

/// Name of the binding to the provider router.
const ROUTER: &str = "ROUTER";
/// Name of the variable that says where notices go.
const NOTIFY_URL: &str = "KERNELOS_NOTIFY_URL";

/// A new process of the runtime of `workspace`.
pub fn begin(env: &Env, workspace: WorkspaceId) -> Result<Runtime, Problem> {
    let (device, _) = device(env)?;
    let random = Isolate.random().map_err(|why| Fault::Unavailable.because(format!("no randomness: {}", why.0)))?;
    let router = Binding::of(env, ROUTER).ok_or_else(|| unbound(ROUTER))?;
    let call = Rc::new(SequencerObjects::of(env)?);
    let sequencing = Rc::new(ElsewhereSequencing { call, directory: Rc::new(NoDirectory) });
    let egress: Rc<dyn Egress> = Rc::new(broker(env));
    let pieces = Pieces::new(workspace, Rc::clone(&sequencing));
    let models = HttpModels::new(Rc::new(router), "https://provider-router");
    Ok(Runtime {
        workspace,
        id: RuntimeId { device, slot: 0 },
        boot: BootId(std::array::from_fn(|i| random.get(i).copied().unwrap_or_default())),
        device,
        incarnation: 0,
        sequencing,
        models: Rc::new(PiecewiseModels { models, pieces: pieces.clone() }),
        notices: Rc::new(Webhook { url: optional(env, NOTIFY_URL), egress: Rc::clone(&egress) }),
        egress,
        live: Rc::new(pieces),
        clock: Rc::new(Isolate),
        timer: Rc::new(Isolate),
        entropy: Rc::new(Isolate),
    })
}

/// A runtime works for one workspace, of which it was told. It makes none and asks for no others.
struct NoDirectory;

#[async_trait(?Send)]
impl Directory for NoDirectory {
    async fn register(&self, _: &str, _: WorkspaceId) -> Result<(), SequencingError> {
        not_here()
    }

    async fn list(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        not_here()
    }
}

fn not_here<T>() -> Result<T, SequencingError> {
    Err(SequencingError::Unavailable("a runtime has no directory".to_owned()))
}
