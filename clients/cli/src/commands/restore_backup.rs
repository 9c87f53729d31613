//! `kernelos restore-backup`: workspaces from a backup, into another data directory or to another host.

use super::block_on;
use super::shown::{line, print_json};
use crate::api::Api;
use crate::args::backup::RestoreBackup;
use crate::backup::{Chain, Composed, Directory, Manifest, Plan, give_back, is_sealed};
use crate::outcome::Problem;
use crate::place::Place;
use crate::transfer::{Keyring, Opener, Sending};
use crate::words::counted;
use kernel::id::WorkspaceId;
use kernel::seal::TransferKey;
use ports::{Secret, Vault as _};
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use vault_file::FileVault;

/// How long one question may take, in milliseconds.
const READ_MS: u64 = 30_000;

pub fn run(place: &Place, restore: &RestoreBackup) -> Result<(), Problem> {
    let directory = Directory::to_read(&restore.dir)?;
    let chain = Chain::read(&directory)?;
    let Some(newest) = chain.newest() else {
        let what = format!("{} holds no backup", restore.dir.display());
        return Err(Problem::failed("backup_foreign", what, "Name the directory or the file of a backup."));
    };
    let (identity, passphrase_file) = (restore.opened.identity.as_deref(), restore.opened.passphrase_file.as_deref());
    let mut keyring = Keyring::new(Opener { identity, passphrase_file });
    let key = keyring.open(&newest.age)?;
    is_sealed(&directory, &chain, newest.point, &key)?;
    let point = restore.at.unwrap_or(newest.point);
    let plans = match restore.workspace.as_slice() {
        [] => Plan::all(&directory, &chain, point)?,
        some => some.iter().map(|id| Plan::of(&directory, &chain, point, *id)).collect::<Result<_, _>>()?,
    };
    let mut keys: BTreeMap<u32, TransferKey> = [(newest.point, key)].into();
    for plan in &plans {
        if let Entry::Vacant(place) = keys.entry(plan.keys_of) {
            place.insert(plan.key(&chain, &mut keyring)?);
        }
    }
    // All of it is read before anything is begun: what is damaged is named, and nothing is half there.
    let mut composed = Vec::new();
    for plan in &plans {
        let key = keys.get(&plan.keys_of).ok_or_else(|| Problem::failed("no_key", "a key was not opened", ""))?;
        composed.push((plan.workspace, key, plan.composed(key)?));
    }
    let secrets = secrets(&directory, newest, keys.get(&newest.point), restore)?;
    let api = Api::reach_to_tell(place)?;
    let mut restoring = Restoring { api: &api, composed };
    block_on(async {
        restoring.nothing_else_is_there().await?;
        if let Some(secrets) = &secrets {
            bring_back(place, &api, secrets).await?;
        }
        restoring.all().await
    })?;
    restoring.tell(point, restore.json);
    Ok(())
}

/// The secrets, when everything is brought back.
fn secrets(
    directory: &Directory,
    newest: &Manifest,
    key: Option<&TransferKey>,
    restore: &RestoreBackup,
) -> Result<Option<BTreeMap<String, Secret>>, Problem> {
    match key {
        Some(key) if restore.workspace.is_empty() => give_back(directory, newest, key),
        _ => Ok(None),
    }
}

/// Keep in this machine's vault what it does not have. What it has under the same name stays.
async fn bring_back(place: &Place, api: &Api, secrets: &BTreeMap<String, Secret>) -> Result<(), Problem> {
    if api.is_elsewhere() {
        if !secrets.is_empty() {
            let names: Vec<&str> = secrets.keys().map(String::as_str).collect();
            eprintln!(
                "not brought back: {} of the vault ({}); secrets of a host elsewhere are set there",
                counted(secrets.len(), "secret"),
                names.join(", ")
            );
        }
        return Ok(());
    }
    let failed = |why: ports::VaultError| Problem::failed("vault", why.to_string(), "Run `kernelos doctor`.");
    let vault = FileVault::open(place.data.join("vault")).map_err(failed)?;
    let there = vault.secrets().map_err(failed)?;
    for (name, secret) in secrets {
        match there.get(name) {
            Some(one) if one == secret => {}
            Some(_) => eprintln!("vault:{name} is another one here, and stays"),
            None => vault.keep(name, secret.clone()).await.map_err(failed)?,
        }
    }
    Ok(())
}

/// Workspaces on their way.
struct Restoring<'a> {
    api: &'a Api,
    composed: Vec<(WorkspaceId, &'a TransferKey, Composed<'a>)>,
}

impl Restoring<'_> {
    /// Refuse when one of them is there already and did not come from this very restore.
    async fn nothing_else_is_there(&self) -> Result<(), Problem> {
        let mut others = Vec::new();
        for (id, key, composed) in &self.composed {
            match self.api.get(&format!("/v1/workspaces/{id}"), READ_MS).await {
                Err(problem) if problem.code == "workspace_not_found" => {}
                Err(problem) => return Err(problem),
                // A place was made for it and nothing was put there: a restore was killed right then.
                Ok(view) if view.get("pos") == Some(&json!(0)) => {}
                Ok(_) if self.sending(*id, key, composed).is_there().await => {}
                Ok(_) => others.push(id.to_string()),
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        let hint = "Nothing was changed; what is there stands. Restore into an empty data directory (--data DIR), or name \
                    others with --workspace.";
        Err(Problem::failed("workspace_exists", format!("there already: {}", others.join(", ")), hint))
    }

    async fn all(&mut self) -> Result<(), Problem> {
        let api = self.api;
        for (id, key, composed) in &mut self.composed {
            let sending = sending(api, *id, key, composed);
            if !sending.is_there().await {
                sending.send(composed).await?;
            }
        }
        Ok(())
    }

    fn sending<'s>(&'s self, id: WorkspaceId, key: &'s TransferKey, composed: &Composed<'_>) -> Sending<'s> {
        sending(self.api, id, key, composed)
    }

    fn tell(&self, point: u32, as_json: bool) {
        let ids: Vec<String> = self.composed.iter().map(|(id, ..)| id.to_string()).collect();
        if as_json {
            print_json(&json!({ "point": point, "workspaces": ids }));
        } else {
            ids.iter().for_each(|id| line(id));
        }
        for (id, _, composed) in &self.composed {
            eprintln!("restored workspace {id}: {} events, verified by their roots", composed.events);
        }
        eprintln!(
            "\nhint: effects are held; when a workspace does not go on where it was backed up: kernelos workspace adopt"
        );
    }
}

fn sending<'s>(api: &'s Api, id: WorkspaceId, key: &'s TransferKey, composed: &Composed<'_>) -> Sending<'s> {
    let (base, bytes, file) = (format!("/v1/workspaces/{id}"), composed.bytes, composed.file);
    Sending { api, base, key, bytes, file, doing: "restored" }
}
