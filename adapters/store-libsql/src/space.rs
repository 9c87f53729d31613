//! How much room there is, and what takes it.

use std::path::Path;

use ports::{Sizes, Space};

use crate::fault::Trouble;
use crate::open::Open;
use crate::statement::{Statement, integer, string};

/// Pages of the file, those of them that hold nothing, and bytes of one. All of it stands in its header.
const PAGES: &str = "SELECT CAST(page_count AS INTEGER), CAST(freelist_count AS INTEGER), CAST(page_size AS INTEGER) \
                     FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
const LOG: &str = "SELECT CAST(coalesce(sum(length(body) + length(sealed)), 0) AS INTEGER) FROM events";
const ROWS: &str = "SELECT CAST(space AS BLOB), CAST(sum(length(value)) AS INTEGER) FROM rows GROUP BY space";

impl Open {
    /// Bytes of the file that hold something, and the most there may be: what was said, or what the disk has room for. The
    /// rest of the file is written to before it grows.
    pub(crate) fn space(&self, limit: Option<u64>) -> Result<Space, Trouble> {
        let mut numbers = [0; 3];
        Statement::prepare(&self.connection, PAGES)?.each([], |row| {
            numbers = [0, 1, 2].map(|nth| integer(row, nth).unwrap_or_default());
            Ok(())
        })?;
        let [pages, empty, size] = numbers;
        let (used, empty) = (pages.saturating_sub(empty).saturating_mul(size), empty.saturating_mul(size));
        let disk = free(&self.files.database).map(|free| used.saturating_add(empty).saturating_add(free));
        Ok(Space { used, limit: limit.into_iter().chain(disk).min() })
    }

    /// Bytes of values, of events and of rows by space.
    pub(crate) fn sizes(&self) -> Result<Sizes, Trouble> {
        let mut sizes = Sizes::default();
        Statement::prepare(&self.connection, LOG)?.each([], |row| {
            sizes.log = integer(row, 0).unwrap_or_default();
            Ok(())
        })?;
        Statement::prepare(&self.connection, ROWS)?.each([], |row| {
            sizes.spaces.extend(string(row, 0).zip(integer(row, 1)));
            Ok(())
        })?;
        Ok(sizes)
    }
}

/// Bytes that this process may still write to the disk with `path`, where the system says so.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use crate::LibsqlStore;
    use crate::pragma::script;
    use ports::{Store as _, StoreError};
    use testkit::block_on;
    use testkit::store::{Hand, dump, put};

    /// Let the file have so many pages at most, as on a disk that is full then.
    fn bound(store: &LibsqlStore, pages: u64) {
        let said = store.with("w1", |open| {
            script(&open.connection, &format!("PRAGMA max_page_count={pages}"))
                .map_err(|why| StoreError::Unavailable(why.to_string()))
        });
        said.unwrap();
    }

    #[test]
    fn a_commit_that_finds_no_room_is_named_and_leaves_nothing_and_the_next_one_may_find_some() {
        let dir = std::env::temp_dir().join(format!("kernelos-full-{}", std::process::id()));
        let store = LibsqlStore::open(&dir).unwrap();
        block_on(async {
            let mut hand = Hand::create(&store, "w1").await.unwrap();
            hand.write(&store, 1, vec![put("main.0", "a", "1")]).await.unwrap();
            bound(&store, 40);
            let large = |nth: u64| vec![put("main.0", &format!("k{nth}"), vec![7; 9_000])];
            let mut written = 0;
            let why = loop {
                match hand.write(&store, 1, large(written)).await {
                    Ok(()) => written += 1,
                    Err(StoreError::Unavailable(why)) => break why,
                    Err(other) => panic!("{other}"),
                }
                assert!(written < 100);
            };
            assert!(why.contains("full"), "{why}");
            let before = dump(&store, "w1").await.unwrap();
            assert_eq!(
                (before.head.pos, before.events.len() as u64),
                (written + 1, written + 1),
                "it is read as before"
            );
            assert_eq!(store.check("w1").await.unwrap(), Vec::<String>::new());
            bound(&store, 100);
            hand.write(&store, 1, large(written)).await.unwrap();
            let space = store.space("w1").await.unwrap();
            assert!(space.used > 9_000 * written && space.limit.is_none_or(|limit| limit > space.used));
            let sizes = store.sizes("w1").await.unwrap();
            assert!(sizes.spaces["main.0"] > 9_000 * written && sizes.log > 0);
        });
        drop(store);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
