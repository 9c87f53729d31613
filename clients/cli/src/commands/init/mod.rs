//! `kernelos init`: from nothing to a project that can be run.

mod answers;
mod folder;
mod templates;

use super::provider::{Wanted, connect, told};
use super::shown::{print, print_json};
use super::{block_on, workspaces};
use crate::api::Api;
use crate::args::init::Init;
use crate::outcome::Problem;
use crate::place::Place;
use crate::prompt;
use crate::table::Table;
use answers::{Answers, answers, ask_provider};
use serde_json::json;
use std::path::{Path, PathBuf};
use templates::TEMPLATES;

pub fn run(place: &Place, init: &Init) -> Result<(), Problem> {
    if init.templates {
        show_templates(init.json);
        return Ok(());
    }
    let wanted = answers(init)?;
    let api = Api::reach_to_tell(place)?;
    block_on(async {
        let workspace = workspaces::existing_or_named(&api, init.workspace.as_deref(), &wanted.name).await?;
        // Before the folder is written: a provider that does not work leaves nothing that has to be cleared away.
        let provider = connected(&api, &workspace, init, wanted.provider.clone()).await?;
        let files = folder::write(&wanted.dir, wanted.template)?;
        let next = next(&wanted, provider.is_some());
        if init.json {
            print_json(&json!({
                "folder": wanted.dir, "files": files, "template": wanted.template.name, "workspace": workspace,
                "provider": provider.map(|(_, id)| id), "next": next,
            }));
        } else {
            show(&files, &next);
        }
        Ok(())
    })
}

fn show_templates(as_json: bool) {
    if as_json {
        let all: Vec<_> = TEMPLATES.iter().map(|it| json!({ "name": it.name, "about": it.about })).collect();
        return print_json(&json!({ "templates": all }));
    }
    let mut table = Table::new(&["NAME", "WHAT IT SHOWS"]);
    for template in TEMPLATES {
        table.row([template.name.to_owned(), template.about.to_owned()]);
    }
    print(&table.text());
}

/// Connect the provider. At a terminal one that does not work may be put right, or left for later.
async fn connected(
    api: &Api,
    workspace: &str,
    init: &Init,
    provider: Option<Wanted>,
) -> Result<Option<(Wanted, String)>, Problem> {
    let mut provider = provider;
    while let Some(wanted) = provider {
        match connect(api, workspace, &wanted).await {
            Ok(connected) => {
                eprint!("{}", told(&wanted, connected.found.as_ref()));
                return Ok(Some((wanted, connected.id)));
            }
            Err(problem) if init.yes || !prompt::somebody_is_there() => return Err(problem),
            Err(problem) => {
                problem.tell();
                provider = ask_provider(init)?;
            }
        }
    }
    Ok(None)
}

fn next(wanted: &Answers, has_provider: bool) -> Vec<String> {
    let run = format!("kernelos run {}", shell(&wanted.dir.join("workflow.yaml")));
    let run = format!("{run} --input {}", shell(&wanted.dir.join("input.json")));
    let connect = super::provider::CONNECT.to_owned();
    if has_provider { vec![run] } else { vec![connect, run] }
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+~".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn show(files: &[PathBuf], next: &[String]) {
    for file in files {
        print(&format!("{}\n", file.display()));
    }
    eprintln!("\nnext:");
    for command in next {
        eprintln!("  {command}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_a_shell_takes_it() {
        assert_eq!(shell(Path::new("a/b-c.yaml")), "a/b-c.yaml");
        assert_eq!(shell(Path::new("my work/it's.yaml")), "'my work/it'\\''s.yaml'");
    }
}
