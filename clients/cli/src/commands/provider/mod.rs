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
use std::path::Path;

pub fn run(data: &Path, provider: &Provider) -> Result<(), Problem> {
    match provider {
        Provider::Connect(wanted) => connect::run(data, wanted),
        Provider::List(reading) => list::run(data, reading),
        Provider::Test(wanted) => test::run(data, wanted),
        Provider::Key(Key::Set(name)) => key::set(data, &name.name),
        Provider::Key(Key::Remove(name)) => key::remove(data, &name.name),
    }
}
