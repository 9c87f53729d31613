//! Where the parts of a file stand.

use saphyr_parser::{Marker, ScalarStyle};
use std::collections::BTreeMap;

/// A place in a file, counted from one; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Mark {
    /// The first character.
    pub const BEGIN: Self = Self { line: 1, column: 1 };

    /// Where the parser is.
    pub fn of(marker: Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// A value, where it stands.
#[derive(Debug)]
pub struct Tree {
    /// Its key; an element of a list has none of its own and points at itself.
    pub key: Mark,
    /// It.
    pub value: Mark,
    /// For text: how it is written, and at which characters of the file it begins and ends.
    pub written: Option<(ScalarStyle, usize, usize)>,
    /// Members and elements by the token of a JSON pointer.
    pub parts: BTreeMap<String, Tree>,
}

impl Tree {
    /// The value at `pointer`, or the last on the way to it that is there.
    pub fn find(&self, pointer: &str) -> &Self {
        let mut found = self;
        for token in pointer.split('/').skip(1) {
            let Some(part) = found.parts.get(&token.replace("~1", "/").replace("~0", "~")) else { break };
            found = part;
        }
        found
    }
}
