//! A file key for whoever knows a passphrase, by scrypt.

use super::header::Stanza;
use super::{FileKey, Unopened, found, wrapped};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scrypt::Params;
use zeroize::Zeroizing;

const KIND: &str = "scrypt";
const PURPOSE: &[u8] = b"age-encryption.org/v1/scrypt";
/// Work for a file that is written here: about a second, and 256 MiB. The `age` program does as much.
const WORK: u8 = 18;
/// The most work that is done for a file from elsewhere: a gigabyte.
const WORK_MAX: u8 = 20;
const SALT: usize = 16;

/// Whether it is for a passphrase.
pub fn is(stanza: &Stanza) -> bool {
    stanza.words.first().is_some_and(|kind| kind == KIND)
}

/// The file key for whoever knows `passphrase`. `salt` is random and used for this only.
pub fn wrap(file_key: &FileKey, passphrase: &str, salt: [u8; SALT]) -> Option<Stanza> {
    let under = under(passphrase, &salt, WORK)?;
    let words = vec![KIND.to_owned(), STANDARD_NO_PAD.encode(salt), WORK.to_string()];
    Some(Stanza { words, body: wrapped(file_key, &under)? })
}

/// The file key, if it is for `passphrase`.
pub fn unwrap(stanza: &Stanza, passphrase: &str) -> Result<Option<FileKey>, Unopened> {
    let [_, salt, work] = stanza.words.as_slice() else { return Err(Unopened::Malformed) };
    let salt: Option<[u8; SALT]> = STANDARD_NO_PAD.decode(salt).ok().and_then(|salt| salt.try_into().ok());
    let work_said: Option<u8> = work.parse().ok().filter(|number: &u8| number.to_string() == *work && *number > 0);
    let (Some(salt), Some(work)) = (salt, work_said) else { return Err(Unopened::Malformed) };
    if work > WORK_MAX {
        return Err(Unopened::TooMuchWork);
    }
    let under = under(passphrase, &salt, work).ok_or(Unopened::Malformed)?;
    Ok(found(&stanza.body, &under))
}

fn under(passphrase: &str, salt: &[u8; SALT], work: u8) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(work, 8, 1).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &[PURPOSE, salt].concat(), &params, &mut key[..]).ok()?;
    Some(key)
}
