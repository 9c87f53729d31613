//! Segments: one after the other from the first event to where the log begins, and nothing beside what they name.

use super::{Verified, all_rows};
use kernel::segment::{Entry, SEGMENTS_SPACE};
use ports::{Store, StoreError};
use std::collections::BTreeSet;

/// Compare the entries with one another, with where the log begins, and with what is stored. What is in a segment is replayed
/// with the log.
pub(super) async fn compare(
    store: &dyn Store,
    log: u64,
    name: &str,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let Some(stored) = all_rows(store, name, SEGMENTS_SPACE, verified).await? else { return Ok(()) };
    let (mut packed, mut named) = (0, BTreeSet::new());
    for (key, row) in stored.iter().filter(|(key, _)| !Entry::is_named(key)) {
        let what = format!("row {SEGMENTS_SPACE}/{key}");
        let entry =
            match Entry::last_of(key).ok_or("it is no entry".to_owned()).and_then(|last| Entry::read(last, &row.value))
            {
                Ok(entry) => entry,
                Err(why) => {
                    verified.find(what, why);
                    continue;
                }
            };
        if entry.first != packed + 1 {
            verified.find(what, format!("it begins with event {}, and event {} comes next", entry.first, packed + 1));
        }
        packed = entry.last;
        for at in entry.names().map(Entry::named) {
            if !stored.contains_key(&at.key) {
                let of = format!("segment of events {} to {}", entry.first, entry.last);
                verified.find(of, format!("row {}/{} is not there", at.space, at.key));
            }
            named.insert(at.key);
        }
    }
    for key in stored.keys().filter(|key| Entry::is_named(key) && !named.contains(*key)) {
        verified.find(format!("row {SEGMENTS_SPACE}/{key}"), "no segment names it");
    }
    if log != packed + 1 {
        verified.find("log", format!("it begins with event {log}, and events up to {packed} are packed"));
    }
    Ok(())
}
