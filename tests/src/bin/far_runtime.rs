//! A runtime in a process of its own that performs whatever is owed: model calls, requests, notices. It may be killed at
//! any moment, and so may the host that it works for.
//!
//! `far_runtime ADDRESS_FILE WORKSPACE RUNTIME BOOT VAULT_DIR`, with the token in `KERNELOS_TOKEN`.

use async_trait::async_trait;
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use kernel::hash::{Domain, hash};
use kernel::id::{BootId, Id, RuntimeId, WorkspaceId};
use kernelos_tests::crash::Remote;
use ports::provider::{Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use ports::sequencing::Notice;
use ports::{
    Clock, Codec, Egress, Entropy, EntropyError, LiveChannel, LiveDelta, LiveSubscription, Models, Notices,
    Sequencing as _, SequencingError, Timer, Vault,
};
use provider_openai::ChatCompletions;
use provider_router::Router;
use runtime::Runtime;
use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vault_file::FileVault;

/// How often it looks for work.
const LOOK: Duration = Duration::from_millis(5);
/// How often it lets timers fire.
const FIRE: Duration = Duration::from_millis(100);
/// How often it asks for a lease at least.
const ASK: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, workspace, runtime, boot, vault] = words.as_slice() else {
        return Err("five arguments are wanted".into());
    };
    let (workspace, id, boot): (WorkspaceId, RuntimeId, BootId) = (workspace.parse()?, runtime.parse()?, boot.parse()?);
    let remote = Rc::new(Remote::new(address.into(), std::env::var("KERNELOS_TOKEN")?));
    let machine = Rc::new(Machine { seed: boot, drawn: Cell::new(0) });
    let vault = Rc::new(FileVault::open(vault)?);
    let egress: Rc<dyn Egress> = Rc::new(Broker {
        resolver: Rc::new(SystemResolver),
        dial: Rc::new(HttpDialler::new()?),
        vault: Rc::clone(&vault) as Rc<dyn Vault>,
        timer: Rc::clone(&machine) as Rc<dyn Timer>,
    });
    let runtime = Runtime {
        workspace,
        id,
        boot,
        device: id.device,
        incarnation: 0,
        sequencing: Rc::clone(&remote) as Rc<dyn ports::Sequencing>,
        models: Rc::new(Direct { vault, egress: Rc::clone(&egress) }),
        egress,
        notices: Rc::new(Nobody),
        live: Rc::new(Nobody),
        clock: Rc::clone(&machine) as Rc<dyn Clock>,
        timer: Rc::clone(&machine) as Rc<dyn Timer>,
        entropy: machine,
    };
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&executor, work(Rc::new(runtime), remote));
    Ok(())
}

/// Perform what is owed until the process is killed.
async fn work(runtime: Rc<Runtime>, remote: Rc<Remote>) {
    let (mut joined, mut fired, mut asked) = (false, Instant::now(), Instant::now());
    loop {
        if !joined {
            joined = runtime.join().await.is_ok();
        } else if fired.elapsed() >= FIRE {
            fired = Instant::now();
            let _ = runtime.fire().await;
        }
        // Now and then a lease is asked for though nothing waits: those that are over come back with it.
        let is_due = remote.due(runtime.workspace, 1).await.is_ok_and(|due| !due.is_empty());
        if is_due || asked.elapsed() >= ASK {
            asked = Instant::now();
            match runtime.take(1).await {
                Ok(views) if !views.is_empty() => {
                    for view in views {
                        let runtime = Rc::clone(&runtime);
                        tokio::task::spawn_local(async move { runtime.finish(&view).await });
                    }
                    continue;
                }
                Err(SequencingError::Refused(_)) => joined = false,
                Ok(_) | Err(_) => {}
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Time, and numbers that no other process draws.
struct Machine {
    seed: BootId,
    drawn: Cell<u64>,
}

impl Clock for Machine {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

impl Entropy for Machine {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        self.drawn.set(self.drawn.get() + 1);
        Ok(hash(Domain::Identity, &[b"far runtime", &self.seed.0, &self.drawn.get().to_be_bytes()]))
    }
}

/// Models are called from here.
struct Direct {
    vault: Rc<FileVault>,
    egress: Rc<dyn Egress>,
}

#[async_trait(?Send)]
impl Models for Direct {
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let codecs: [&dyn Codec; 1] = [&ChatCompletions];
        let router = Router { codecs: &codecs, vault: &*self.vault, egress: &*self.egress };
        router.call(provider, idempotency_key, request, live).await
    }
}

/// Nobody watches here, and nobody is to be told.
struct Nobody;

impl LiveChannel for Nobody {
    fn publish(&self, _: WorkspaceId, _: LiveDelta) {}

    fn subscribe(&self, _: WorkspaceId) -> Box<dyn LiveSubscription> {
        Box::new(Nobody)
    }
}

#[async_trait(?Send)]
impl LiveSubscription for Nobody {
    async fn next(&mut self) -> Option<LiveDelta> {
        None
    }
}

#[async_trait(?Send)]
impl Notices for Nobody {
    async fn give(&self, _: WorkspaceId, _: Id, _: &Notice) -> Result<(), String> {
        Ok(())
    }
}
