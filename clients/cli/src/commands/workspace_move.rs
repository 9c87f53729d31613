//! `kernelos workspace move`: a workspace goes to another host.

use super::shown::{print, print_json};
use super::workspace::named;
use crate::api::Api;
use crate::args::workspace::WorkspaceMove;
use crate::host::Machine;
use crate::moving::{Far, Mover};
use crate::outcome::Problem;
use crate::place::Place;
use serde_json::json;

pub async fn run(api: &Api, place: &Place, wanted: &WorkspaceMove) -> Result<(), Problem> {
    let (there, to) = Api::reach_to(&wanted.to, place.in_clear)?;
    let id = named(api, wanted.workspace.as_deref()).await?;
    let (here, there) = (Far::new(api, &id), Far::new(&there, &id));
    let last = std::cell::RefCell::new(String::new());
    let tell = |what: &str| {
        // Waiting is said once, however often it is looked.
        if last.replace(what.to_owned()) != what {
            eprintln!("{what}");
        }
    };
    let mover = Mover { here: &here, there: &there, to: &to, machine: &Machine, tell: &tell };
    let arrived = if wanted.undo { mover.undo().await? } else { mover.go().await? };
    let host = (!wanted.undo).then_some(&to);
    if wanted.json {
        print_json(&json!({ "workspace": id, "to": host, "pos": arrived.pos }));
    } else if let Some(to) = host {
        print(&format!("{to}\n"));
    }
    if wanted.undo {
        eprintln!("workspace {id} stays where it was");
        return Ok(());
    }
    eprintln!("workspace {id} is at {to}, with all that happened up to event {}", arrived.pos);
    eprintln!("\nhint: secrets do not travel; what it needs of them is put into that host's vault");
    Ok(())
}
