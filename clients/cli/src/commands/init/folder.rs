//! The folder of a project: made from a template, over nothing that is there.

use super::templates::Template;
use crate::outcome::Problem;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Refuse a folder in which a file of the template is there already: somebody's work is not overwritten.
pub fn check(dir: &Path, template: &Template) -> Result<(), Problem> {
    if dir.exists() && !dir.is_dir() {
        return Err(Problem::failed(
            "in_the_way",
            format!("{} is not a folder", dir.display()),
            "Name another folder.",
        ));
    }
    let there: Vec<&str> =
        template.files.iter().map(|(name, _)| *name).filter(|name| dir.join(name).symlink_metadata().is_ok()).collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(Problem::failed(
        "in_the_way",
        format!("{} holds {} already. Nothing was written.", dir.display(), there.join(", ")),
        "Name another folder: kernelos init DIR",
    ))
}

/// Write the files; what they are called, in order.
pub fn write(dir: &Path, template: &Template) -> Result<Vec<PathBuf>, Problem> {
    std::fs::create_dir_all(dir).map_err(|why| refused(dir, &why))?;
    // In the repository, what a template tells people to type begins with its place there.
    let place = format!("examples/{}/", template.name);
    let mut written = Vec::new();
    for (name, text) in template.files {
        let path = dir.join(name);
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&path).map_err(|why| refused(&path, &why))?;
        file.write_all(text.replace(&place, "").as_bytes()).map_err(|why| refused(&path, &why))?;
        written.push(path);
    }
    Ok(written)
}

fn refused(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed("folder", format!("{}: {why}", path.display()), "Check the folder's permissions, or name another.")
}
