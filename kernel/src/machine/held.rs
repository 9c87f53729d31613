//! How much a machine holds that it could load again, for hosts that have to share their memory among many.

use super::Workspace;

/// What a machine holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Rows.
    pub rows: usize,
    /// Pages of the state map.
    pub pages: usize,
    /// Opened data keys.
    pub keys: usize,
    /// Bytes of content: opened texts, the texts of parsed values, events and blobs that carry what was asked for.
    pub content_bytes: usize,
}

impl Workspace {
    /// What is held now. [`Workspace::forget`] gives it back.
    pub fn held(&self) -> Held {
        let carried = self.carriers.values().map(|event| event.body.len() + event.sealed.len());
        let apart = self.blobs.values().map(Vec::len);
        Held {
            rows: self.state.len(),
            pages: self.pages.len(),
            keys: self.keys.len(),
            content_bytes: self.insight.bytes() + carried.chain(apart).sum::<usize>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Held;
    use crate::effect::work;
    use crate::key::Line;
    use crate::testing::begun;

    #[test]
    fn what_is_held_is_counted_and_given_back_together() {
        let mut it = begun();
        let effect = it.leased("What is the capital of France?");
        it.ask(|machine| Ok(work(&machine.read(Line::default()), effect)?)).unwrap();
        let held = it.machine.held();
        assert!(held.rows > 0 && held.keys > 0 && held.content_bytes > 0, "{held:?}");
        it.machine.forget();
        assert_eq!(it.machine.held(), Held::default());
    }
}
