//! `kernelos egress`: where requests of a workspace may go.

use super::block_on;
use super::send::once;
use super::shown::{There, nothing, print, print_json, texts};
use crate::args::Reading;
use crate::args::egress::{Allow, Egress};
use crate::outcome::Problem;
use crate::place::Place;
use crate::project::Egress as Rules;
use crate::table::Table;
use ports::EgressPolicy;
use serde_json::Value;

pub fn run(place: &Place, egress: &Egress) -> Result<(), Problem> {
    block_on(async {
        match egress {
            Egress::Show(reading) => {
                let there = There::find(place, reading.workspace.as_deref()).await?;
                show(&rules(&there.read("egress").await?), reading);
                Ok(())
            }
            Egress::Allow(wanted) => allow(place, wanted).await,
        }
    })
}

fn rules(view: &Value) -> Rules {
    Rules { hosts: texts(view, "hosts"), private: texts(view, "private"), secrets: texts(view, "secrets") }
}

async fn allow(place: &Place, wanted: &Allow) -> Result<(), Problem> {
    let more = Rules { hosts: wanted.hosts.clone(), private: wanted.private.clone(), secrets: wanted.secrets.clone() };
    if more.is_empty() && wanted.remove.is_empty() {
        return Err(Problem::usage("no rule is given", "Name one: kernelos egress allow --host example.com"));
    }
    readable(&more)?;
    let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
    let before = rules(&there.read("egress").await?);
    let after = without(before.clone().with(&more), &wanted.remove)?;
    // The command replaces all lists: one that changes nothing would only stand in the log.
    if after != before {
        once(&there.api, &there.base, "egress.allow", &after.json()).await?;
    }
    show(&after, &wanted.reading);
    Ok(())
}

/// Rules that the broker cannot read let nothing out: they are refused before they are said.
fn readable(rules: &Rules) -> Result<(), Problem> {
    let (hosts, private, secrets) = (rules.hosts.clone(), rules.private.clone(), rules.secrets.clone());
    let policy = EgressPolicy { hosts, private, secrets, ..EgressPolicy::default() };
    match ::egress::Policy::parse(&policy) {
        Ok(_) => Ok(()),
        Err(failure) => Err(Problem::usage(failure.detail, "See the examples: kernelos egress allow --help")),
    }
}

fn without(rules: Rules, removed: &[String]) -> Result<Rules, Problem> {
    let all: Vec<&String> = rules.hosts.iter().chain(&rules.private).chain(&rules.secrets).collect();
    if let Some(unknown) = removed.iter().find(|rule| !all.contains(rule)) {
        return Err(Problem::failed(
            "not_found",
            format!("there is no rule {unknown:?}"),
            "See which there are: kernelos egress show",
        ));
    }
    let keep = |list: &[String]| list.iter().filter(|rule| !removed.contains(rule)).cloned().collect();
    Ok(Rules { hosts: keep(&rules.hosts), private: keep(&rules.private), secrets: keep(&rules.secrets) })
}

fn show(rules: &Rules, reading: &Reading) {
    if reading.json {
        return print_json(&rules.json());
    }
    if rules.is_empty() {
        return nothing("nothing may be reached", "kernelos egress allow --host example.com");
    }
    let mut table = Table::new(&["KIND", "RULE"]);
    for (kind, list) in [("host", &rules.hosts), ("private", &rules.private), ("secret", &rules.secrets)] {
        for rule in list {
            table.row([kind.to_owned(), rule.clone()]);
        }
    }
    print(&table.text());
}
