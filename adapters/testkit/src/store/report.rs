//! What a run of the suite found.

use std::fmt;

/// Which cases held, and which did not and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Names of the cases that held.
    pub passed: Vec<&'static str>,
    /// Names of the cases that did not hold, and what was seen instead.
    pub failed: Vec<(&'static str, String)>,
}

impl Report {
    /// Whether the case called `name` did not hold.
    pub fn names(&self, name: &str) -> bool {
        self.failed.iter().any(|(failed, _)| *failed == name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cases held, {} did not", self.passed.len(), self.failed.len())?;
        self.failed.iter().try_for_each(|(name, why)| writeln!(f, "- {name}: {why}"))
    }
}
