//! The manifests of a tree, read: which crate stands where and imports whom.

use super::tree::Tree;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// A crate of ours.
pub struct Manifest<'a> {
    pub path: &'a str,
    pub text: &'a str,
    /// Where it stands, such as `adapters/store-memory`.
    pub folder: &'a str,
    pub table: Table,
}

/// A line in one of its dependency tables.
pub struct Dependency {
    /// The package, not the name it goes by here.
    pub package: String,
    pub kind: Kind,
    pub line: usize,
}

/// When it is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Always,
    TestsOnly,
    BuildScript,
}

/// The crates of a tree, and the workspace names of packages.
pub struct Manifests<'a> {
    crates: Vec<Manifest<'a>>,
    /// Name in `[workspace.dependencies]` → package.
    shared: BTreeMap<String, String>,
}

impl<'a> Manifests<'a> {
    /// Reads every `Cargo.toml`. One that cannot be read is left to cargo, which says why.
    pub fn of(tree: &'a Tree) -> Self {
        let member = |(path, text): (&'a str, &'a str)| {
            let folder = path.strip_suffix("/Cargo.toml")?;
            Some(Manifest { path, text, folder, table: text.parse().ok()? })
        };
        let root: Table = tree.text("Cargo.toml").parse().unwrap_or_default();
        let shared = table_at(&root, &["workspace", "dependencies"]);
        let shared = shared.into_iter().flatten().map(|(name, value)| (name.clone(), package(name, value))).collect();
        Self { crates: tree.files().filter_map(member).collect(), shared }
    }

    pub fn crates(&self) -> &[Manifest<'a>] {
        &self.crates
    }

    /// The folder of a package of ours.
    pub fn folder_of(&self, wanted: &str) -> Option<&'a str> {
        let name_of = |manifest: &Manifest<'a>| Some(manifest.table.get("package")?.get("name")?.as_str()? == wanted);
        self.crates.iter().find(|manifest| name_of(manifest) == Some(true)).map(|manifest| manifest.folder)
    }

    /// Everything a crate imports, in all of its tables, for whatever platform.
    pub fn dependencies_of(&self, manifest: &Manifest<'a>) -> Vec<Dependency> {
        let for_platforms = table_at(&manifest.table, &["target"]).into_iter().flat_map(|targets| targets.values());
        let platforms = for_platforms.filter_map(Value::as_table);
        let mut found = Vec::new();
        for table in std::iter::once(&manifest.table).chain(platforms) {
            let kinds = [
                ("dependencies", Kind::Always),
                ("dev-dependencies", Kind::TestsOnly),
                ("build-dependencies", Kind::BuildScript),
            ];
            for (key, kind) in kinds {
                let entries = table_at(table, &[key]).into_iter().flatten();
                found.extend(entries.map(|(name, value)| self.dependency(manifest, key, kind, name, value)));
            }
        }
        found
    }

    fn dependency(&self, manifest: &Manifest<'a>, section: &str, kind: Kind, name: &str, value: &Value) -> Dependency {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let shared = if inherits { self.shared.get(name).cloned() } else { None };
        let package = shared.unwrap_or_else(|| package(name, value));
        Dependency { package, kind, line: line_of(manifest.text, section, name) }
    }
}

/// The package behind a name, which `package = "…"` may rename.
fn package(name: &str, value: &Value) -> String {
    value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
}

fn table_at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Table> {
    path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

/// Where a name stands in a section; where the file begins if it is written in an unusual way.
fn line_of(text: &str, section: &str, name: &str) -> usize {
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(header) = line.strip_prefix('[') {
            inside = header
                .split(']')
                .next()
                .is_some_and(|header| header == section || header.ends_with(&format!(".{section}")));
            if header.starts_with(&format!("{section}.{name}]")) {
                return index + 1;
            }
        }
        let after = line.trim_start_matches('"').strip_prefix(name);
        if inside && after.is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"'])) {
            return index + 1;
        }
    }
    1
}
