//! A data directory outlives the programs that work on it: a newer one upgrades it, an older one leaves it alone.

#![cfg(test)]

mod support;

use std::fs;
use support::cli::Cli;

#[test]
fn a_directory_of_before_versions_is_copied_and_goes_on_and_the_copy_is_a_directory_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let cli = Cli::over(&data);
    assert_eq!(cli.run(&["workspace", "create", "home"]).code, 0);
    assert_eq!(cli.told(&["provider", "key", "set", "house"], "open-sesame").code, 0);
    // What programs of before versions made is the same but for the file that says the version.
    fs::remove_file(data.join("format")).unwrap();
    let first = cli.run(&["log"]);
    assert!(first.code == 0 && first.err.contains("upgraded from data version 0 to 1"), "{first:?}");
    let again = cli.run(&["log"]);
    assert_eq!((again.code, again.err.as_str(), &again.out), (0, "", &first.out));

    let copy = data.join("backups/before-1");
    assert!(!copy.join("format").exists() && copy.join("device.key").exists());
    let before = Cli::over(&copy);
    let verified = before.run(&["replay", "--verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let log = before.run(&["log"]);
    assert_eq!((log.code, &log.out), (0, &first.out), "{log:?}");
}

#[test]
fn a_directory_of_a_newer_program_is_refused_by_every_command_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let cli = Cli::over(&data);
    assert_eq!(cli.run(&["workspace", "create", "home"]).code, 0);
    let newer = r#"{"data":2,"program":"0.9.0","before":"backups/before-2"}"#;
    fs::write(data.join("format"), newer).unwrap();
    let backup = dir.path().join("backup");
    let backup = ["backup", backup.to_str().unwrap(), "--recipient", RECIPIENT];
    let key = ["provider", "key", "remove", "house"];
    let commands: [&[&str]; 7] =
        [&["log"], &["dev", "--port", "0"], &["replay"], &["doctor"], &["workspace", "list"], &key, &backup];
    for command in commands {
        let refused = cli.run(command);
        assert!(refused.code == 1 && refused.err.starts_with("error[data_newer]: "), "{command:?}: {refused:?}");
        for said in ["data version 2", "0.9.0", "knows 1", "backups/before-2"] {
            assert!(refused.err.contains(said), "{said}: {refused:?}");
        }
    }
    assert_eq!(fs::read_to_string(data.join("format")).unwrap(), newer);
    fs::write(data.join("format"), "nonsense").unwrap();
    let refused = cli.run(&["log"]);
    assert!(refused.code == 1 && refused.err.contains("format does not say"), "{refused:?}");
}

const RECIPIENT: &str = "age1jeg63htq9h7lepw7fk9wrpsmclpk2uzyrjze63x3c23evw07gapqlgj4sw";
