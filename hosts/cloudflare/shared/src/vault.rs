//! The secrets of one Worker as a vault. It is kept by the platform, so nothing is kept here.

use async_trait::async_trait;
use ports::{Secret, Vault, VaultError};
use worker::Env;

/// Names of the host's own secrets begin like this. No workspace may refer to them.
const RESERVED: &str = "KERNELOS_";
/// Longest name of a secret.
const NAME_MAX: usize = 128;

/// The vault: `env:NAME` is the secret `NAME` of this Worker.
#[derive(Debug, Clone)]
pub struct SecretsVault {
    env: Env,
}

impl SecretsVault {
    /// Over the secrets in `env`.
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

#[async_trait(?Send)]
impl Vault for SecretsVault {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Broken("keys of workspaces are the sequencer's, and this is not it".to_owned()))
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        let name = name(reference)?;
        let unknown = |_| VaultError::Unknown(format!("{reference}; run: wrangler secret put {name}"));
        self.env.secret(name).map(|secret| Secret::new(secret.to_string())).map_err(unknown)
    }

    async fn keep(&self, name: &str, _: Secret) -> Result<(), VaultError> {
        Err(VaultError::Broken(format!(
            "secrets are kept by the platform: wrangler secret put {name}, then env:{name}"
        )))
    }
}

/// The secret that `reference` names.
fn name(reference: &str) -> Result<&str, VaultError> {
    if let Some(name) = reference.strip_prefix("vault:") {
        let why = format!("vault:{name} on this host; keep it as a secret of the Worker and write env:NAME");
        return Err(VaultError::Unknown(why));
    }
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    match reference.strip_prefix("env:") {
        // Not repeated: whoever takes the reference for the secret itself has written it here.
        None => Err(VaultError::BadReference(format!("a text of {} characters", reference.chars().count()))),
        Some(name) if name.len() > NAME_MAX || !begins(name) || !plain(name) => {
            Err(VaultError::BadReference("a name that is not of letters, digits and underscores".to_owned()))
        }
        Some(name) if name.to_ascii_uppercase().starts_with(RESERVED) => {
            Err(VaultError::BadReference(format!("{reference}, a name of the host's own,")))
        }
        Some(name) => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_the_environment_names_a_secret_of_the_worker() {
        assert_eq!(name("env:OPENAI_API_KEY"), Ok("OPENAI_API_KEY"));
        assert_eq!(name("env:_x9"), Ok("_x9"));
    }

    #[test]
    fn the_hosts_own_secrets_are_nobodys() {
        for reference in ["env:KERNELOS_MASTER_KEY", "env:KERNELOS_", "env:kernelos_tokens"] {
            let refused = name(reference).unwrap_err();
            assert!(matches!(refused, VaultError::BadReference(_)), "{reference}");
        }
        assert_eq!(name("env:KERNELO"), Ok("KERNELO"));
    }

    #[test]
    fn what_is_kept_nowhere_here_is_said_to_be_and_where_it_would_be() {
        let VaultError::Unknown(why) = name("vault:openai").unwrap_err() else { panic!("it is unknown") };
        assert!(why.contains("env:NAME"), "{why}");
    }

    #[test]
    fn a_key_in_the_place_of_its_reference_is_not_repeated() {
        for reference in ["sk-secret-0123456789", "env:", "env:9x", "env:a b", "env:a-b", "env:__proto__.x", ""] {
            let refused = name(reference).unwrap_err();
            assert!(matches!(refused, VaultError::BadReference(_)), "{reference}");
            assert!(!refused.to_string().contains("sk-secret"));
        }
        assert!(name(&format!("env:{}", "a".repeat(200))).is_err());
    }
}
