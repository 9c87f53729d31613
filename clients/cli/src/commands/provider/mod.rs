//! `kernelos provider`: who answers for the models, verified before it counts.

mod connect;
mod explain;
mod key;
mod list;
mod test;
mod verify;

pub use connect::{Wanted, connect, told};
pub use key::refuse_key;
pub use list::CONNECT;

use crate::args::provider::{Key, Provider};
use crate::outcome::Problem;
use crate::place::Place;
use std::path::Path;

pub fn run(place: &Place, provider: &Provider) -> Result<(), Problem> {
    match provider {
        Provider::Connect(wanted) => connect::run(place, wanted),
        Provider::List(reading) => list::run(place, reading),
        Provider::Test(wanted) => test::run(place, wanted),
        Provider::Key(Key::Set(name)) => key::set(key_here(place)?, &name.name),
        Provider::Key(Key::Remove(name)) => key::remove(key_here(place)?, &name.name),
    }
}

/// Keys are typed into the vault of this machine. One elsewhere is filled by whoever runs that host.
fn key_here(place: &Place) -> Result<&Path, Problem> {
    place.here(
        "kernelos provider key",
        "Keep the key with that host, as a secret or an environment variable NAME of it, and say --key-ref env:NAME when you \
         connect the provider.",
    )
}
