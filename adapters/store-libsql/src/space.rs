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
