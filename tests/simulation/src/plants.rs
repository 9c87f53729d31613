//! placeholder
use super::disk::Disk;
use testkit::store::Subject;
/// A bug that is planted.
pub struct Plant {}
/// A slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// x
    Lies,
}
impl Plant {
    /// x
    pub fn all() -> Vec<Plant> {
        Vec::new()
    }
    /// x
    pub fn named(_name: &str) -> Option<Plant> {
        None
    }
    /// x
    pub fn name(&self) -> &'static str {
        ""
    }
    /// x
    pub fn breaks(&self) -> &'static str {
        ""
    }
    pub(crate) fn over(&self, disk: Disk) -> Box<dyn Subject> {
        Box::new(disk)
    }
    pub(crate) fn slip(&self) -> Option<Slip> {
        None
    }
}
