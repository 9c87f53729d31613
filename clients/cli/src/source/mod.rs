//! Files that people write: YAML or JSON, read into one JSON value that knows where everything stands.
//!
//! What is read is the part of YAML 1.2 that says the same as JSON. The rest – anchors, tags, several documents, keys
//! that are no text – is refused where it stands, so nothing is ever read that its author did not mean.

mod build;
mod finding;
mod inside;
mod place;
mod scalar;
mod tree;

pub use finding::Finding;
pub use place::Place;
pub use tree::Mark;

use crate::outcome::Problem;
use build::Builder;
use kernel::workflow::Definition;
use saphyr_parser::{Parser, ScanError};
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;
use tree::Tree;

/// The bytes of a file, no more of them than are ever read.
pub fn open(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|why| Problem::usage(format!("{}: {why}", path.display()), "Name a file that can be read."))?;
    Ok(bytes)
}

/// A workflow in the bytes of a file, or everything that is wrong with it.
pub fn workflow(bytes: &[u8]) -> Result<(Source, Definition), Vec<Finding>> {
    let source = Source::read(bytes).map_err(|finding| vec![finding])?;
    match Definition::parse(&source.value) {
        Ok(definition) => Ok((source, definition)),
        Err(mistakes) => {
            let mut findings: Vec<Finding> = mistakes.iter().map(|mistake| source.finding(mistake)).collect();
            findings.sort_by_key(|finding| finding.mark);
            Err(findings)
        }
    }
}

/// The most bytes a file may have.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// How deep values of a file may be nested.
pub const DEPTH_MAX: usize = 100;
/// The most values a file may have.
pub const VALUES_MAX: usize = 65_536;

/// A file that was read.
#[derive(Debug)]
pub struct Source {
    /// What it says.
    pub value: Value,
    tree: Tree,
    text: Vec<char>,
}

impl Source {
    /// Read the bytes of a file.
    pub fn read(bytes: &[u8]) -> Result<Self, Finding> {
        if bytes.len() > FILE_BYTES_MAX {
            let what = format!("the file has {} bytes; at most {FILE_BYTES_MAX} are read", bytes.len());
            return Err(Finding::new(Mark::BEGIN, "too_large", what));
        }
        let text = std::str::from_utf8(bytes).map_err(|why| not_text(bytes, why.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|why| unreadable(&why))?;
            builder.take(event, span)?;
        }
        let (value, tree) = builder.end()?;
        Ok(Self { value, tree, text: text.chars().collect() })
    }

    /// Where the value at `pointer` stands, or its key. What is not there is looked for at what would hold it.
    pub fn mark(&self, pointer: &str, at_key: bool) -> Mark {
        let tree = self.tree.find(pointer);
        if at_key { tree.key } else { tree.value }
    }

    /// Where byte `offset` of the text at `pointer` stands; the text itself when that cannot be said.
    pub fn mark_inside(&self, pointer: &str, offset: usize) -> Mark {
        let tree = self.tree.find(pointer);
        let text = self.value.pointer(pointer).and_then(Value::as_str);
        let inside = text.and_then(|text| inside::mark(&self.text, tree, text, offset));
        inside.unwrap_or(tree.value)
    }

    /// The whole of it, to be looked at.
    pub fn root(&self) -> Place<'_> {
        Place::root(self)
    }

    /// What the kernel says is wrong with it, where it stands in the file.
    pub fn finding(&self, mistake: &kernel::workflow::Mistake) -> Finding {
        let mark = match mistake.offset {
            Some(offset) => self.mark_inside(&mistake.pointer, offset),
            None => self.mark(&mistake.pointer, mistake.at_key),
        };
        let finding = Finding::new(mark, mistake.code, &mistake.message);
        Finding { hint: mistake.hint.clone(), ..finding }
    }
}

fn not_text(bytes: &[u8], valid: usize) -> Finding {
    let before = bytes.get(..valid).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    let finding = Finding::new(Mark { line, column }, "not_text", "the file is not UTF-8 from here on");
    finding.hint("save it as UTF-8")
}

fn unreadable(why: &ScanError) -> Finding {
    let finding = Finding::new(Mark::of(*why.marker()), "not_yaml", format!("this is not YAML: {}", why.info()));
    match why.info() {
        info if info.contains("tab") => finding.hint("indent with spaces"),
        info if info.contains("mapping values are not allowed") => finding.hint(
            "put text that has a colon in it in quotes or on lines of its own below `|`, and check the indentation",
        ),
        info if info.contains("start any token") => finding.hint("put text that begins with this character in quotes"),
        _ => finding.hint("check the indentation, brackets and quotes up to here"),
    }
}

#[cfg(test)]
mod seeded;
#[cfg(test)]
mod tests;
