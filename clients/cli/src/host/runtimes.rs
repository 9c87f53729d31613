//! The runtimes of this host, and the ways out that they use.

use super::ambient::Machine;
use super::live::LocalLive;
use super::models::LocalModels;
use super::notice::Hook;
use super::sequencing::HostSequencing;
use super::{Config, HostError, Identity, work};
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use kernel::id::{BootId, RuntimeId};
use ports::{Egress, Entropy as _, Models, Notices};
use runtime::Runtime;
use std::rc::Rc;
use vault_file::FileVault;

/// Every workspace that is opened gets a runtime that watches it; those there are now are opened.
pub fn start(
    config: &Config,
    identity: &Identity,
    sequencing: &Rc<HostSequencing>,
    live: &LocalLive,
    models: &Rc<LocalModels>,
) -> Result<(), HostError> {
    let random = Machine.random().map_err(|why| HostError::Broken(why.0))?;
    let boot = BootId(std::array::from_fn(|i| random.get(i).copied().unwrap_or_default()));
    let device = identity.device();
    let models: Rc<dyn Models> = Rc::<LocalModels>::clone(models);
    let egress: Rc<dyn Egress> = Rc::new(broker(config)?);
    let notices: Rc<dyn Notices> = Rc::new(Hook::new(config.notify.clone()));
    let live = live.clone();
    let effects_max = config.effects_max;
    let weak = Rc::downgrade(sequencing);
    sequencing.on_open(Box::new(move |workspace, handle| {
        let Some(sequencing) = weak.upgrade() else { return };
        let runtime = Runtime {
            workspace,
            id: RuntimeId { device, slot: 0 },
            boot,
            device,
            incarnation: 0,
            sequencing,
            models: Rc::clone(&models),
            egress: Rc::clone(&egress),
            notices: Rc::clone(&notices),
            live: Rc::new(live.clone()),
            clock: Rc::new(Machine),
            timer: Rc::new(Machine),
            entropy: Rc::new(Machine),
        };
        tokio::task::spawn_local(work::watch(Rc::new(runtime), handle.clone(), effects_max));
    }));
    let sequencing = Rc::clone(sequencing);
    tokio::task::spawn_local(async move {
        let _ = sequencing.open_all().await;
    });
    Ok(())
}

/// The one way out for what workspaces ask for.
fn broker(config: &Config) -> Result<Broker, HostError> {
    let vault = FileVault::open(config.data.join("vault"))?;
    let dial = HttpDialler::new().map_err(HostError::Broken)?;
    Ok(Broker {
        resolver: Rc::new(SystemResolver),
        dial: Rc::new(dial),
        vault: Rc::new(vault),
        timer: Rc::new(Machine),
    })
}
