//! Names of secrets and workspaces, and references to secrets.

use ports::VaultError;

/// Longest name.
const CHARS_MAX: usize = 64;

/// A reference that was understood.
pub enum Reference<'a> {
    /// The environment variable of that name.
    Environment(&'a str),
    /// The secret kept in the file under that name.
    Kept(&'a str),
}

/// What `text` refers to. A text that is no reference is not repeated: it may be the secret itself, put in its place.
pub fn reference(text: &str) -> Result<Reference<'_>, VaultError> {
    let reference = match text.split_once(':') {
        Some(("env", name)) => Reference::Environment(check(name)?),
        Some(("vault", name)) => Reference::Kept(check(name)?),
        _ => return Err(VaultError::BadReference(format!("a text of {} characters", text.chars().count()))),
    };
    Ok(reference)
}

/// `name`, when it is one: short and of characters that no shell, file or log reads as anything else.
pub fn check(name: &str) -> Result<&str, VaultError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if name.is_empty() || name.len() > CHARS_MAX || !name.bytes().all(known) {
        let rule = format!("a name that is not 1 to {CHARS_MAX} of A-Z, a-z, 0-9, '_', '.' and '-'");
        return Err(VaultError::BadReference(rule));
    }
    Ok(name)
}
