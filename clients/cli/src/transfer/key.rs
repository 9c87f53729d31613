//! The key of a file, and whom it is for. It is made and wrapped here: a host sees the key and nothing of whom it is for.

use crate::age::{self, For, Identity, Needs, Recipient, Unopened, With};
use crate::outcome::Problem;
use crate::prompt;
use kernel::seal::TransferKey;
use ports::transfer::About;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a file is opened with, as far as the command line says.
#[derive(Debug, Clone, Copy)]
pub struct Opener<'a> {
    /// A file with identities.
    pub identity: Option<&'a Path>,
    /// A file with the passphrase.
    pub passphrase_file: Option<&'a Path>,
}

/// Whom a file is for that is written now.
pub fn whom(recipients: &[Recipient], passphrase_file: Option<&PathBuf>) -> Result<For, Problem> {
    if !recipients.is_empty() {
        return Ok(For::Recipients(recipients.to_vec()));
    }
    if let Some(path) = passphrase_file {
        return passphrase_in(path).map(For::Passphrase);
    }
    let passphrase = Zeroizing::new(prompt::secret("Passphrase for the file")?);
    if passphrase.is_empty() {
        let hint = "Type one, or name a recipient: --recipient age1…";
        return Err(Problem::usage("the passphrase is empty", hint));
    }
    if prompt::somebody_is_there() && *passphrase != prompt::secret("The same once more")? {
        return Err(Problem::usage("the passphrases are not the same", "Try again."));
    }
    Ok(For::Passphrase(passphrase))
}

/// The key of the file that is about `about`.
pub fn open(about: &About, opener: &Opener<'_>) -> Result<TransferKey, Problem> {
    let Some(file) = about.key.age.as_deref() else {
        let hint = "Whoever exported it has the key; the interface of the host takes it.";
        return Err(Problem::failed("no_key", "the file does not hold its key", hint));
    };
    let key = Keyring::new(*opener).open(file)?;
    if key.check(about.workspace) == about.key.check { Ok(key) } else { Err(unopened(Unopened::Malformed)) }
}

/// Opens wrapped keys with what the command line says. Whoever sits at the terminal is asked for a passphrase once.
#[derive(Debug)]
pub struct Keyring<'a> {
    opener: Opener<'a>,
    passphrase: Option<Zeroizing<String>>,
}

impl<'a> Keyring<'a> {
    /// Nothing was opened yet.
    pub fn new(opener: Opener<'a>) -> Self {
        Self { opener, passphrase: None }
    }

    /// The key that the armored `file` wraps.
    pub fn open(&mut self, file: &str) -> Result<TransferKey, Problem> {
        let secret = age::open(file, &self.with(file)?).map_err(unopened)?;
        let bytes: [u8; 32] = secret.as_slice().try_into().map_err(|_| unopened(Unopened::Malformed))?;
        Ok(TransferKey::new(bytes))
    }

    fn with(&mut self, file: &str) -> Result<With, Problem> {
        let needs = age::needs(file).map_err(unopened)?;
        match (needs, self.opener.identity, self.opener.passphrase_file) {
            (Needs::Identity, Some(path), _) => {
                let text = Zeroizing::new(read(path)?);
                let identities = Identity::all(&text);
                let identities = identities.map_err(|why| Problem::usage(format!("{}: {why}", path.display()), ""))?;
                Ok(With::Identities(identities))
            }
            (Needs::Identity, None, _) => {
                let hint = "Name the file with the key: --identity FILE";
                Err(Problem::usage("the file is for recipients and not for a passphrase", hint))
            }
            (Needs::Passphrase, None, Some(path)) => passphrase_in(path).map(With::Passphrase),
            (Needs::Passphrase, None, None) => self.asked().map(With::Passphrase),
            (Needs::Passphrase, Some(_), _) => {
                Err(Problem::usage("the file is for a passphrase and not for recipients", "Leave --identity out."))
            }
        }
    }

    fn asked(&mut self) -> Result<Zeroizing<String>, Problem> {
        if let Some(passphrase) = &self.passphrase {
            return Ok(passphrase.clone());
        }
        let passphrase = Zeroizing::new(prompt::secret("Passphrase of the file")?);
        self.passphrase = Some(passphrase.clone());
        Ok(passphrase)
    }
}

/// A key that nobody else has.
pub fn fresh() -> Result<TransferKey, Problem> {
    random().map(TransferKey::new)
}

/// `key`, wrapped for `whom`.
pub fn wrapped(key: &TransferKey, whom: &For) -> Result<String, Problem> {
    let wrapped = age::seal(key.bytes(), whom, &|| random().ok());
    wrapped.ok_or_else(|| Problem::failed("entropy", "the key cannot be wrapped", ""))
}

fn random() -> Result<[u8; 32], Problem> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|why| Problem::failed("entropy", why.to_string(), ""))?;
    Ok(random)
}

fn passphrase_in(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let text = Zeroizing::new(read(path)?);
    let passphrase = text.trim_end_matches(['\r', '\n']);
    if passphrase.is_empty() {
        return Err(Problem::usage(format!("{} is empty", path.display()), "Write the passphrase into it."));
    }
    Ok(Zeroizing::new(passphrase.to_owned()))
}

fn read(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|why| Problem::usage(format!("{}: {why}", path.display()), ""))
}

fn unopened(why: Unopened) -> Problem {
    let hint = "Give the passphrase or the identity that the file was exported to.";
    match why {
        Unopened::Foreign => Problem::failed("import_wrong_key", "the file is for somebody else", hint),
        Unopened::Malformed => {
            let hint = "Take another copy of the file, or export again.";
            Problem::failed("import_altered", "the wrapped key in the file cannot be read", hint)
        }
        Unopened::TooMuchWork => {
            Problem::failed("import_wrong_key", "its passphrase asks for more work than is done here", hint)
        }
    }
}
