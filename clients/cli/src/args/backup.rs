//! Arguments of `kernelos backup` and `kernelos restore-backup`.

use crate::age::Recipient;
use clap::Subcommand;
use kernel::id::WorkspaceId;
use std::path::PathBuf;

/// Examples of backing up.
pub const BACKUP_EXAMPLES: &str = "\
Examples:
  kernelos backup /mnt/backup                                      asks for a passphrase
  kernelos backup /mnt/backup --recipient age1…                    what a timer runs: it needs no secret
  kernelos --host https://host.example backup /mnt/backup          of a host elsewhere
  kernelos backup --file monday.backup                             everything in one file
  kernelos backup verify /mnt/backup --passphrase-file secret.txt  reads all of it

The host may run, and be written to. The first time everything is written, later what happened since; each time is a
point that can be brought back. Whatever breaks off, the last whole point stands.";

/// Examples of bringing back.
pub const RESTORE_EXAMPLES: &str = "\
Examples:
  kernelos --data /srv/kernelos restore-backup /mnt/backup
  kernelos --data /srv/kernelos restore-backup /mnt/backup --workspace 0h2… --at 12
  kernelos --host https://host.example restore-backup /mnt/backup --identity key.txt

Each workspace is another incarnation there and holds its effects until it is adopted: kernelos workspace adopt. What
was cut off goes on when the same is asked for again.";

/// Keep everything of a host in a directory.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Backup {
    /// What else to do.
    #[command(subcommand)]
    pub then: Option<Then>,
    /// The directory: of a backup that is there, or a new one.
    #[arg(required_unless_present = "file")]
    pub dir: Option<PathBuf>,
    /// Write one point, with everything, to this one file instead. Nothing can be added to it.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    pub file: Option<PathBuf>,
    /// Only this workspace, by its id or its name; what the backup holds of others stays. May be repeated.
    #[arg(long, value_name = "WORKSPACE")]
    pub workspace: Vec<String>,
    /// Whom the point is for: age1…. May be given several times.
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    pub recipient: Vec<Recipient>,
    /// A file with the passphrase, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What else to do with a backup.
#[derive(Debug, Subcommand)]
pub enum Then {
    /// Read all of a backup, and name what is not as it was written.
    Verify(Verify),
}

/// Read all of a backup.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The directory, or the file, of the backup.
    pub dir: PathBuf,
    /// With what it is opened. Without, only what needs no key is looked at.
    #[command(flatten)]
    pub opened: Opened,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// With what a backup is opened.
#[derive(Debug, clap::Args)]
pub struct Opened {
    /// A file with the keys of whom it is for: AGE-SECRET-KEY-1…, one a line.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub identity: Option<PathBuf>,
    /// A file with the passphrase, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Bring workspaces back from a backup.
#[derive(Debug, clap::Args)]
pub struct RestoreBackup {
    /// The directory, or the file, of the backup.
    pub dir: PathBuf,
    /// Only this workspace, by its id. May be repeated. Secrets of the vault come with all workspaces only.
    #[arg(long, value_name = "ID")]
    pub workspace: Vec<WorkspaceId>,
    /// As of this point; the newest when absent.
    #[arg(long, value_name = "POINT", value_parser = clap::value_parser!(u32).range(1..))]
    pub at: Option<u32>,
    /// With what it is opened; a passphrase is asked for otherwise.
    #[command(flatten)]
    pub opened: Opened,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
