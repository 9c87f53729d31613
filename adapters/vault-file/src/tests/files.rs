//! What stands in the directory, and who may read it.

use super::{Scratch, filled};
use crate::FileVault;
use ports::{Vault, VaultError};

/// Whether `needle` is somewhere in `hay`.
fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_secret_is_in_the_sealed_file_in_clear() {
    let scratch = Scratch::new();
    let vault = filled(&scratch).await;
    let key = vault.workspace_key("ws-1").await.unwrap();
    let root = std::fs::read(scratch.file("root.key")).unwrap();
    let sealed = std::fs::read(scratch.file("vault.sealed")).unwrap();
    assert!(sealed.starts_with(b"kernelos-vault 1\n"));
    for secret in [b"hunter2".as_slice(), b"openai", b"ws-1", &key, &root] {
        assert!(!contains(&sealed, secret));
    }
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let scratch = Scratch::new();
    let vault = filled(&scratch).await;
    let printed = format!("{vault:?} {:?}", vault.secret("vault:openai").await);
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("FileVault"), "{printed}");
}

#[tokio::test]
async fn sealing_the_same_twice_gives_different_files() {
    let scratch = Scratch::new();
    let vault = filled(&scratch).await;
    let before = std::fs::read(scratch.file("vault.sealed")).unwrap();
    vault.keep("openai", ports::Secret::new("hunter2-hunter2")).await.unwrap();
    assert_ne!(std::fs::read(scratch.file("vault.sealed")).unwrap(), before);
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    filled(&scratch).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(scratch.path()), 0o700);
    let mut names: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names, ["root.key", "vault.lock", "vault.sealed"].map(|name| scratch.file(name)), "no draft is left");
    for path in names {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_root_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    filled(&scratch).await;
    let root = scratch.file("root.key");
    for mode in [0o640, 0o604, 0o644, 0o620, 0o666, 0o601] {
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(mode)).unwrap();
        let VaultError::Broken(why) = FileVault::open(scratch.path()).unwrap_err() else { panic!("{mode:o}") };
        assert!(why.contains("root.key") && why.contains(&format!("{mode:04o}")), "{why}");
    }
    for mode in [0o400, 0o600] {
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(mode)).unwrap();
        scratch.open();
    }
}
