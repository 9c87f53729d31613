//! What the gateway is set up with.

use cloudflare::setup::{device, optional, secret, unbound, unfit};
use cloudflare::{Binding, DirectoryObject, SequencerObjects};
use gateway::Tokens;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use http::uri::Authority;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use models_http::HttpModels;
use ports::Problem;
use sequencing_http::ElsewhereSequencing;
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::Env;

/// Name of the secret with the tokens that are valid here.
const TOKENS: &str = "KERNELOS_TOKENS";
/// Name of the variable with the names of this host.
const ALLOWED_HOSTS: &str = "KERNELOS_ALLOWED_HOSTS";
/// Name of the binding to the provider router.
const ROUTER: &str = "ROUTER";

/// What a request is handled with.
pub struct Setup {
    /// The workspaces' objects.
    pub objects: Rc<SequencerObjects>,
    /// Which workspaces there are.
    pub directory: Rc<DirectoryObject>,
    /// What finds out whether a provider works.
    pub verifier: HttpModels,
    /// Who may ask.
    pub tokens: Tokens,
    /// The host's device.
    pub device: DeviceId,
    /// Its public key.
    pub public_key: HashText,
    /// Names this host goes by.
    pub allowed_hosts: Vec<String>,
}

impl Setup {
    /// What the Worker's secrets, variables and bindings say; the problem names what is missing.
    pub fn of(env: &Env, headers: &HeaderMap) -> Result<Self, Problem> {
        let (device, public_key) = device(env)?;
        let router = Binding::of(env, ROUTER).ok_or_else(|| unbound(ROUTER))?;
        Ok(Self {
            objects: Rc::new(SequencerObjects::of(env)?),
            directory: Rc::new(DirectoryObject::of(env)?),
            verifier: HttpModels::new(Rc::new(router), "https://provider-router"),
            tokens: tokens(&secret(env, TOKENS)?).ok_or_else(|| unfit(TOKENS, WANTED))?,
            device,
            public_key,
            allowed_hosts: allowed_hosts(&optional(env, ALLOWED_HOSTS).unwrap_or_default(), headers),
        })
    }

    /// The sequencers and the directory as one.
    pub fn sequencing(&self) -> ElsewhereSequencing {
        let (call, directory) = (Rc::clone(&self.objects), Rc::clone(&self.directory));
        ElsewhereSequencing { call, directory }
    }

    /// Who asks, if it is somebody who may.
    pub fn principal(&self, headers: &HeaderMap) -> Option<String> {
        let sent = headers.get(AUTHORIZATION)?.to_str().ok()?;
        self.tokens.principal(sent.split_once(' ')?.1.trim()).map(str::to_owned)
    }
}

const WANTED: &str = "is not a JSON object with the SHA-256 of each token, as 64 hex digits, and its principal";

/// The tokens in `text`, an object of digests and principals.
fn tokens(text: &str) -> Option<Tokens> {
    let entries: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let digests = entries.into_iter().map(|(digest, principal)| Some((bytes(&digest)?, principal)));
    let digests: Option<Vec<_>> = digests.collect();
    Some(digests?.into_iter().fold(Tokens::new(), |tokens, (digest, who)| tokens.with_digest(digest, who)))
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = digits.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let (pairs, odd) = digits.as_deref()?.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.try_into().ok().filter(|_| odd.is_empty())
}

/// The names in `list`. When there are none, whatever name a request was sent to is one: the platform brings nothing here
/// that was not meant for this Worker, so there is no other machine that a page could take this one for.
fn allowed_hosts(list: &str, headers: &HeaderMap) -> Vec<String> {
    let named: Vec<String> =
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if !named.is_empty() {
        return named;
    }
    let sent_to = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    sent_to.map(|authority| authority.host().to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `hello`.
    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn a_token_is_known_by_its_digest() {
        let known = tokens(&format!(r#"{{"{HELLO}": "owner"}}"#)).unwrap();
        assert_eq!((known.principal("hello"), known.principal("hallo")), (Some("owner"), None));
        let known = tokens(&format!(r#"{{"{}": "owner"}}"#, HELLO.to_ascii_uppercase())).unwrap();
        assert_eq!(known.principal("hello"), Some("owner"));
        assert_eq!(tokens("{}").unwrap().principal(""), None);
    }

    #[test]
    fn what_is_no_table_of_tokens_lets_nobody_in() {
        let short = HELLO.strip_prefix("2c").unwrap();
        for odd in ["", "hello", "[]", r#"{"hello": "owner"}"#, &format!(r#"{{"{short}": "x"}}"#), r#"{"ä": "x"}"#] {
            assert!(tokens(odd).is_none(), "{odd}");
        }
        assert!(tokens(&format!(r#"{{"{HELLO}0": "x"}}"#)).is_none());
        assert!(tokens(&format!(r#"{{"{HELLO}": 7}}"#)).is_none());
    }

    #[test]
    fn without_a_list_the_name_that_was_asked_is_allowed_and_with_one_only_what_stands_in_it() {
        let asked = |host: &str| HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        assert_eq!(allowed_hosts("", &asked("k.example.dev:8443")), ["k.example.dev"]);
        assert_eq!(allowed_hosts(" , ", &asked("k.example.dev")), ["k.example.dev"]);
        assert_eq!(allowed_hosts("a.example, b.example", &asked("k.example.dev")), ["a.example", "b.example"]);
        assert!(allowed_hosts("", &HeaderMap::new()).is_empty());
    }
}
