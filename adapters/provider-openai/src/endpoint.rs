//! From a base URL, which is data that somebody typed, to the address that is called.

use crate::failure::invalid;
use http::Uri;
use ports::provider::ModelFailure;

/// The address of Chat Completions under `base_url`, with or without a trailing slash there.
pub fn chat_completions(base_url: &str) -> Result<Uri, ModelFailure> {
    below(base_url, "chat/completions")
}

/// The address of the list of models.
pub fn models(base_url: &str) -> Result<Uri, ModelFailure> {
    below(base_url, "models")
}

/// The base URL is never repeated in a failure: what is refused may hold a password.
fn below(base_url: &str, rest: &str) -> Result<Uri, ModelFailure> {
    let base: Uri = base_url.parse().map_err(|_| invalid("the base URL cannot be read as a URL"))?;
    let scheme = base.scheme_str().unwrap_or_default();
    if scheme != "http" && scheme != "https" {
        return Err(invalid("the base URL must begin with https:// or http://"));
    }
    let authority = base.authority().ok_or_else(|| invalid("the base URL names no host"))?;
    if authority.as_str().contains('@') {
        return Err(invalid("the base URL holds a user name or password; keep the key in the vault instead"));
    }
    if base.query().is_some() || base_url.contains('#') {
        return Err(invalid("the base URL must end with its path: no query and no fragment"));
    }
    if authority.host().is_empty() || (authority.as_str() != authority.host() && authority.port_u16().is_none()) {
        return Err(invalid("the base URL names no usable host and port"));
    }
    let path = base.path().trim_end_matches('/');
    let address = format!("{scheme}://{authority}{path}/{rest}");
    address.parse().map_err(|_| invalid("the base URL cannot be extended by a path"))
}
