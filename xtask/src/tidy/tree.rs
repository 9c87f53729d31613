//! What the rules see: paths and texts. Nothing of it is on a disk, so a test can make one up.

use super::source::Source;
use crate::failure::Failure;
use crate::process;
use std::collections::BTreeMap;

/// The files under version control, or about to be.
pub struct Tree {
    files: BTreeMap<String, String>,
    sources: BTreeMap<String, Source>,
}

impl Tree {
    /// Every text file that git knows or would add. A file that is not text has no style.
    pub fn read() -> Result<Self, Failure> {
        let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let paths = process::output(&mut process::program("git", &listed))?;
        let root = process::root();
        let text_of = |path: &str| Some((path.to_owned(), std::fs::read_to_string(root.join(path)).ok()?));
        Ok(Self::new(paths.split('\0').filter(|path| !path.is_empty()).filter_map(text_of)))
    }

    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let files: BTreeMap<String, String> = files.into_iter().collect();
        let mut sources: BTreeMap<String, Source> = files
            .iter()
            .filter(|(path, _)| has_extension(path, "rs"))
            .map(|(path, text)| (path.clone(), Source::new(text)))
            .collect();
        mark_test_files(&mut sources);
        Self { files, sources }
    }

    /// All files, in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files, read.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// The Rust files that end up in what we ship: not tests, not the kit for tests, not these tools.
    pub fn shipped_sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources().filter(|(path, source)| !source.is_test_file() && !is_of_tests(path))
    }

    pub fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }
}

/// Whether a path ends in this extension.
pub fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// Rooms and folders that cargo builds for tests only.
fn is_of_tests(path: &str) -> bool {
    let rooms = ["tests/", "xtask/", "adapters/testkit/"];
    let folders = ["/tests/", "/benches/", "/examples/"];
    rooms.iter().any(|room| path.starts_with(room)) || folders.iter().any(|folder| path.contains(folder))
}

/// `#[cfg(test)] mod stories;` makes `stories.rs` and everything below it test code.
fn mark_test_files(sources: &mut BTreeMap<String, Source>) {
    let mut roots = Vec::new();
    for (path, source) in &*sources {
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        let stem = file.trim_end_matches(".rs");
        let home = if ["lib", "main", "mod"].contains(&stem) { folder.to_owned() } else { format!("{folder}/{stem}") };
        roots.extend(source.test_modules().map(|module| format!("{home}/{module}")));
    }
    for (path, source) in sources {
        let below =
            |root: &String| path.strip_prefix(root.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
        if roots.iter().any(below) {
            source.mark_as_test_file();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_declared_for_tests_takes_its_file_and_its_folder_along() {
        let tree = Tree::new(
            [
                ("kernel/src/lib.rs", "mod state; #[cfg(test)] mod stories;"),
                ("kernel/src/state.rs", "#[cfg(test)]\nmod tests;"),
                ("kernel/src/state/tests.rs", ""),
                ("kernel/src/stories.rs", ""),
                ("kernel/src/stories/long.rs", ""),
                ("kernel/src/stories_told.rs", ""),
                ("tests/src/lib.rs", ""),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned())),
        );
        let shipped: Vec<&str> = tree.shipped_sources().map(|(path, _)| path).collect();
        assert_eq!(shipped, ["kernel/src/lib.rs", "kernel/src/state.rs", "kernel/src/stories_told.rs"]);
    }
}
