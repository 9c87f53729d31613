//! A workspace's file, open.

use std::fs::{self, File};

use libsql::{Connection, OpenFlags};
use ports::StoreError;

use crate::anchor::{Anchor, Found, Mark};
use crate::data_dir::{DataDir, remove_file, unavailable};
use crate::fault::{Trouble, damaged};
use crate::files::{Files, companions};
use crate::pragma;
use crate::read::Reads;
use crate::schema;
use crate::whole::Stored;
use crate::writes::Writes;

/// One connection, its prepared statements, and the anchor.
pub(crate) struct Open {
    pub(crate) reads: Reads,
    pub(crate) writes: Writes,
    pub(crate) anchor: Anchor,
    /// How often the head was replaced, as far as this connection knows.
    pub(crate) turn: u64,
    /// Why nothing may be claimed or committed.
    pub(crate) lost: Option<String>,
    /// Set when it is unknown what a failed commit left behind.
    pub(crate) unsure: bool,
    pub(crate) connection: Connection,
    pub(crate) files: Files,
}

impl Open {
    /// Make the file of a new workspace. It is prepared under another name: a file by the right name is always whole.
    pub(crate) fn create(dir: &DataDir, files: &Files) -> Result<(), StoreError> {
        let _alone = dir.one_at_a_time();
        if files.database.exists() {
            return Err(StoreError::Exists);
        }
        lost_file(files)?;
        let unborn = files.unborn();
        remove_file(&unborn)?;
        companions(&unborn).iter().try_for_each(|path| remove_file(path))?;
        give_birth(files).map_err(|trouble| trouble.about(files))?;
        let born =
            File::open(&unborn).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&unborn, &files.database));
        born.map_err(|error| unavailable(&files.database, &error))?;
        dir.sync()
    }

    /// Open the file of a workspace, and compare the end of its log with the anchor.
    pub(crate) fn existing(files: Files) -> Result<Self, StoreError> {
        if !files.database.exists() {
            lost_file(&files)?;
            return Err(StoreError::NoWorkspace);
        }
        let connection = pragma::connect(&files.database, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let connection = connection.map_err(|error| Trouble::Sql(error).about(&files))?;
        ours(&connection, &files).map_err(|trouble| trouble.about(&files))?;
        Self::over(connection, files)
    }

    fn over(connection: Connection, files: Files) -> Result<Self, StoreError> {
        let prepared = Reads::prepare(&connection, &files).and_then(|r| Ok((r, Writes::prepare(&connection, &files)?)));
        let (reads, writes) = prepared.map_err(|error| Trouble::Sql(error).about(&files))?;
        let anchor = Anchor::at(&files.anchor);
        let mut open = Self { reads, writes, anchor, turn: 0, lost: None, unsure: false, connection, files };
        let head = open.head()?;
        if let Found::Mark(anchored) = open.anchored()? {
            open.lost = anchored.against(&Mark::of(&head)).map(|why| format!("{}: {why}", open.files.name()));
        }
        Ok(open)
    }

    /// The head as stored.
    pub(crate) fn head(&mut self) -> Result<Stored, StoreError> {
        let head = self.reads.head(&self.files).map_err(|trouble| trouble.about(&self.files))?;
        self.turn = head.turn;
        Ok(head)
    }

    /// What stands in the anchor's file now.
    pub(crate) fn anchored(&self) -> Result<Found, StoreError> {
        Anchor::read(&self.files.anchor).map_err(|error| unavailable(&self.files.anchor, &error))
    }

    /// Refuse to build on a log that lost its tail.
    pub(crate) fn refuse_lost(&self) -> Result<(), StoreError> {
        match &self.lost {
            Some(what) => Err(StoreError::Damaged { what: what.clone() }),
            None => Ok(()),
        }
    }

    /// Take what is stored for the whole log.
    pub(crate) fn accept_lost_tail(&mut self) -> Result<(), StoreError> {
        let head = self.head()?;
        self.anchor.write(&Mark::of(&head));
        self.anchor.sync().map_err(|error| unavailable(&self.files.anchor, &error))?;
        self.lost = None;
        Ok(())
    }

    /// Empty the write-ahead log into the file.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StoreError> {
        if pragma::checkpoint(&self.connection).map_err(|trouble| trouble.about(&self.files))? {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("{}: somebody else is using the log", self.files.name())))
    }

    /// Whether the connection must not be used again.
    pub(crate) const fn is_unsure(&self) -> bool {
        self.unsure
    }
}

/// An anchor without its file: the workspace was there, and nobody deleted it here.
fn lost_file(files: &Files) -> Result<(), StoreError> {
    match Anchor::read(&files.anchor) {
        Ok(Found::Nothing) => Ok(()),
        Ok(_) => Err(damaged(files, "the file is missing, though its anchor is there")),
        Err(error) => Err(unavailable(&files.anchor, &error)),
    }
}

fn give_birth(files: &Files) -> Result<(), Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = pragma::connect(&files.unborn(), flags)?;
    let empty = Stored { pos: 0, epoch: 0, turn: 0, value: Vec::new() };
    pragma::script(&connection, &schema::birth(files, empty.sum()))?;
    pragma::checkpoint(&connection).map(drop)
}

/// Refuse a file that is not as [`schema`] makes it.
fn ours(connection: &Connection, files: &Files) -> Result<(), Trouble> {
    let number = |name| pragma::ask(connection, &format!("SELECT CAST({name} AS BLOB) FROM pragma_{name}"));
    if number("application_id")? != [schema::APPLICATION.to_string()] {
        return Err(damaged(files, "the file is not marked as a workspace").into());
    }
    if number("user_version")? != [schema::VERSION.to_string()] {
        return Err(damaged(files, "the file has a version of the tables that is not known here").into());
    }
    let sql = "SELECT CAST(type || ' ' || name || ' ' || tbl_name || ' ' || sql AS BLOB) FROM sqlite_schema";
    let tables = schema::TABLES.map(|(name, sql)| format!("table {name} {name} {sql}"));
    if pragma::ask(connection, sql)? != tables {
        return Err(damaged(files, "the tables are not as they were made").into());
    }
    Ok(())
}
