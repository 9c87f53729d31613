//! What tests share with the processes they start and kill: a blocking client, and the stages of a commit.

mod http;
mod remote;
mod stage;
mod staged;

pub use http::{Answer, Client};
pub use remote::Remote;
pub use stage::{Stage, StageFile};
pub use staged::Staged;
