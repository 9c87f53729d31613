//! Paths and the templates they are matched with.

use kernel::id::{Id, WorkspaceId};
use ports::Problem;
use ports::problem::Fault;

/// What stands in a path where its template has names, in the order of the names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'p> {
    values: [&'p str; 3],
}

impl Params<'_> {
    /// The workspace that the path names.
    pub fn workspace(&self) -> Result<WorkspaceId, Problem> {
        let [text, ..] = self.values;
        text.parse().map_err(|_| Fault::BadId.because("the path does not name a workspace by its id"))
    }

    /// The text behind the workspace.
    pub fn text(&self) -> &str {
        let [_, text, _] = self.values;
        text
    }

    /// The text behind that.
    pub fn second(&self) -> &str {
        let [.., text] = self.values;
        text
    }

    /// The thing in the workspace that the path names.
    pub fn thing(&self) -> Result<Id, Problem> {
        self.text().parse().map_err(|_| Fault::BadId.because("the path does not name the thing by its id"))
    }
}

/// What `path` has where `template` has `{names}`; none if it is another path.
pub fn params<'p>(template: &str, path: &'p str) -> Option<Params<'p>> {
    let mut found = Params::default();
    let mut free = found.values.iter_mut();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let segment = given.next()?;
        if wanted.starts_with('{') && !segment.is_empty() {
            *free.next()? = segment;
        } else if wanted != segment {
            return None;
        }
    }
    if given.next().is_some() { None } else { Some(found) }
}

/// The names in a template, in order.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}
