//! `kernelos doctor`: find, explain, and say how to mend.

use super::{block_on, shown};
use crate::args::Doctor;
use crate::host::{HOST_FILE, Identity};
use crate::outcome::Problem;
use ports::Store as _;
use std::path::Path;
use store_libsql::LibsqlStore;
use vault_file::FileVault;

pub fn run(data: &Path, doctor: &Doctor) -> Result<(), Problem> {
    let mut wrong = 0;
    let mut check = |name: &str, found: Result<String, String>| match found {
        Ok(good) => shown::line(&format!("ok     {name}: {good}")),
        Err(bad) => {
            wrong += 1;
            shown::line(&format!("wrong  {name}: {bad}"));
        }
    };
    // Nothing is looked at that a newer program made: it would be called wrong because it is not known here.
    crate::upgrade::look(data)?;
    check("data", is_directory(data));
    check("identity", Identity::open(data).map(|it| format!("device {}", it.device())).map_err(|why| why.to_string()));
    check("vault", FileVault::open(data.join("vault")).map(|_| "opens".to_owned()).map_err(|why| why.to_string()));
    match LibsqlStore::open(&data.join("workspaces")) {
        Err(why) => {
            check("store", Err(format!("{why}; see {} for the host that runs", data.join(HOST_FILE).display())))
        }
        Ok(store) => {
            if let Some(id) = &doctor.accept_lost_tail {
                store.accept_lost_tail(id)?;
                shown::line(&format!("done   workspace {id}: goes on from what is stored now"));
            }
            block_on(async {
                for id in store.workspaces().await? {
                    let findings = store.check(&id).await.unwrap_or_else(|why| vec![why.to_string()]);
                    let lost = findings.iter().any(|finding| finding.contains("tail lost"));
                    let hint =
                        if lost { format!(" (mend: kernelos doctor --accept-lost-tail {id})") } else { String::new() };
                    let whole = findings.is_empty().then(|| "file is whole".to_owned());
                    check(&format!("workspace {id}"), whole.ok_or_else(|| findings.join("; ") + &hint));
                }
                Ok(())
            })?;
        }
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(Problem::failed(
        "doctor",
        format!("{wrong} things are wrong"),
        "Each line above says what; nothing was changed.",
    ))
}

fn is_directory(data: &Path) -> Result<String, String> {
    std::fs::create_dir_all(data).map_err(|why| format!("{}: {why}", data.display()))?;
    Ok(data.display().to_string())
}
