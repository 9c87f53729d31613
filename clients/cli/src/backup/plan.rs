//! Which files a workspace is put together from, as of a point.

use super::compose::Composed;
use super::manifest::{Chain, Held, Written};
use super::{Directory, damaged};
use crate::outcome::Problem;
use crate::transfer::Keyring;
use kernel::id::WorkspaceId;
use kernel::seal::TransferKey;
use std::path::PathBuf;

/// Which files a workspace is put together from, as of a point.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The point.
    pub point: u32,
    /// Whether that is the newest one.
    pub is_newest: bool,
    /// What the point holds of it.
    pub held: Held,
    /// Its log, the oldest piece first.
    pub logs: Vec<(PathBuf, Written)>,
    /// Its data keys as of the newest point: what was destroyed since is in no other.
    pub keys: (PathBuf, Written),
    /// The point at which those were written, whose key wraps them.
    pub keys_of: u32,
}

impl Plan {
    /// All workspaces of a point.
    pub fn all(directory: &Directory, chain: &Chain, point: u32) -> Result<Vec<Self>, Problem> {
        let manifest = chain.at(point).ok_or_else(|| no_point(chain, point))?;
        manifest.workspaces.keys().map(|workspace| Self::of(directory, chain, point, *workspace)).collect()
    }

    /// One workspace, as of a point.
    pub fn of(directory: &Directory, chain: &Chain, point: u32, workspace: WorkspaceId) -> Result<Self, Problem> {
        let manifest = chain.at(point).ok_or_else(|| no_point(chain, point))?;
        let Some(held) = manifest.workspaces.get(&workspace) else {
            let here: Vec<String> = manifest.workspaces.keys().map(ToString::to_string).collect();
            let hint = format!("It holds: {}", here.join(", "));
            return Err(Problem::failed("not_found", format!("point {point} holds no workspace {workspace}"), hint));
        };
        let is_newest = chain.newest().is_none_or(|newest| newest.point == point);
        let newest = chain.newest().and_then(|newest| newest.workspaces.get(&workspace)).unwrap_or(held);
        let keys = (directory.keys(workspace, newest.keys.point), newest.keys.file);
        let logs = logs(directory, chain, point, workspace)?;
        Ok(Self { workspace, point, is_newest, held: held.clone(), logs, keys, keys_of: newest.keys.point })
    }

    /// The key that its data keys are wrapped under.
    pub fn key(&self, chain: &Chain, keyring: &mut Keyring<'_>) -> Result<TransferKey, Problem> {
        let manifest = chain.at(self.keys_of).ok_or_else(|| no_point(chain, self.keys_of))?;
        keyring.open(&manifest.age)
    }

    /// Put it together: first looking at all of it, so that nothing is begun that cannot be ended.
    pub fn composed<'p>(&'p self, key: &'p TransferKey) -> Result<Composed<'p>, Problem> {
        Composed::of(self, key)
    }
}

/// The pieces of a workspace's log up to `point`, the oldest first.
fn logs(
    directory: &Directory,
    chain: &Chain,
    point: u32,
    workspace: WorkspaceId,
) -> Result<Vec<(PathBuf, Written)>, Problem> {
    let mut logs = Vec::new();
    let mut begins: Option<u64> = None;
    for manifest in chain.all().rev().skip_while(|manifest| manifest.point > point) {
        let gap = || damaged(&directory.manifest(manifest.point), format!("a piece of {workspace} is missing"));
        let held = manifest.workspaces.get(&workspace).ok_or_else(gap)?;
        if begins.is_some_and(|after| held.pos != after) {
            return Err(gap());
        }
        let Some(log) = &held.log else { continue };
        logs.push((directory.log(workspace, manifest.point), log.file));
        begins = Some(log.after);
        if log.after == 0 {
            break;
        }
    }
    logs.reverse();
    Ok(logs)
}

fn no_point(chain: &Chain, point: u32) -> Problem {
    let newest = chain.newest().map_or(0, |newest| newest.point);
    Problem::failed("not_found", format!("there is no point {point}"), format!("The newest is {newest}."))
}
