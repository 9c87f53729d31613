//! What `kernelos init` has to know: from the flags, or asked for at the terminal.

use super::folder;
use super::templates::{TEMPLATES, Template, USUALLY, find};
use crate::args::init::Init;
use crate::commands::provider::{Wanted, refuse_key};
use crate::outcome::Problem;
use crate::prompt;
use std::path::{Path, PathBuf};

/// What the local test endpoint is called when a provider is asked for.
const TEST: &str = "test";
/// Where it listens when it is started by hand.
const TEST_URL: &str = "http://127.0.0.1:4010/v1";

/// A project as it is wanted.
#[derive(Debug)]
pub struct Answers {
    /// Its folder.
    pub dir: PathBuf,
    /// What it is made from.
    pub template: &'static Template,
    /// What a new workspace is called.
    pub name: String,
    /// The provider; none is connected without.
    pub provider: Option<Wanted>,
}

/// All of it from the flags, or from whoever sits there.
pub fn answers(init: &Init) -> Result<Answers, Problem> {
    refuse_key(init.reached.key_ref.as_deref())?;
    let asks = !init.yes && prompt::somebody_is_there();
    let template = match &init.template {
        Some(name) => known(name).map_err(|why| Problem::usage(why, "See them: kernelos init --templates"))?,
        None if asks => choose()?,
        None => known(USUALLY).map_err(|why| Problem::failed("template", why, ""))?,
    };
    let dir = match &init.dir {
        Some(dir) => dir.clone(),
        None if asks => prompt::line("Folder", template.name)?.into(),
        None => template.name.into(),
    };
    // Before more is asked: nobody answers questions about a folder that cannot be.
    folder::check(&dir, template)?;
    let usual = init.name.clone().unwrap_or_else(|| called(&dir, template));
    let name = if asks && init.name.is_none() { prompt::line("Name of the workspace", &usual)? } else { usual };
    let provider = match asks && init.base_url.is_none() {
        true => ask_provider(init)?,
        false => flagged(init)?,
    };
    Ok(Answers { dir, template, name, provider })
}

/// The folder's own name.
fn called(dir: &Path, template: &Template) -> String {
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    whole.file_name().map_or_else(|| template.name.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn known(name: &str) -> Result<&'static Template, String> {
    let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
    find(name).ok_or_else(|| format!("there is no template {name:?}; there are: {}", names.join(", ")))
}

fn choose() -> Result<&'static Template, Problem> {
    for template in TEMPLATES {
        eprintln!("  {:<16}  {}", template.name, template.about);
    }
    prompt::until("Template", USUALLY, known)
}

fn flagged(init: &Init) -> Result<Option<Wanted>, Problem> {
    match (&init.base_url, &init.model) {
        (Some(base_url), Some(model)) => Ok(Some(wanted(init, base_url, model))),
        (Some(_), None) => {
            Err(Problem::usage("--base-url needs --model", "Say which model: --model NAME, as the vendor calls it."))
        }
        (None, _) => Ok(None),
    }
}

fn wanted(init: &Init, base_url: &str, model: &str) -> Wanted {
    let (base_url, model) = (base_url.to_owned(), model.to_owned());
    Wanted { name: model.clone(), base_url, model, reached: init.reached.clone() }
}

/// Ask for a provider; an empty answer connects none.
pub fn ask_provider(init: &Init) -> Result<Option<Wanted>, Problem> {
    eprintln!("A provider answers for the models: a vendor (https://host/v1) or a server of your own");
    eprintln!("(http://127.0.0.1:11434/v1). Write {TEST} for a test endpoint at {TEST_URL}, which is no model:");
    eprintln!("  npx @copilotkit/aimock --port 4010 --fixtures FILE");
    let base_url = prompt::line("Base URL (empty: connect one later)", "")?;
    if base_url.is_empty() {
        return Ok(None);
    }
    if base_url == TEST {
        return Ok(Some(wanted(init, TEST_URL, "test-model")));
    }
    let model = prompt::until("Model, as the vendor calls it", init.model.as_deref().unwrap_or_default(), |model| {
        if model.is_empty() { Err("a model has to be named".to_owned()) } else { Ok(model.to_owned()) }
    })?;
    let usually = init.reached.key_ref.as_deref().unwrap_or_default();
    let key_ref = prompt::until("Where its key is: env:NAME or vault:NAME (empty: it wants none)", usually, |key| {
        let key = Some(key).filter(|key| !key.is_empty());
        refuse_key(key).map(|()| key.map(str::to_owned)).map_err(|problem| problem.what)
    })?;
    let mut wanted = wanted(init, &base_url, &model);
    wanted.reached.key_ref = key_ref;
    Ok(Some(wanted))
}
