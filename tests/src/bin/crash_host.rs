//! The host that the crash test kills: the embedded host over its usual store, which says where it stands in a commit.
//!
//! `crash_host DATA STAGE_FILE EFFECTS_MAX STILL_MICROS` prints the address it listens on and runs until it is killed.

use kernelos::host::{Config, Host, StoreFactory};
use kernelos_tests::crash::{Stage, StageFile, Staged};
use std::error::Error;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use store_libsql::LibsqlStore;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} is missing"));
    let data = PathBuf::from(next("the data directory")?);
    let stage = PathBuf::from(next("the stage file")?);
    let effects_max = next("the number of effects")?.parse()?;
    let still = Duration::from_micros(next("how long to hold still")?.parse()?);

    let workspaces = data.join("workspaces");
    let store = LibsqlStore::open(&workspaces)?;
    // Its file of stages tells of commits; whoever only reads logs makes none.
    let reads = store.another();
    let beside: StoreFactory = Box::new(move || Ok(Rc::new(reads)));
    let factory: StoreFactory = Box::new(move || {
        let unavailable = |why: std::io::Error| ports::StoreError::Unavailable(why.to_string());
        let file = StageFile::open(&stage).map_err(unavailable)?;
        file.say(Stage::Between).map_err(unavailable)?;
        Ok(Rc::new(Staged::new(store, file, still)))
    });
    let host = Host::start_over(&Config { effects_max, ..Config::new(data) }, vec![factory], beside)?;
    println!("listening on {}", host.address());
    host.wait();
    Ok(())
}
