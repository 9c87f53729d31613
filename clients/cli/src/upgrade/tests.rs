//! Directories of every age, with steps that are cut off.

use super::*;
use std::fs;
use std::io;

/// A directory as programs made it before there were versions.
fn old() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    for folder in ["workspaces", "vault"] {
        fs::create_dir(data.path().join(folder)).unwrap();
    }
    for (name, bytes) in [
        ("device.key", "a key"),
        ("host.json", "{}"),
        ("vault/root.key", "a root"),
        ("vault/vault.sealed", "sealed"),
        ("workspaces/one.db", "a log"),
        ("workspaces/one.db-wal", "the end of it"),
        ("workspaces/one.db-shm", "nothing"),
        ("workspaces/lock", ""),
    ] {
        fs::write(data.path().join(name), bytes).unwrap();
    }
    data
}

fn written(data: &Path) -> Format {
    serde_json::from_slice(&fs::read(data.join("format")).unwrap()).unwrap()
}

#[test]
fn a_new_directory_is_of_this_version_and_nothing_is_copied() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(ready(data.path()), Ok(None));
    assert_eq!(written(data.path()), Format::now(DATA_FORMAT));
    assert_eq!(ready(data.path()), Ok(None));
    assert!(!data.path().join("backups").exists());
}

#[test]
fn an_old_directory_is_copied_whole_before_anything_is_changed() {
    let data = old();
    let upgraded = ready(data.path()).unwrap().unwrap();
    assert_eq!(upgraded, Upgraded { from: 0, before: "backups/before-1".to_owned() });
    let copy = data.path().join(&upgraded.before);
    for name in ["device.key", "vault/root.key", "vault/vault.sealed", "workspaces/one.db", "workspaces/one.db-wal"] {
        assert_eq!(fs::read(copy.join(name)).unwrap(), fs::read(data.path().join(name)).unwrap(), "{name}");
    }
    for name in ["host.json", "workspaces/lock", "workspaces/one.db-shm", "format", "backups"] {
        assert!(!copy.join(name).exists(), "{name}");
    }
    assert_eq!((written(data.path()).data, written(data.path()).upgrading), (1, None));
    assert_eq!(ready(data.path()), Ok(None), "once");
}

/// Steps over a file of the directory; the second one is cut off for as long as a file is in the way.
fn grown() -> [Step; 3] {
    [
        Step { to: 1, run: |_| Ok(()) },
        Step { to: 2, run: |data| fs::write(data.join("grown"), "two") },
        Step {
            to: 3,
            run: |data| match data.join("in the way").exists() {
                true => Err(io::Error::other("something is in the way")),
                false => fs::write(data.join("grown"), fs::read_to_string(data.join("grown"))? + " three"),
            },
        },
    ]
}

#[test]
fn an_upgrade_that_was_cut_off_goes_on_and_keeps_its_first_copy() {
    let data = old();
    fs::write(data.path().join("in the way"), "").unwrap();
    let cut = ready_by(data.path(), &grown(), 3).unwrap_err().to_string();
    assert!(cut.contains("data version 3") && cut.contains("in the way"), "{cut}");
    assert_eq!((written(data.path()).data, written(data.path()).upgrading), (2, Some(3)));
    fs::remove_file(data.path().join("in the way")).unwrap();
    let upgraded = ready_by(data.path(), &grown(), 3).unwrap().unwrap();
    assert_eq!(upgraded.before, "backups/before-3");
    assert_eq!(fs::read_to_string(data.path().join("grown")).unwrap(), "two three");
    assert!(!data.path().join(&upgraded.before).join("grown").exists(), "the copy is of before the first step");
    assert_eq!(fs::read_dir(data.path().join("backups")).unwrap().count(), 1);
}

#[test]
fn an_older_program_refuses_what_is_newer_and_says_where_the_copy_is() {
    let data = old();
    ready_by(data.path(), &grown(), 3).unwrap();
    let before = written(data.path());
    for refused in [ready(data.path()).unwrap_err(), look(data.path()).unwrap_err(), begun(data.path()).unwrap_err()] {
        let HostError::Newer { what, hint } = refused else { panic!("{refused:?}") };
        assert!(what.contains("data version 3") && what.contains("knows 1"), "{what}");
        assert!(hint.contains("backups/before-3"), "{hint}");
    }
    assert_eq!(written(data.path()), before);
    // One that an upgrade was begun of is newer, too: some of its files may be.
    let data = old();
    fs::write(data.path().join("in the way"), "").unwrap();
    ready_by(data.path(), &grown(), 3).unwrap_err();
    assert!(matches!(ready(data.path()), Err(HostError::Newer { .. })));
}

#[test]
fn a_copy_that_cannot_be_made_keeps_everything_as_it_is() {
    let data = old();
    fs::write(data.path().join("backups"), "a file where copies should be").unwrap();
    let refused = ready(data.path()).unwrap_err().to_string();
    assert!(refused.contains("could not be copied") && refused.contains("nothing was changed"), "{refused}");
    assert!(!data.path().join("format").exists());
}

#[test]
fn a_file_that_does_not_say_the_version_is_named() {
    let data = old();
    for bad in ["", "{}", "version 1", r#"{"data":-1,"program":"0"}"#] {
        fs::write(data.path().join("format"), bad).unwrap();
        let refused = ready(data.path()).unwrap_err().to_string();
        assert!(refused.contains("format does not say which version"), "{bad:?}: {refused}");
    }
}
