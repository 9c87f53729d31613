//! What a failing disk, a crash or a careless copy leaves behind.

use super::{Scratch, filled};
use crate::FileVault;
use ports::{Secret, Vault, VaultError};

/// Why the vault in `scratch` is broken; the reason must name `file`.
fn broken(scratch: &Scratch, file: &str) -> String {
    let VaultError::Broken(why) = FileVault::open(scratch.path()).expect_err(file) else { panic!("not broken") };
    assert!(why.contains(file), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
    why
}

#[tokio::test]
async fn one_altered_byte_anywhere_is_found() {
    let scratch = Scratch::new();
    filled(&scratch).await;
    let path = scratch.file("vault.sealed");
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        std::fs::write(&path, altered).unwrap();
        broken(&scratch, "vault.sealed");
    }
    std::fs::write(&path, whole).unwrap();
    scratch.open();
}

#[tokio::test]
async fn a_file_cut_or_extended_anywhere_is_found() {
    let scratch = Scratch::new();
    filled(&scratch).await;
    let path = scratch.file("vault.sealed");
    let whole = std::fs::read(&path).unwrap();
    for len in 0..whole.len() {
        std::fs::write(&path, &whole[..len]).unwrap();
        broken(&scratch, "vault.sealed");
    }
    std::fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
    broken(&scratch, "vault.sealed");
}

#[tokio::test]
async fn damage_is_found_by_a_vault_that_is_open_already_and_not_written_over() {
    let scratch = Scratch::new();
    let vault = filled(&scratch).await;
    let path = scratch.file("vault.sealed");
    std::fs::write(&path, b"nonsense").unwrap();
    assert!(matches!(vault.secret("vault:openai").await, Err(VaultError::Broken(_))));
    assert!(matches!(vault.workspace_key("ws-1").await, Err(VaultError::Broken(_))));
    assert!(matches!(vault.workspace_key("ws-new").await, Err(VaultError::Broken(_))));
    assert!(matches!(vault.keep("a", Secret::new("b")).await, Err(VaultError::Broken(_))));
    assert!(matches!(vault.forget_workspace("ws-1"), Err(VaultError::Broken(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"nonsense");
}

#[tokio::test]
async fn another_version_is_named_as_such() {
    let scratch = Scratch::new();
    filled(&scratch).await;
    std::fs::write(scratch.file("vault.sealed"), b"kernelos-vault 2\nwhatever").unwrap();
    assert!(broken(&scratch, "vault.sealed").contains("another version"));
}

#[tokio::test]
async fn a_vault_under_another_root_key_is_refused() {
    let (one, other) = (Scratch::new(), Scratch::new());
    filled(&one).await;
    filled(&other).await;
    std::fs::copy(other.file("root.key"), one.file("root.key")).unwrap();
    broken(&one, "vault.sealed");
}

#[tokio::test]
async fn a_root_key_of_a_wrong_size_is_refused() {
    let scratch = Scratch::new();
    filled(&scratch).await;
    let path = scratch.file("root.key");
    let whole = std::fs::read(&path).unwrap();
    for bytes in [&[][..], &whole[..31], &[whole.as_slice(), b"\n"].concat()] {
        std::fs::write(&path, bytes).unwrap();
        broken(&scratch, "root.key");
    }
}

#[tokio::test]
async fn a_vault_of_which_one_file_is_lost_does_not_begin_anew() {
    for (lost, left) in [("root.key", "vault.sealed"), ("vault.sealed", "root.key")] {
        let scratch = Scratch::new();
        filled(&scratch).await;
        let before = std::fs::read(scratch.file(left)).unwrap();
        std::fs::remove_file(scratch.file(lost)).unwrap();
        broken(&scratch, lost);
        assert_eq!(std::fs::read(scratch.file(left)).unwrap(), before);
        assert!(!scratch.file(lost).exists());
    }
}

#[tokio::test]
async fn a_crash_while_beginning_is_made_good() {
    let after_first_draft = Scratch::new();
    std::fs::create_dir_all(after_first_draft.path()).unwrap();
    std::fs::write(after_first_draft.file("root.key.new"), b"half a ke").unwrap();
    filled(&after_first_draft).await;

    let before_last_rename = Scratch::new();
    let key = filled(&before_last_rename).await.workspace_key("ws-1").await.unwrap();
    std::fs::rename(before_last_rename.file("root.key"), before_last_rename.file("root.key.new")).unwrap();
    assert_eq!(before_last_rename.open().workspace_key("ws-1").await, Ok(key));
}

#[tokio::test]
async fn a_crash_while_writing_leaves_the_old_contents_and_the_next_write_succeeds() {
    let scratch = Scratch::new();
    let vault = filled(&scratch).await;
    std::fs::write(scratch.file("vault.sealed.new"), b"half a dra").unwrap();
    assert_eq!(vault.secret("vault:openai").await.unwrap().reveal(), "hunter2-hunter2");
    vault.keep("next", Secret::new("one")).await.unwrap();
    assert_eq!(scratch.open().secret("vault:next").await.unwrap().reveal(), "one");
}
