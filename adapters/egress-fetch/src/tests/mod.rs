//! Stories of a platform that only fetches.

mod exchanges;
mod names;
mod platform;
