//! `kernelos import`: a workspace from a file.

use super::block_on;
use super::shown::{print, print_json};
use crate::api::{Api, Method};
use crate::args::transfer::Import;
use crate::outcome::Problem;
use crate::place::Place;
use crate::transfer::{Opener, Scanned, Sending, Slices, open, scan_file};
use bytes::Bytes;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::FILE_FORMAT;
use serde_json::json;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

pub fn run(place: &Place, import: &Import) -> Result<(), Problem> {
    // Before anybody is asked for anything: what is cut or altered is named here, and no host hears of it.
    let scanned = scan_file(&import.file)?;
    if import.check {
        return check(import, &scanned);
    }
    if scanned.about.file != FILE_FORMAT {
        let what = format!("{} holds a part of a workspace, as backups have them", import.file.display());
        return Err(Problem::failed("import_foreign", what, "Bring all of it back: kernelos restore-backup DIR"));
    }
    let api = Api::reach_to_tell(place)?;
    let base = format!("/v1/workspaces/{}", scanned.about.workspace);
    if import.discard {
        block_on(async { api.bytes(Method::DELETE, &format!("{base}/import"), &[], Bytes::new()).await })?;
        eprintln!("nothing is left of the import of {}", scanned.about.workspace);
        return Ok(());
    }
    let key = opened(import, &scanned)?;
    block_on(async {
        let file = File::open(&import.file).map_err(|why| unread(&import.file, &why))?;
        let mut source = OnDisk { file, path: &import.file, head: scanned.head as u64 };
        let (bytes, file, doing) = (scanned.bytes, scanned.file, "imported");
        Sending { api: &api, base, key: &key, bytes, file, doing }.send(&mut source).await?;
        tell(import, &scanned);
        Ok(())
    })
}

/// The key of the file, which whoever wrote the file knew.
fn opened(import: &Import, scanned: &Scanned) -> Result<TransferKey, Problem> {
    let (identity, passphrase_file) = (import.identity.as_deref(), import.passphrase_file.as_deref());
    let key = open(&scanned.about, &Opener { identity, passphrase_file })?;
    if scanned.is_sealed_by(&key) {
        return Ok(key);
    }
    let what = "the file was written by somebody who does not know its key";
    Err(Problem::failed("import_altered", what, "Take another copy of the file, or export again."))
}

/// A file on this machine.
struct OnDisk<'a> {
    file: File,
    path: &'a Path,
    head: u64,
}

impl Slices for OnDisk<'_> {
    fn head(&mut self) -> Result<Bytes, Problem> {
        part(&mut self.file, self.path, 0, self.head)
    }

    fn slice(&mut self, at: u64, most: u64) -> Result<Bytes, Problem> {
        part(&mut self.file, self.path, at, most)
    }
}

fn part(file: &mut File, path: &Path, at: u64, most: u64) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.take(most).read_to_end(&mut bytes));
    read.map_err(|why| unread(path, &why))?;
    Ok(bytes.into())
}

fn unread(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed("file", format!("{}: {why}", path.display()), "")
}

fn tell(import: &Import, scanned: &Scanned) {
    let workspace = scanned.about.workspace;
    if import.json {
        print_json(&json!({ "id": workspace, "pos": scanned.about.pos }));
    } else {
        print(&format!("{workspace}\n"));
    }
    eprintln!("imported workspace {workspace}: {} events, verified by their roots", scanned.ending.events);
    eprintln!(
        "\nhint: its effects are held; when it does not go on where it came from: kernelos workspace adopt {workspace}"
    );
}

/// What there is in the file. With its key, also whether it was written by somebody who knows it.
fn check(import: &Import, scanned: &Scanned) -> Result<(), Problem> {
    let sealed = if import.identity.is_some() || import.passphrase_file.is_some() {
        opened(import, scanned)?;
        true
    } else {
        false
    };
    let (about, ending) = (&scanned.about, &scanned.ending);
    let written = chrono::DateTime::from_timestamp_millis(i64::try_from(about.written_at).unwrap_or_default());
    let written = written.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default();
    if import.json {
        print_json(&json!({
            "workspace": about.workspace, "pos": about.pos, "written_at": written, "bytes": scanned.bytes,
            "events": ending.events, "keys": ending.keys, "chunks": ending.chunks, "roots": about.roots,
            "hash": scanned.file, "sealed": sealed,
        }));
        return Ok(());
    }
    let mut told = format!(
        "workspace {}\nwritten   {written}\nevents    {}\nkeys      {}\nchunks    {}\nbytes     {}\n",
        about.workspace, ending.events, ending.keys, ending.chunks, scanned.bytes,
    );
    for (space, root) in &about.roots {
        told.push_str(&format!("root      {} of {space}\n", HashText(root.0)));
    }
    print(&told);
    let more = if sealed { "and sealed with its key" } else { "as far as can be told without its key" };
    eprintln!("the file is whole, {more}");
    Ok(())
}
