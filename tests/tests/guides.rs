//! What the guides show works: each of their workflows passes its check.

#![cfg(test)]

mod support;

use kernel::workflow::Definition;
use kernelos::source::Source;
use std::path::Path;
use support::cli::Cli;

#[test]
fn every_workflow_in_the_guides_passes_its_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut checked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.starts_with("document:")) {
            let source = Source::read(block.as_bytes()).unwrap_or_else(|bad| panic!("{}: {bad:?}", path.display()));
            Definition::parse(&source.value).unwrap_or_else(|bad| panic!("{}: {bad:?}\n{block}", path.display()));
            checked += 1;
        }
    }
    assert!(checked > 0, "the guides show no workflow");
}

/// The guide about history tells of a workspace that its own first commands make: each of its commands does what it says.
#[test]
fn every_command_of_the_guide_about_history_runs_as_it_is_written() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/history.md");
    let text = std::fs::read_to_string(guide).unwrap();
    let blocks = |kind: &str| {
        let fence = format!("```{kind}\n");
        text.split(fence.as_str())
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let commands: Vec<String> = blocks("sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    // How far the notice to a person is when the person decides is the machine's affair; the guide tells of one that was on
    // its way, and names the positions that follow from it.
    let told = (0..10).find_map(|_| {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("prices.yaml", &blocks("yaml")[0]);
        put("monday.json", r#"{"prices": {"tent": 120}}"#);
        put("tuesday.json", r#"{"prices": {"tent": 12}}"#);
        put("secret.txt", "correct horse\n");
        let said = said(folder.path(), &commands[..2]);
        let log = Cli::over(&folder.path().join("data")).run(&["log"]).out;
        let is_told_of = ["    24  ", "    45  "]
            .iter()
            .all(|pos| log.lines().any(|line| line.starts_with(pos) && line.contains("document.written")));
        is_told_of.then(|| [said, self::said(folder.path(), &commands[2..])].concat())
    });
    let said = told.unwrap();
    let of = |line: &str| &said.iter().find(|(command, _)| command == line).unwrap_or_else(|| panic!("{line}")).1;
    assert!(of("kernelos state document/prices.md --at 27").contains(r#"text     {"tent":120}"#));
    assert!(of("kernelos diff 27..").contains(r#"text     {"tent":120}  →  {"tent":12}"#));
    assert!(of("kernelos why 45").contains("it was approved: approved in advance with --yes  (by owner)"));
    assert!(of("kernelos timeline").lines().count() > 2);
}

/// The guide about backups loses a machine and has it back.
#[test]
fn every_command_of_the_guide_about_backups_runs_as_it_is_written() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/backup.md");
    let text = std::fs::read_to_string(guide).unwrap();
    let block =
        |part: &str, kind: &str| part.split_once(kind).map(|(_, rest)| rest.split("```").next().unwrap().to_owned());
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("prices.yaml", &block(&text, "```yaml\n").unwrap());
    put("monday.json", r#"{"prices": {"tent": 120}}"#);
    put("tuesday.json", r#"{"prices": {"tent": 12}}"#);
    put("secret.txt", "correct horse\n");
    let mut ran = 0;
    let mut last = String::new();
    for line in text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).flat_map(str::lines) {
        if line.starts_with("kernelos --data new") && !folder.path().join("new").exists() {
            std::fs::remove_dir_all(folder.path().join("data")).unwrap();
        }
        let (data, rest) = match line.strip_prefix("kernelos --data new ") {
            Some(rest) => ("new", rest),
            None => ("data", line.strip_prefix("kernelos ").unwrap()),
        };
        let arguments: Vec<&str> = rest.split(' ').collect();
        let output =
            Cli::over(&folder.path().join(data)).command(&arguments).current_dir(folder.path()).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{line}\n{out}{err}");
        if rest.starts_with("documents show") {
            last = out;
        }
        ran += 1;
    }
    assert!(ran >= 8 && last.contains(r#"{"tent":12}"#), "{ran}: {last}");
}

/// What each of `commands` says, over the data beside the files in `folder`.
fn said(folder: &Path, commands: &[String]) -> Vec<(String, String)> {
    let cli = Cli::over(&folder.join("data"));
    let run = |line: &String| {
        let arguments: Vec<&str> = line.strip_prefix("kernelos ").unwrap().split(' ').collect();
        let output = cli.command(&arguments).current_dir(folder).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success() && !out.is_empty(), "{line}\n{out}{err}");
        (line.clone(), out)
    };
    commands.iter().map(run).collect()
}
