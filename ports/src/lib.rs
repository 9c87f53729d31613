//! Ports: what the portable functions need from the place they run in.
//!
//! Every port is a `?Send` trait, so one handler serves a single-threaded edge isolate and a native executor alike.
//! Adapters implement ports; a conformance kit in `adapters/testkit` states what an implementation must hold.

pub mod ambient;
pub mod calls;
pub mod directory;
pub mod egress;
pub mod fetch;
pub mod history;
pub mod live;
pub mod notices;
pub mod problem;
pub mod provider;
pub mod read_models;
pub mod restored;
pub mod sequencing;
pub mod space;
pub mod sql;
pub mod store;
pub mod transfer;
pub mod vault;
pub mod verification;
pub mod views;
pub mod wire;

pub use ambient::{Clock, Entropy, EntropyError, Timer};
pub use directory::Directory;
pub use egress::{
    Dial, Egress, EgressAnswer, EgressBody, EgressFailure, EgressPolicy, EgressRequest, EgressResponse, Resolver,
};
pub use fetch::Fetch;
pub use live::{LiveChannel, LiveDelta, LiveSubscription};
pub use notices::Notices;
pub use problem::Problem;
pub use provider::{Codec, Decoder, Live, Models, Silent};
pub use read_models::{KeepModels, ModelsError, ReadModels};
pub use sequencing::{Sequencing, SequencingError, SnapshotView};
pub use sql::{Sql, SqlError, SqlValue};
pub use store::shared::{SharedStore, Watch};
pub use store::{Conflict, Sizes, Space, Store, StoreError};
pub use vault::{Secret, Vault, VaultError};
pub use verification::{Support, Verification, Verifier};
