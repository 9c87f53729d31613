//! Looking ahead: what a decision will ask for, found out in one go.
//!
//! A decision that misses a row begins again when it is loaded. One that goes on by itself, like a run that writes many
//! documents, would begin again for each of them and be quadratic in what it does. So while a command is decided, a row
//! that nothing but its name tells about – a document found by its path, and the key of one – is taken for absent when it
//! is not in memory, and noted. What comes of such a decision is thrown away, whatever it is: everything noted is loaded
//! together, and the command is decided again on what there is.

use super::Workspace;
use crate::key::{Key, Space};
use crate::seal::Subject;
use crate::view::Want;
use std::cell::RefCell;

/// What was missed.
#[derive(Debug, Default)]
pub(super) struct Ahead(RefCell<Option<Vec<(Space, Key)>>>);

impl Ahead {
    /// Whether the row under `key`, which is not in memory, is taken for absent meanwhile.
    pub(super) fn passes(&self, space: Space, key: &Key) -> bool {
        let is_found_by_name = matches!(key, Key::Document(_) | Key::Subject(Subject::Document(_)));
        match self.0.borrow_mut().as_mut().filter(|_| is_found_by_name) {
            Some(missed) => {
                missed.push((space, *key));
                true
            }
            None => false,
        }
    }
}

impl Workspace {
    /// Look ahead in what `prepare` does; what it comes to counts only when it missed nothing.
    pub(super) fn looking_ahead<T>(&mut self, prepare: impl FnOnce(&mut Self) -> T) -> Result<T, Want> {
        self.ahead.0.replace(Some(Vec::new()));
        let prepared = prepare(self);
        let missed = self.ahead.0.take().unwrap_or_default();
        let Some((space, _)) = missed.first().copied() else { return Ok(prepared) };
        let mut keys: Vec<Key> = missed.into_iter().filter(|(of, _)| *of == space).map(|(_, key)| key).collect();
        keys.sort_unstable();
        keys.dedup();
        Err(Want::Rows(space, keys))
    }
}

#[cfg(test)]
mod tests {
    use crate::event::DocumentWritten;
    use crate::id::KeyId;
    use crate::key::BranchId;
    use crate::machine::{Identity, Moment};
    use crate::testing::{begun, request};
    use serde_json::{Value, json};

    /// A workflow that writes a document for each of its items.
    fn writes() -> Value {
        let write = json!({"call": "documents.write", "with": {"path": "${ $item }", "text": "${ $item }"}});
        json!({
            "document": {"dsl": "1.0.0", "namespace": "n", "name": "writes", "version": "1.0.0"},
            "do": [{"each": {"for": {"in": "${ . }"}, "do": [{"write": write}]}}],
        })
    }

    #[test]
    fn a_run_that_writes_many_documents_is_not_decided_again_for_each() {
        let mut it = begun();
        it.given("workflow.define", json!({"source": writes()}));
        let items: Vec<String> = (0..60).map(|nr| format!("items/{nr}")).collect();
        let data = json!({"workflow": it.made()[0], "input": items});
        let identity = Identity::Key { key: KeyId([3; 16]), device: it.device, incarnation: 0 };
        let asked = request(identity, BranchId::Main, "run.start", &data);
        let mut decided = 0;
        it.ask(|machine| {
            decided += 1;
            machine.execute(&asked, &Moment { now_ms: 2_000, entropy: [4; 32] })
        })
        .unwrap();
        assert!(decided < 20, "60 documents were decided {decided} times");
    }

    #[test]
    fn what_was_taken_for_absent_while_looking_ahead_is_found_in_the_end() {
        let mut it = begun();
        it.given("workflow.define", json!({"source": writes()}));
        let workflow = it.made()[0];
        let versions = |items: Value, it: &mut crate::testing::Story| -> Vec<u64> {
            it.given("run.start", json!({"workflow": workflow, "input": items}));
            it.all::<DocumentWritten>().into_iter().map(|written| written.version).collect()
        };
        assert_eq!(versions(json!(["a", "b", "a"]), &mut it), [1, 1, 2]);
        assert_eq!(versions(json!(["c", "b", "a", "c"]), &mut it), [1, 2, 3, 2]);
    }
}
