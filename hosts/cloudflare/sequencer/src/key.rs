//! The key of a workspace, which wraps its data keys: derived, so that there is one secret to keep and none to store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::id::WorkspaceId;
use sha2::Sha256;
use worker::Env;

/// The secret's name.
const SECRET: &str = "KERNELOS_MASTER_KEY";

/// What the secret is used for; other uses have other words.
const DOMAIN: &[u8] = b"kernelos workspace key 1\0";

/// The key of `workspace`. The error says what to do about the secret, and nothing of what is in it.
pub fn workspace_key(env: &Env, workspace: WorkspaceId) -> Result<[u8; 32], String> {
    let secret = env.secret(SECRET).map_err(|_| told("is not there"))?.to_string();
    derived(&secret, workspace).ok_or_else(|| told("is not base64 of 32 bytes"))
}

fn derived(secret: &str, workspace: WorkspaceId) -> Option<[u8; 32]> {
    let master: [u8; 32] = STANDARD.decode(secret.trim()).ok()?.try_into().ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&master).ok()?;
    mac.update(DOMAIN);
    mac.update(workspace.to_string().as_bytes());
    Some(mac.finalize().into_bytes().into())
}

fn told(what: &str) -> String {
    format!("the secret {SECRET} of the sequencer {what}; set it to base64 of 32 random bytes and keep a copy")
}

#[cfg(test)]
mod tests {
    use super::derived;
    use kernel::id::WorkspaceId;

    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn each_workspace_has_a_key_of_its_own_and_always_the_same() {
        let key = |secret, id| derived(secret, WorkspaceId([id; 16]));
        assert!(key(SECRET, 1).is_some());
        let pasted = format!("{SECRET}\n");
        assert_eq!(key(SECRET, 1), key(&pasted, 1));
        assert_ne!(key(SECRET, 1), key(SECRET, 2));
        let other = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        assert_ne!(key(SECRET, 1), key(other, 1));
    }

    #[test]
    fn what_is_no_secret_makes_no_key() {
        for odd in ["", "AAEC", "not base64 at all", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI="] {
            assert_eq!(derived(odd, WorkspaceId([1; 16])), None, "{odd}");
        }
    }
}
