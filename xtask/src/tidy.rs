//! `cargo xtask tidy`: style and architecture as a test, so that no reviewer has to say it.
//!
//! A rule is a function from a `Tree` (paths and texts, nothing else) to findings, and lives in a file of its own with
//! the stories that show it failing. A finding says what to do instead; a rule that cannot say so is not a rule.

mod clocks;
mod command_files;
mod dependencies;
mod interfaces;
mod invariants;
mod lexer;
mod manifest;
mod manifests;
mod panics;
mod places;
mod projector;
mod purity;
mod size;
mod source;
mod tree;
mod words;

use crate::failure::Failure;
use crate::wasi;
use std::fmt;
use tree::Tree;

/// Every rule by the name that findings and `docs/ARCHITECTURE.md` use.
const RULES: [(&str, Rule); 12] = [
    (dependencies::NAME, dependencies::check),
    (interfaces::NAME, interfaces::check),
    (projector::NAME, projector::check),
    (manifests::NAME, manifests::check),
    (purity::NAME, purity::check),
    (command_files::NAME, command_files::check),
    (panics::NAME, panics::check),
    (clocks::NAME, clocks::check),
    (words::NAME, words::check),
    (size::NAME, size::check),
    (places::NAME, places::check),
    (invariants::NAME, invariants::check),
];

type Rule = fn(&Tree) -> Vec<Finding>;

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.instead)
    }
}

/// Checks the whole tree and prints every finding.
pub fn run() -> Result<(), Failure> {
    let tree = Tree::read()?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|(_, rule)| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            wasi::look_at_what_is_built()?;
            eprintln!("tidy: {} files, {} rules, no findings", tree.files().count(), RULES.len());
            Ok(())
        }
        1 => Err(Failure::check("tidy: 1 finding")),
        count => Err(Failure::check(format!("tidy: {count} findings"))),
    }
}

#[cfg(test)]
mod testing {
    use super::{Finding, Tree};

    /// What a rule says about a tree of made-up files, one printed finding per line.
    pub fn findings(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        rule(&tree).iter().map(ToString::to_string).collect()
    }
}
