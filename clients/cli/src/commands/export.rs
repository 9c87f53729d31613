//! `kernelos export`: a workspace as one file.

use super::block_on;
use super::shown::{print, print_json};
use super::workspace::named;
use crate::api::Api;
use crate::args::transfer::Export;
use crate::outcome::Problem;
use crate::place::Place;
use crate::progress::Progress;
use crate::transfer::{Scan, Scanned, fresh, whom, wrapped};
use kernel::hash::HashText;
use ports::egress::ConnectionBody;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the name of a file ends with.
const EXTENSION: &str = "kernelos";

pub fn run(place: &Place, export: &Export) -> Result<(), Problem> {
    let api = Api::reach_to_tell(place)?;
    block_on(async {
        let workspace = named(&api, export.workspace.as_deref()).await?;
        let path = export.output.clone().unwrap_or_else(|| PathBuf::from(format!("{workspace}.{EXTENSION}")));
        let to_stdout = path.as_os_str() == "-";
        if !to_stdout && path.exists() {
            let hint = "Name another with --output, or remove it.";
            return Err(Problem::failed("file_exists", format!("{} is there already", path.display()), hint));
        }
        let key = fresh()?;
        let wrapped = wrapped(&key, &whom(&export.recipient, export.passphrase_file.as_ref())?)?;
        let body = json!({ "key": HashText(*key.bytes()), "wrapped": wrapped });
        let answer = api.download(&format!("/v1/workspaces/{workspace}/export"), &body).await?;
        let mut sink = Sink::open(&path, to_stdout)?;
        let scanned = match receive(answer, &mut sink).await {
            Ok(scanned) => scanned,
            Err(problem) => return Err(sink.forget(problem)),
        };
        sink.keep(&path)?;
        tell(export, &scanned, &path, to_stdout);
        Ok(())
    })
}

/// Everything that comes, looked at on its way.
async fn receive(mut answer: Box<dyn ConnectionBody>, sink: &mut Sink) -> Result<Scanned, Problem> {
    let mut progress = Progress::new("exported");
    let mut scan = Scan::default();
    let broke_off =
        |why: String| Problem::failed("export_cut", format!("the export broke off: {why}"), "Export again.");
    while let Some(piece) = answer.chunk().await.map_err(broke_off)? {
        scan.feed(&piece)?;
        sink.write(&piece)?;
        progress.more(piece.len() as u64);
    }
    scan.end().map_err(|problem| if problem.code == "import_cut" { broke_off(problem.what) } else { problem })
}

fn tell(export: &Export, scanned: &Scanned, path: &Path, to_stdout: bool) {
    let about = &scanned.about;
    if export.json && !to_stdout {
        print_json(&json!({
            "workspace": about.workspace, "file": path, "bytes": scanned.bytes, "pos": about.pos, "hash": scanned.file,
        }));
    } else if !to_stdout {
        print(&format!("{}\n", path.display()));
    }
    eprintln!("exported workspace {} up to event {}: {} bytes", about.workspace, about.pos, scanned.bytes);
}

/// Where a file goes to: a file that is not there under its name before it is whole, or the standard output.
enum Sink {
    File(std::fs::File, PathBuf),
    Stdout,
}

impl Sink {
    fn open(path: &Path, to_stdout: bool) -> Result<Self, Problem> {
        if to_stdout {
            return Ok(Self::Stdout);
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&part).map_err(|why| unwritten(&part, &why))?;
        Ok(Self::File(file, part))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        match self {
            Self::File(file, part) => file.write_all(bytes).map_err(|why| unwritten(part, &why)),
            Self::Stdout => std::io::stdout().write_all(bytes).map_err(|why| unwritten(Path::new("-"), &why)),
        }
    }

    fn keep(self, path: &Path) -> Result<(), Problem> {
        match self {
            Self::File(file, part) => {
                file.sync_all().and_then(|()| std::fs::rename(&part, path)).map_err(|why| unwritten(path, &why))
            }
            Self::Stdout => std::io::stdout().flush().map_err(|why| unwritten(path, &why)),
        }
    }

    /// It did not become whole.
    fn forget(self, problem: Problem) -> Problem {
        if let Self::File(_, part) = self {
            let _ = std::fs::remove_file(part);
        }
        problem
    }
}

fn unwritten(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed("file", format!("{}: {why}", path.display()), "")
}
