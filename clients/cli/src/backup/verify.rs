//! Reading all of a backup: every file, whether it is the one that was written, and whether they come to workspaces.

use super::part;
use super::secrets;
use super::{Chain, Directory, Plan, damaged};
use crate::outcome::Problem;
use crate::transfer::Keyring;
use kernel::seal::TransferKey;
use std::path::PathBuf;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, with the file.
    pub what: String,
}

/// Read all of the backup. With a keyring, also whether whoever wrote it knew its key.
pub fn verify(
    directory: &Directory,
    chain: &Chain,
    mut keyring: Option<&mut Keyring<'_>>,
) -> Result<Vec<Finding>, Problem> {
    let mut findings = Vec::new();
    let mut note = |outcome: Result<(), Problem>| findings.extend(outcome.err().map(|it| Finding { what: it.what }));
    for (path, written, is_secrets) in files(directory, chain) {
        note(if is_secrets {
            secrets::is_as_written(&path, &written).map(drop)
        } else {
            part::is_as_written(&path, &written)
        });
    }
    let Some(newest) = chain.newest() else { return Ok(findings) };
    if !findings.is_empty() {
        return Ok(findings);
    }
    let mut note = |outcome: Result<(), Problem>| findings.extend(outcome.err().map(|it| Finding { what: it.what }));
    for plan in Plan::all(directory, chain, newest.point)? {
        let Some(keyring) = keyring.as_deref_mut() else { continue };
        let key = plan.key(chain, keyring)?;
        note(plan.composed(&key).map(drop));
    }
    if let Some(keyring) = keyring {
        let key = keyring.open(&newest.age)?;
        note(is_sealed(directory, chain, newest.point, &key));
        note(secrets::give_back(directory, newest, &key).map(drop));
    }
    Ok(findings)
}

/// Whether whoever wrote the manifest of a point knew its key.
pub fn is_sealed(directory: &Directory, chain: &Chain, point: u32, key: &TransferKey) -> Result<(), Problem> {
    if chain.is_sealed_by(point, key) {
        return Ok(());
    }
    Err(damaged(&directory.manifest(point), "it was not written by somebody who knows its key"))
}

/// Every file that has to be there: the logs of all points, and of the newest all the rest.
fn files(directory: &Directory, chain: &Chain) -> Vec<(PathBuf, super::Written, bool)> {
    let newest = chain.newest().map_or(0, |newest| newest.point);
    let mut files = Vec::new();
    for manifest in chain.all() {
        for (path, written) in manifest.files(directory) {
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if ending == "log" || manifest.point == newest {
                files.push((path.clone(), written, ending == "secrets"));
            }
        }
    }
    files
}
