//! What a host does with the vault.

use super::{Scratch, filled};
use ports::{Secret, Vault, VaultError};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_kept_secret_is_there_after_a_restart_and_can_be_replaced_and_forgotten() {
    let scratch = Scratch::new();
    drop(filled(&scratch).await);

    let vault = scratch.open();
    assert_eq!(vault.secret("vault:openai").await.unwrap().reveal(), "hunter2-hunter2");
    vault.keep("openai", Secret::new("other")).await.unwrap();
    assert_eq!(vault.secret("vault:openai").await.unwrap().reveal(), "other");
    assert_eq!(vault.forget_secret("openai"), Ok(true));
    assert_eq!(vault.forget_secret("openai"), Ok(false));
    assert_eq!(vault.secret("vault:openai").await, Err(VaultError::Unknown("vault:openai".into())));
}

#[tokio::test]
async fn a_workspace_keeps_its_key_until_it_is_forgotten() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let key = vault.workspace_key("ws-1").await.unwrap();
    assert_ne!(key, [0; 32]);
    assert_ne!(vault.workspace_key("ws-2").await.unwrap(), key);
    assert_eq!(scratch.open().workspace_key("ws-1").await.unwrap(), key);

    assert_eq!(vault.forget_workspace("ws-1"), Ok(true));
    assert_eq!(vault.forget_workspace("ws-1"), Ok(false));
    assert_ne!(scratch.open().workspace_key("ws-1").await.unwrap(), key);
}

#[tokio::test]
async fn the_environment_is_read_by_name() {
    let vault_dir = Scratch::new();
    let vault = vault_dir.open();
    let here = std::env::var("CARGO_PKG_NAME").unwrap();
    assert_eq!(vault.secret("env:CARGO_PKG_NAME").await.unwrap().reveal(), here);
    let unset = vault.secret("env:KERNELOS_IS_NOT_SET").await;
    assert_eq!(unset, Err(VaultError::Unknown("env:KERNELOS_IS_NOT_SET".into())));
}

#[tokio::test]
async fn what_is_no_reference_is_refused_and_not_repeated() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let long = format!("vault:{}", "a".repeat(65));
    let refused = [
        "",
        "openai",
        "hunter2-hunter2",
        "env:",
        "vault:",
        "file:hunter2",
        "VAULT:hunter2",
        "vault: hunter2",
        "vault:hunter2/..",
        "vault:hunter2\n",
        "vault:hünter2",
        "env:hunter2=1",
        "env:hunter2\0",
        "vault:vault:hunter2",
        &long,
    ];
    for reference in refused {
        let error = vault.secret(reference).await.expect_err(reference);
        assert!(matches!(error, VaultError::BadReference(_)), "{reference:?}");
        assert!(!error.to_string().contains("unter2"), "{error}");
    }
}

#[tokio::test]
async fn names_are_short_and_plain() {
    let scratch = Scratch::new();
    let vault = scratch.open();
    let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
    for name in ["a", "A_b.c-9", "..", longest.as_str()] {
        vault.keep(name, Secret::new("s")).await.unwrap();
        vault.workspace_key(name).await.unwrap();
    }
    for name in ["", " ", "a/b", "a:b", "ä", "a\n", too_long.as_str()] {
        assert!(matches!(vault.keep(name, Secret::new("s")).await, Err(VaultError::BadReference(_))), "{name:?}");
        assert!(matches!(vault.workspace_key(name).await, Err(VaultError::BadReference(_))), "{name:?}");
        assert!(matches!(vault.forget_workspace(name), Err(VaultError::BadReference(_))), "{name:?}");
        assert!(matches!(vault.forget_secret(name), Err(VaultError::BadReference(_))), "{name:?}");
    }
}

#[tokio::test]
async fn two_vaults_over_one_directory_see_each_other() {
    let scratch = Scratch::new();
    let (first, second) = (scratch.open(), scratch.open());
    first.keep("a", Secret::new("from the first")).await.unwrap();
    second.keep("b", Secret::new("from the second")).await.unwrap();
    assert_eq!(second.secret("vault:a").await.unwrap().reveal(), "from the first");
    assert_eq!(first.secret("vault:b").await.unwrap().reveal(), "from the second");
    assert_eq!(first.workspace_key("ws").await.unwrap(), second.workspace_key("ws").await.unwrap());
}

#[test]
fn vaults_that_begin_and_write_at_once_lose_nothing() {
    let scratch = Scratch::new();
    let worker = |number: u32| {
        let path = scratch.path().to_owned();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let vault = crate::FileVault::open(path).unwrap();
            runtime.block_on(vault.keep(&format!("s{number}"), Secret::new(number.to_string()))).unwrap();
            runtime.block_on(vault.workspace_key("shared")).unwrap()
        })
    };
    let workers: Vec<_> = (0..8).map(worker).collect();
    let keys: BTreeSet<[u8; 32]> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert_eq!(keys.len(), 1, "everybody got the same workspace key");

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let vault = scratch.open();
    for number in 0..8 {
        let secret = runtime.block_on(vault.secret(&format!("vault:s{number}"))).unwrap();
        assert_eq!(secret.reveal(), number.to_string());
    }
}
