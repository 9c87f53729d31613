//! One thing that is wrong with a file, where, and what to write instead.

use super::Mark;
use serde_json::{Value, json};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub mark: Mark,
    /// Stable code.
    pub code: String,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Finding {
    /// Something is wrong at `mark`.
    pub fn new(mark: Mark, code: &str, what: impl Into<String>) -> Self {
        Self { mark, code: code.to_owned(), what: what.into(), hint: None }
    }

    /// Advise.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// As compilers say it, so that editors can jump there.
    pub fn line(&self, file: &str) -> String {
        let Mark { line, column } = self.mark;
        let hint = self.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        format!("{file}:{line}:{column}: {}{hint}", self.what)
    }

    /// The same as JSON.
    pub fn json(&self, file: &str) -> Value {
        let Mark { line, column } = self.mark;
        json!({
            "file": file, "line": line, "column": column, "code": self.code, "message": self.what, "hint": self.hint,
        })
    }
}
