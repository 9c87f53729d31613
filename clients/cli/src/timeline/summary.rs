//! How a task went, in numbers.

use super::render;
use crate::words::counted;
use serde_json::{Value, json};

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// With this output.
    Done(Value),
    /// With an error.
    Failed {
        /// Kind of failure, in the words of the workflow language.
        class: String,
        /// Kind of failure, closer.
        title: String,
        /// What happened.
        detail: String,
    },
    /// Somebody cancelled it.
    Cancelled,
}

/// How a task went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Since it began, milliseconds.
    pub at_ms: u64,
    /// Tasks of the workflow that are done.
    pub tasks: u64,
    /// Uses of capabilities.
    pub calls: u64,
    /// Model calls.
    pub model_calls: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Cost, in millionths of the currency of the prices.
    pub cost_micros: u64,
    /// How often an attempt was repeated.
    pub retries: u64,
    /// How often a person was asked.
    pub asked: u64,
    /// How it ended; none while it goes on.
    pub ending: Option<Ending>,
}

impl Summary {
    /// In a line.
    pub fn line(&self) -> String {
        let count = |count: u64, what: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
        let mut parts = vec![render::duration(self.at_ms), format!("{} done", count(self.tasks, "task"))];
        if self.model_calls > 0 {
            let tokens = format!("{} tokens in, {} out", self.input_tokens, self.output_tokens);
            parts.push(format!("{} ({tokens})", count(self.model_calls, "model call")));
        }
        parts.extend(render::cost(self.cost_micros).map(|cost| format!("cost {cost}")));
        if self.asked > 0 {
            parts.push(format!("people asked: {}", self.asked));
        }
        if self.retries > 0 {
            parts.push(format!("attempts repeated: {}", self.retries));
        }
        parts.join(" · ")
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "duration_ms": self.at_ms, "tasks": self.tasks, "calls": self.calls, "model_calls": self.model_calls,
            "input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "cost_micros": self.cost_micros,
            "retries": self.retries, "asked": self.asked,
        })
    }
}
