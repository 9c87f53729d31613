//! How a story says what it saw instead of what it expected.

use std::fmt::Debug;

use kernel::storage::{Address, Head, Row, StoredEvent};
use ports::{Store, StoreError};

/// Why a case did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why(pub String);

impl From<StoreError> for Why {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<String> for Why {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// Hold that `got` is `want`.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, got: &T, want: &T) -> Result<(), Why> {
    if got == want {
        return Ok(());
    }
    Err(Why(format!("{what}: got {}, not {}", short(got), short(want))))
}

/// Hold that `that` is so.
pub(crate) fn holds(what: &str, that: bool) -> Result<(), Why> {
    if that { Ok(()) } else { Err(Why(what.to_owned())) }
}

/// Hold that `got` is the refusal `want`.
pub(crate) fn refused<T: Debug>(what: &str, got: Result<T, StoreError>, want: &StoreError) -> Result<(), Why> {
    match got {
        Ok(value) => Err(Why(format!("{what}: accepted with {}, not refused with {want:?}", short(&value)))),
        Err(error) => same(what, &error, want),
    }
}

/// Hold that `got` is a refusal of some kind.
pub(crate) fn refused_somehow<T: Debug>(what: &str, got: Result<T, StoreError>) -> Result<(), Why> {
    match got {
        Ok(value) => Err(Why(format!("{what}: accepted with {}", short(&value)))),
        Err(_) => Ok(()),
    }
}

/// Values of stories can have a megabyte; a reader needs the beginning.
fn short(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut cut: String = text.chars().take(400).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Everything a workspace shows through the port. Two workspaces are equal exactly when their dumps are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// The head.
    pub head: Head,
    /// All events.
    pub events: Vec<StoredEvent>,
    /// All rows of all listed spaces.
    pub rows: Vec<(Address, Row)>,
}

/// Read everything `workspace` holds.
pub async fn dump(store: &dyn Store, workspace: &str) -> Result<Dump, StoreError> {
    let mut rows = Vec::new();
    for space in store.spaces(workspace).await? {
        for (key, row) in store.range(workspace, &space, "", "\u{7f}", usize::MAX).await? {
            rows.push((Address::new(space.clone(), key), row));
        }
    }
    let events = store.events(workspace, 0, usize::MAX).await?;
    Ok(Dump { head: store.head(workspace).await?, events, rows })
}
