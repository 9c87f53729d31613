//! Keys: where they are is said, and what they are is not.

use crate::commands::block_on;
use crate::outcome::Problem;
use crate::prompt;
use ports::{Secret, Vault as _, VaultError};
use std::path::Path;
use vault_file::FileVault;

/// A key in place of a reference is refused before it reaches any log, and is not repeated.
pub fn refuse_key(key_ref: Option<&str>) -> Result<(), Problem> {
    let is_reference = |text: &str| text.starts_with("env:") || text.starts_with("vault:");
    if key_ref.is_none_or(is_reference) {
        return Ok(());
    }
    Err(Problem::usage(
        "--key-ref says where the key is, and is not the key itself",
        "Put the key into an environment variable and name that: --key-ref env:NAME. Or keep it in the vault: kernelos \
         provider key set NAME, then --key-ref vault:NAME",
    ))
}

/// Keep what is typed or piped in as `vault:NAME`.
pub fn set(data: &Path, name: &str) -> Result<(), Problem> {
    let vault = open(data)?;
    let secret = prompt::secret(&format!("key for vault:{name} (not shown)"))?;
    if secret.is_empty() || secret.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Problem::usage(
            "the key is empty, or more than one word",
            "Pipe in the key alone, or type it when asked.",
        ));
    }
    block_on(async { vault.keep(name, Secret::new(secret)).await.map_err(refused) })?;
    eprintln!("kept; refer to it with --key-ref vault:{name}");
    Ok(())
}

/// Forget `vault:NAME`.
pub fn remove(data: &Path, name: &str) -> Result<(), Problem> {
    if open(data)?.forget_secret(name).map_err(refused)? {
        eprintln!("forgotten; providers that refer to vault:{name} fail from now on");
        return Ok(());
    }
    Err(Problem::failed("not_found", format!("there is no key vault:{name}"), ""))
}

fn open(data: &Path) -> Result<FileVault, Problem> {
    crate::host::directory(data)?;
    crate::upgrade::begun(data)?;
    FileVault::open(data.join("vault")).map_err(refused)
}

fn refused(why: VaultError) -> Problem {
    match why {
        // The name is no secret, unlike what stands in its place when somebody mixes the two up.
        VaultError::BadReference(rule) => Problem::usage(
            format!("this cannot be the name of a key: {}", rule.trim_start_matches("a name that is ")),
            "Choose a short name: kernelos provider key set NAME. The key itself is asked for, or read from stdin.",
        ),
        why => Problem::failed("vault", why.to_string(), "Run `kernelos doctor` to see what is wrong."),
    }
}
