//! The variables of one component as a vault. They are kept by the host, so nothing is kept here.

use crate::setup::optional;
use async_trait::async_trait;
use ports::{Secret, Vault, VaultError};

/// Names of the host's own variables begin like this. No workspace may refer to them.
const RESERVED: &str = "kernelos_";
/// Longest name of a variable.
const NAME_MAX: usize = 128;

/// The vault: `env:NAME` is the variable `name` of this component.
#[derive(Debug, Clone, Copy)]
pub struct VariablesVault;

#[async_trait(?Send)]
impl Vault for VariablesVault {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Broken("keys of workspaces are the sequencer's, and this is not it".to_owned()))
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        let name = name(reference)?;
        let unknown = || {
            let environment = name.to_ascii_uppercase();
            VaultError::Unknown(format!(
                "{reference}; declare the variable {name} in spin.toml, for the application and for this component, and set \
                 SPIN_VARIABLE_{environment}"
            ))
        };
        optional(&name).map(Secret::new).ok_or_else(unknown)
    }

    async fn keep(&self, name: &str, _: Secret) -> Result<(), VaultError> {
        Err(VaultError::Broken(format!(
            "secrets are kept by the host: declare a variable for {name} in spin.toml, then env:{name}"
        )))
    }
}

/// The variable that `reference` names: the host knows lower case only.
fn name(reference: &str) -> Result<String, VaultError> {
    if let Some(name) = reference.strip_prefix("vault:") {
        let why = format!("vault:{name} on this host; keep it as a variable and write env:NAME");
        return Err(VaultError::Unknown(why));
    }
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic());
    match reference.strip_prefix("env:") {
        // Not repeated: whoever takes the reference for the secret itself has written it here.
        None => Err(VaultError::BadReference(format!("a text of {} characters", reference.chars().count()))),
        Some(name) if name.len() > NAME_MAX || !begins(name) || !plain(name) => {
            Err(VaultError::BadReference("a name that is not of letters, digits and underscores".to_owned()))
        }
        Some(name) if name.to_ascii_lowercase().starts_with(RESERVED) => {
            Err(VaultError::BadReference(format!("{reference}, a name of the host's own,")))
        }
        Some(name) => Ok(name.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_the_environment_names_a_variable() {
        assert_eq!(name("env:OPENAI_API_KEY"), Ok("openai_api_key".to_owned()));
    }

    #[test]
    fn the_hosts_own_variables_are_nobodys() {
        for reference in ["env:KERNELOS_MASTER_KEY", "env:kernelos_", "env:Kernelos_token"] {
            assert!(matches!(name(reference).unwrap_err(), VaultError::BadReference(_)), "{reference}");
        }
        assert!(name("env:KERNELO").is_ok());
    }

    #[test]
    fn a_key_in_the_place_of_its_reference_is_not_repeated() {
        for reference in ["sk-secret-0123456789", "env:", "env:9x", "env:a b", "env:a-b", "env:_x", ""] {
            let refused = name(reference).unwrap_err();
            assert!(matches!(refused, VaultError::BadReference(_)), "{reference}");
            assert!(!refused.to_string().contains("sk-secret"));
        }
        let VaultError::Unknown(why) = name("vault:openai").unwrap_err() else { panic!("it is unknown") };
        assert!(why.contains("env:NAME"), "{why}");
    }
}
