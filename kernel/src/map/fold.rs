//! Folding changed rows into the state map.

use super::page::rank;
use super::{Page, PageKey, Tree};
use crate::hash::{Hash, HashText};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that changed: their hash now, or none when they are gone.
pub type Changes = BTreeMap<String, Option<Hash>>;

/// A map after a fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The root.
    pub tree: Tree,
    /// Pages that differ: their entries now, or none when they are gone.
    pub pages: BTreeMap<PageKey, Option<Page>>,
}

/// Fold `changes` into the map `tree` whose pages `load` gives. When pages are missing, says which.
pub fn fold<'a>(
    tree: Option<Tree>,
    changes: Changes,
    load: &'a dyn Fn(&PageKey) -> Option<&'a Page>,
) -> Result<Folded, BTreeSet<PageKey>> {
    if tree.is_none() && changes.is_empty() {
        return Ok(from_scratch([]));
    }
    let old = Old { height: tree.map_or(0, |tree| tree.height), load };
    let mut pages = BTreeMap::new();
    let mut edits = changes;
    let mut level = 0;
    loop {
        let after = old.fold_level(level, &edits)?;
        let top = level + 1 >= old.height && after.keys().all(|start| start.is_empty());
        edits = BTreeMap::new();
        for (start, page) in after {
            let hash = page.as_ref().map(|page| Page::hash(&page.encode(level)));
            edits.insert(start.clone(), hash);
            pages.insert(PageKey { level, start }, page);
        }
        if top {
            break;
        }
        level += 1;
    }
    finish(&old, level, pages)
}

/// Drop levels that list one page only, and name the root.
fn finish(old: &Old<'_>, level: u8, mut pages: BTreeMap<PageKey, Option<Page>>) -> Result<Folded, BTreeSet<PageKey>> {
    let mut level = level;
    loop {
        let key = PageKey { level, start: String::new() };
        let top = match pages.get(&key) {
            Some(page) => page.clone().unwrap_or_default(),
            None => old.page(&key)?.clone(),
        };
        if level == 0 || top.0.len() > 1 {
            let root = HashText(Page::hash(&top.encode(level)));
            return Ok(Folded { tree: Tree { height: level + 1, root }, pages });
        }
        pages.insert(key, None);
        level -= 1;
    }
}

/// The map as it was.
struct Old<'a> {
    height: u8,
    load: &'a dyn Fn(&PageKey) -> Option<&'a Page>,
}

type PagesOfLevel = BTreeMap<String, Option<Page>>;

impl<'a> Old<'a> {
    fn page(&self, key: &PageKey) -> Result<&'a Page, BTreeSet<PageKey>> {
        (self.load)(key).ok_or_else(|| BTreeSet::from([key.clone()]))
    }

    /// Pages of `level` that differ after `edits` to its entries.
    fn fold_level(&self, level: u8, edits: &Changes) -> Result<PagesOfLevel, BTreeSet<PageKey>> {
        let mut after = PagesOfLevel::new();
        let mut entries: BTreeMap<String, Hash> = BTreeMap::new();
        for start in self.touched(level, edits)? {
            if level < self.height {
                let page = self.page(&PageKey { level, start: start.clone() })?;
                entries.extend(page.0.iter().cloned());
            }
            after.insert(start, None);
        }
        for (key, hash) in edits {
            match hash {
                Some(hash) => entries.insert(key.clone(), *hash),
                None => entries.remove(key),
            };
        }
        let mut starts: BTreeSet<String> = after.keys().cloned().collect();
        for (key, hash) in entries {
            if rank(&key) > level {
                starts.insert(key.clone());
            }
            // An old page whose first key is gone gives its entries to the page before it, which was loaded too.
            let gone = |start: &str| !start.is_empty() && edits.get(start).is_some_and(Option::is_none);
            let start = starts.range(..=key.clone()).rev().find(|start| !gone(start)).cloned().unwrap_or_default();
            after.entry(start).or_default().get_or_insert_default().0.push((key, hash));
        }
        // The first page of a level is always there.
        if let Some(first) = after.get_mut("") {
            first.get_or_insert_default();
        }
        Ok(after)
    }

    /// First keys of the old pages that `edits` change, with the page before one whose first key goes.
    fn touched(&self, level: u8, edits: &Changes) -> Result<BTreeSet<String>, BTreeSet<PageKey>> {
        let mut touched = BTreeSet::new();
        let mut missing = BTreeSet::new();
        let mut note = |found: Result<String, BTreeSet<PageKey>>| match found {
            Ok(start) => {
                touched.insert(start);
            }
            Err(pages) => missing.extend(pages),
        };
        for (key, hash) in edits {
            note(self.locate(level, key, false));
            if hash.is_none() && !key.is_empty() && rank(key) > level {
                note(self.before_gone(level, key, edits));
            }
        }
        if level < self.height {
            for start in &touched {
                let key = PageKey { level, start: start.clone() };
                if (self.load)(&key).is_none() {
                    missing.insert(key);
                }
            }
        }
        if missing.is_empty() { Ok(touched) } else { Err(missing) }
    }

    /// The nearest page before `key` whose first key stays.
    fn before_gone(&self, level: u8, key: &str, edits: &Changes) -> Result<String, BTreeSet<PageKey>> {
        let mut start = self.locate(level, key, true)?;
        while !start.is_empty() && edits.get(&start).is_some_and(Option::is_none) {
            start = self.locate(level, &start, true)?;
        }
        Ok(start)
    }

    /// First key of the old page of `level` that `key` falls into; of the one before it when `strictly`.
    fn locate(&self, level: u8, key: &str, strictly: bool) -> Result<String, BTreeSet<PageKey>> {
        let mut start = String::new();
        for above in (level.saturating_add(1)..self.height).rev() {
            let page = self.page(&PageKey { level: above, start: start.clone() })?;
            let before =
                |entry: &&(String, Hash)| if strictly { entry.0.as_str() < key } else { entry.0.as_str() <= key };
            start = page.0.iter().take_while(before).last().map_or(start, |(first, _)| first.clone());
        }
        Ok(start)
    }
}

/// The map of exactly these rows, which come in order: what every fold has to agree with.
pub fn from_scratch(rows: impl IntoIterator<Item = (String, Hash)>) -> Folded {
    let mut pages = BTreeMap::new();
    let mut entries: Vec<(String, Hash)> = rows.into_iter().collect();
    let mut level = 0;
    loop {
        let mut row_of_pages: Vec<(String, Page)> = vec![(String::new(), Page::default())];
        for (key, hash) in entries {
            if rank(&key) > level && !key.is_empty() {
                row_of_pages.push((key.clone(), Page::default()));
            }
            if let Some((_, page)) = row_of_pages.last_mut() {
                page.0.push((key, hash));
            }
        }
        entries = row_of_pages.iter().map(|(start, page)| (start.clone(), Page::hash(&page.encode(level)))).collect();
        pages.extend(row_of_pages.into_iter().map(|(start, page)| (PageKey { level, start }, Some(page))));
        if let [(_, root)] = entries.as_slice() {
            return Folded { tree: Tree { height: level + 1, root: HashText(*root) }, pages };
        }
        level += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u64) -> (String, Hash) {
        (format!("task/{n:05}"), [n as u8; 32])
    }

    fn apply(pages: &mut BTreeMap<PageKey, Page>, folded: &Folded) {
        for (key, page) in &folded.pages {
            match page {
                Some(page) => pages.insert(key.clone(), page.clone()),
                None => pages.remove(key),
            };
        }
    }

    /// Fold one batch after another, loading pages only when asked, and compare with the map built from scratch.
    fn check(batches: &[Vec<(u64, bool)>]) {
        let mut stored: BTreeMap<PageKey, Page> = BTreeMap::new();
        let mut tree = None;
        let mut rows: BTreeMap<String, Hash> = BTreeMap::new();
        for (salt, batch) in batches.iter().enumerate() {
            let mut changes = Changes::new();
            for (n, stays) in batch {
                let (key, mut hash) = row(*n);
                hash[1] = salt as u8;
                if *stays {
                    rows.insert(key.clone(), hash);
                } else {
                    rows.remove(&key);
                }
                changes.insert(key, stays.then_some(hash));
            }
            let mut loaded: BTreeMap<PageKey, Page> = BTreeMap::new();
            let folded = loop {
                let missing = match fold(tree, changes.clone(), &|key| loaded.get(key)) {
                    Ok(folded) => break folded,
                    Err(missing) => missing,
                };
                for key in missing {
                    let page = stored.get(&key).unwrap_or_else(|| panic!("asked for {key:?}, which never was")).clone();
                    loaded.insert(key, page);
                }
            };
            apply(&mut stored, &folded);
            tree = Some(folded.tree);
            let scratch = from_scratch(rows.clone());
            assert_eq!(folded.tree, scratch.tree, "batch {salt}");
            let expected: BTreeMap<_, _> = scratch.pages.into_iter().filter_map(|(k, p)| Some((k, p?))).collect();
            assert_eq!(stored, expected, "batch {salt}");
        }
    }

    #[test]
    fn nothing_folds_to_the_map_of_nothing() {
        check(&[vec![], vec![]]);
        check(&[vec![(3, false)], vec![], vec![(3, true)], vec![]]);
    }

    #[test]
    fn the_root_depends_on_the_rows_alone() {
        let up: Vec<(u64, bool)> = (0..2_000).map(|n| (n, true)).collect();
        check(std::slice::from_ref(&up));
        check(&up.chunks(7).map(<[_]>::to_vec).collect::<Vec<_>>());
        let mut scattered: Vec<(u64, bool)> = up.iter().map(|(n, _)| (n * 7919 % 2_000, true)).collect();
        scattered.extend((0..1_990).map(|n| (n * 31 % 2_000, false)));
        check(&scattered.chunks(97).map(<[_]>::to_vec).collect::<Vec<_>>());
        check(&[up.clone(), up.iter().map(|(n, _)| (*n, false)).collect(), vec![(3, true)]]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..proptest::prelude::ProptestConfig::with_cases(48)
        })]
        #[test]
        fn any_history_of_writes_and_removals_folds_to_the_map_of_what_is_left(
            batches in proptest::collection::vec(proptest::collection::vec((0u64..600, proptest::prelude::any::<bool>()), 0..120), 1..12)
        ) {
            check(&batches);
        }
    }
}
