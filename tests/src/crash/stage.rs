//! Where the host stands in a commit, told through one byte of a file, so that it is still told after a kill.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where the host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The process is up, and its store is not open yet.
    Starting,
    /// Nothing is being committed: commands arrive, are decided, or their replies leave.
    Between,
    /// A batch was decided, and nothing of it was written.
    Before,
    /// The store was told to commit and did not return.
    Within,
    /// The batch is durable, and nobody was told.
    After,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Between, Self::Before, Self::Within, Self::After];

    const fn byte(self) -> u8 {
        match self {
            Self::Starting => b's',
            Self::Between => b'-',
            Self::Before => b'b',
            Self::Within => b'w',
            Self::After => b'a',
        }
    }
}

/// The file that says so.
#[derive(Debug)]
pub struct StageFile(File);

impl StageFile {
    /// The file at `path`; made if it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::options().create(true).truncate(false).read(true).write(true).open(path).map(Self)
    }

    /// Say `stage`. One byte is written at once or not at all.
    pub fn say(&self, stage: Stage) -> io::Result<()> {
        self.0.write_all_at(&[stage.byte()], 0)
    }

    /// What was said last.
    pub fn said(&self) -> io::Result<Stage> {
        let mut byte = [0];
        self.0.read_exact_at(&mut byte, 0)?;
        let known = Stage::ALL.into_iter().find(|stage| [stage.byte()] == byte);
        known.ok_or_else(|| io::Error::other("the stage file says something else"))
    }
}
