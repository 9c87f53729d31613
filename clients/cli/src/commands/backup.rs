//! `kernelos backup`: everything of a host in a directory, and reading all of it back.

use super::shown::{line, print, print_json};
use super::workspace::named;
use super::{block_on, workspaces};
use crate::api::Api;
use crate::args::backup::{Backup, Then, Verify};
use crate::backup::{Chain, Directory, Held, MANIFEST_FORMAT, Manifest, Taken, Taking, Written, keep, pack, verify};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use crate::transfer::{Keyring, Opener, fresh, whom, wrapped};
use crate::words::counted;
use kernel::id::WorkspaceId;
use kernel::seal::TransferKey;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use vault_file::FileVault;

pub fn run(place: &Place, backup: &Backup) -> Result<(), Problem> {
    match (&backup.then, &backup.dir, &backup.file) {
        (Some(Then::Verify(it)), ..) => look(it),
        (None, Some(dir), _) => make(place, dir, backup),
        (None, None, Some(file)) => in_one_file(place, file, backup),
        (None, None, None) => Err(Problem::usage("no directory is named", "Name one: kernelos backup DIR")),
    }
}

/// Everything in one file. It is put together in a folder beside it, which is gone in the end.
fn in_one_file(place: &Place, file: &Path, backup: &Backup) -> Result<(), Problem> {
    if file.exists() {
        let hint = "Name another, or a directory, to which each backup adds what happened since.";
        return Err(Problem::failed("file_exists", format!("{} is there already", file.display()), hint));
    }
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::tempdir_in(beside)
        .map_err(|why| Problem::failed("file", format!("{}: {why}", beside.display()), ""))?;
    let made = make(place, folder.path(), backup);
    match made {
        Err(problem) if problem.code != "backup_incomplete" => Err(problem),
        made => pack(&Directory::to_read(folder.path())?, file).and(made),
    }
}

/// A point that is being made.
struct Making<'a> {
    taking: Taking<'a>,
    chain: &'a Chain,
    taken: BTreeMap<WorkspaceId, Taken>,
    failed: Vec<(WorkspaceId, Problem)>,
}

fn make(place: &Place, dir: &Path, backup: &Backup) -> Result<(), Problem> {
    let directory = Directory::to_write(dir)?;
    let chain = Chain::read(&directory)?;
    clear(&directory, &chain)?;
    let whom = whom(&backup.recipient, backup.passphrase_file.as_ref())?;
    let key = fresh()?;
    let age = wrapped(&key, &whom)?;
    let api = Api::reach_to_tell(place)?;
    let point = chain.newest().map_or(1, |newest| newest.point.saturating_add(1));
    let taking = Taking { api: &api, directory: &directory, point, key: &key };
    let mut making = Making { taking, chain: &chain, taken: BTreeMap::new(), failed: Vec::new() };
    block_on(making.workspaces(&backup.workspace))?;
    if making.taken.is_empty() && !making.failed.is_empty() {
        return Err(making.outcome());
    }
    let secrets = if api.is_elsewhere() { None } else { Some(secrets(place, &directory, point, &key)?) };
    let manifest = making.manifest(age, secrets)?;
    manifest.put(&directory, &key)?;
    clear(&directory, &Chain::read(&directory)?)?;
    making.tell(&manifest, backup.json);
    if making.failed.is_empty() { Ok(()) } else { Err(making.outcome()) }
}

/// Remove what no point refers to: what a run left that was killed, and keys and secrets of earlier points.
fn clear(directory: &Directory, chain: &Chain) -> Result<(), Problem> {
    let newest = chain.newest().map(|newest| newest.files(directory)).unwrap_or_default();
    let older = chain.all().flat_map(|manifest| manifest.files(directory));
    let logs = older.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "log"));
    let needed: Vec<_> = newest.into_iter().chain(logs).map(|(path, _)| path).collect();
    directory.clear(&|path| needed.iter().any(|needed| needed == path))
}

/// The secrets of this machine's vault.
fn secrets(place: &Place, directory: &Directory, point: u32, key: &TransferKey) -> Result<Written, Problem> {
    let unread = |why: ports::VaultError| Problem::failed("vault", why.to_string(), "Run `kernelos doctor`.");
    crate::upgrade::look(&place.data)?;
    let vault = FileVault::open(place.data.join("vault")).map_err(unread)?;
    keep(directory, point, &vault.secrets().map_err(unread)?, key)
}

impl Making<'_> {
    /// Take every workspace that is meant. What is wrong with one is said, and the others are taken.
    async fn workspaces(&mut self, wanted: &[String]) -> Result<(), Problem> {
        let mut ids = Vec::new();
        for name in wanted {
            ids.push(named(self.taking.api, Some(name)).await?);
        }
        if wanted.is_empty() {
            ids = workspaces::list(self.taking.api).await?;
        }
        for id in ids {
            let id: WorkspaceId =
                id.parse().map_err(|_| Problem::failed("protocol", format!("{id} is not an id"), ""))?;
            match self.taking.take(id, self.before(id)).await {
                Ok(taken) => drop(self.taken.insert(id, taken)),
                // A place was made for it, and nothing was put there yet.
                Err(problem) if problem.code == "workspace_not_found" && self.before(id).is_none() => {}
                // Nothing more can be written, or nobody is there any more.
                Err(problem) if ["file", "host_unreachable", "backup_damaged"].contains(&problem.code.as_str()) => {
                    return Err(problem);
                }
                Err(problem) => self.failed.push((id, problem)),
            }
        }
        Ok(())
    }

    fn before(&self, id: WorkspaceId) -> Option<&Held> {
        self.chain.newest()?.workspaces.get(&id)
    }

    /// What was taken; of what was not, what the point before holds.
    fn manifest(&self, age: String, secrets: Option<Written>) -> Result<Manifest, Problem> {
        let before = self.chain.newest().map(|newest| newest.workspaces.clone()).unwrap_or_default();
        let mut workspaces: BTreeMap<WorkspaceId, Held> =
            before.into_iter().map(|(id, held)| (id, Held { log: None, ..held })).collect();
        workspaces.extend(self.taken.iter().map(|(id, taken)| (*id, taken.held.clone())));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| Problem::failed("clock", "the clock stands before 1970", "Set it."))?;
        Ok(Manifest {
            backup: MANIFEST_FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            point: self.taking.point,
            written_at: u64::try_from(now.as_millis()).unwrap_or_default(),
            previous: self.chain.hash()?,
            age,
            workspaces,
            secrets,
        })
    }

    fn outcome(&self) -> Problem {
        let all = self.failed.len() + self.taken.len();
        let each = self.failed.iter().map(|(id, problem)| format!("\n  {id}: {} ({})", problem.what, problem.code));
        let what = format!(
            "{} of {} not backed up:{}",
            self.failed.len(),
            counted(all, "workspace"),
            each.collect::<String>()
        );
        let first = self.failed.first().map(|(_, problem)| problem);
        let exit = first.map_or(1, |problem| if problem.code == "damaged" { 3 } else { problem.exit });
        let hint = first.map(|problem| problem.hint.clone()).unwrap_or_default();
        Problem { exit, ..Problem::failed("backup_incomplete", what, hint) }
    }

    fn tell(&self, manifest: &Manifest, as_json: bool) {
        for (id, taken) in &self.taken {
            let (events, pos) = (counted(usize::try_from(taken.events).unwrap_or(usize::MAX), "event"), taken.held.pos);
            eprintln!("workspace {id}: {events} up to {pos}, {} bytes", taken.bytes);
        }
        for (id, held) in manifest.workspaces.iter().filter(|(id, _)| !self.taken.contains_key(id)) {
            eprintln!("workspace {id}: as it was at event {}, {}", held.pos, time(held.as_of));
        }
        if as_json {
            let workspaces: BTreeMap<_, _> = manifest.workspaces.iter().map(|(id, held)| (id, pos_of(held))).collect();
            print_json(&json!({ "point": manifest.point, "workspaces": workspaces }));
        } else {
            line(&format!("{}", manifest.point));
        }
        eprintln!("point {} was written and read back", manifest.point);
    }
}

fn pos_of(held: &Held) -> serde_json::Value {
    json!({ "pos": held.pos, "as_of": time(held.as_of), "roots": held.roots })
}

/// Read all of a backup.
fn look(args: &Verify) -> Result<(), Problem> {
    let directory = Directory::to_read(&args.dir)?;
    let chain = Chain::read(&directory)?;
    let (identity, passphrase_file) = (args.opened.identity.as_deref(), args.opened.passphrase_file.as_deref());
    let mut keyring = Keyring::new(Opener { identity, passphrase_file });
    let with_key = identity.is_some() || passphrase_file.is_some();
    let findings = verify(&directory, &chain, with_key.then_some(&mut keyring))?;
    let Some(newest) = chain.newest() else {
        let what = format!("{} holds no backup", args.dir.display());
        return Err(Problem::failed("backup_foreign", what, "Name the directory or the file of a backup."));
    };
    if args.json {
        let workspaces: BTreeMap<_, _> = newest.workspaces.iter().map(|(id, held)| (id, pos_of(held))).collect();
        let findings: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        print_json(
            &json!({ "point": newest.point, "workspaces": workspaces, "findings": findings, "opened": with_key }),
        );
    } else {
        let mut table = Table::new(&[">POINT", "WRITTEN", "WORKSPACE", ">EVENTS", "AS OF"]);
        for manifest in chain.all() {
            for (id, held) in &manifest.workspaces {
                let (point, written) = (manifest.point.to_string(), time(manifest.written_at));
                table.row([point, written, id.to_string(), held.pos.to_string(), time(held.as_of)]);
            }
        }
        print(&table.text());
        findings.iter().for_each(|finding| line(&finding.what));
    }
    if findings.is_empty() {
        let more = if with_key { "and sealed with its keys" } else { "as far as can be told without its key" };
        eprintln!("the backup is whole, {more}");
        return Ok(());
    }
    let hint = "What is named cannot be brought back from this copy; take another copy of these files.";
    Err(Problem { exit: 3, ..Problem::failed("backup_damaged", counted(findings.len(), "finding"), hint) })
}

/// A point in time, in words.
fn time(ms: u64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(i64::try_from(ms).unwrap_or_default());
    at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default()
}
