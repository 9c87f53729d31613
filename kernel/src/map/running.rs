//! The root of rows that come in order, without holding them.

use super::page::rank;
use super::{Page, Tree};
use crate::hash::{Hash, HashText};

/// A map that is built from its first row to its last. It holds a page of each level: of a million rows some six pages.
#[derive(Debug)]
pub struct Running {
    /// The page that is being filled at each level, and the key it begins with.
    levels: Vec<(String, Page)>,
}

impl Default for Running {
    fn default() -> Self {
        Self { levels: vec![(String::new(), Page::default())] }
    }
}

impl Running {
    /// Take the next row; keys come in order.
    pub fn push(&mut self, key: String, hash: Hash) {
        self.push_at(0, key, hash);
    }

    fn push_at(&mut self, level: u8, key: String, hash: Hash) {
        if !key.is_empty() && rank(&key) > level {
            self.close(level, key.clone());
        }
        if self.levels.len() <= usize::from(level) {
            self.levels.push((String::new(), Page::default()));
        }
        if let Some((_, page)) = self.levels.get_mut(usize::from(level)) {
            page.0.push((key, hash));
        }
    }

    /// End the page of a level; the next one begins with `next`.
    fn close(&mut self, level: u8, next: String) {
        let Some((start, page)) = self.levels.get_mut(usize::from(level)) else { return };
        let (start, page) = (std::mem::replace(start, next), std::mem::take(page));
        self.push_at(level + 1, start, Page::hash(&page.encode(level)));
    }

    /// The map of all rows that were taken: what [`super::from_scratch`] comes to.
    pub fn end(mut self) -> Tree {
        let mut level = 0;
        loop {
            let is_top = self.levels.len() == usize::from(level) + 1;
            let page = self.levels.get(usize::from(level)).filter(|_| is_top).map(|(_, page)| page.encode(level));
            if let Some(page) = page {
                return Tree { height: level + 1, root: HashText(Page::hash(&page)) };
            }
            self.close(level, String::new());
            level += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::from_scratch;

    fn check(keys: impl IntoIterator<Item = u64>) {
        let keys: std::collections::BTreeSet<String> = keys.into_iter().map(|key| format!("task/{key}")).collect();
        let rows = || keys.iter().map(|key| (key.clone(), crate::machine::row_hash(key.as_bytes())));
        let mut running = Running::default();
        rows().for_each(|(key, hash)| running.push(key, hash));
        assert_eq!(running.end(), from_scratch(rows()).tree);
    }

    #[test]
    fn the_root_of_rows_in_order_is_that_of_the_map_built_at_once() {
        check([]);
        check([1]);
        // Alone, a key that begins a page at several levels leaves an empty page before it.
        (0..6_000).filter(|key| rank(&format!("task/{key}")) > 2).for_each(|key| check([key]));
        check(0..5_000);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..proptest::prelude::ProptestConfig::with_cases(64)
        })]
        #[test]
        fn any_rows_in_order_have_the_root_of_their_map(keys in proptest::collection::vec(0u64..100_000, 0..400)) {
            check(keys);
        }
    }
}
