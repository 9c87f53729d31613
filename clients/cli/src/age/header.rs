//! The header of a file: for whom it is, and a code over it.

use super::{FileKey, derived};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const VERSION: &str = "age-encryption.org/v1";
const COLUMNS: usize = 64;
/// Stanzas of one file; more than anybody has recipients.
const STANZAS_MAX: usize = 1_000;

/// For whom a file is.
pub struct Header {
    /// One for each whom it is for.
    pub stanzas: Vec<Stanza>,
}

/// The file key, wrapped for somebody.
pub struct Stanza {
    /// The kind, and what else is needed to unwrap.
    pub words: Vec<String>,
    /// The wrapped key.
    pub body: Vec<u8>,
}

impl Header {
    /// As it stands in a file.
    pub fn written(&self, file_key: &FileKey) -> Vec<u8> {
        let mut text = format!("{VERSION}\n");
        for stanza in &self.stanzas {
            text += &format!("-> {}\n", stanza.words.join(" "));
            let digits = STANDARD_NO_PAD.encode(&stanza.body);
            let mut lines = digits.as_bytes().chunks_exact(COLUMNS);
            for line in lines.by_ref() {
                text.extend(line.iter().copied().map(char::from));
                text.push('\n');
            }
            // The last line is short, even if that makes it empty.
            text.extend(lines.remainder().iter().copied().map(char::from));
            text.push('\n');
        }
        text += "---";
        let code = STANDARD_NO_PAD.encode(code(file_key, text.as_bytes()).finalize().into_bytes());
        (text + " " + &code + "\n").into_bytes()
    }

    /// The header at the beginning of `bytes`, and what is behind it.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut rest = bytes;
        if line(&mut rest)? != VERSION {
            return None;
        }
        let mut stanzas = Vec::new();
        loop {
            let next = line(&mut rest)?;
            if next.starts_with("---") {
                return Some((Self { stanzas }, rest));
            }
            let words = next.strip_prefix("-> ")?.split(' ').map(str::to_owned).collect();
            stanzas.push(Stanza { words, body: body(&mut rest)? });
            if stanzas.len() > STANZAS_MAX {
                return None;
            }
        }
    }

    /// Whether the header at the beginning of `bytes` was written by whoever chose the file key.
    pub fn is_of(&self, file_key: &FileKey, bytes: &[u8]) -> bool {
        let Some(at) = bytes.windows(4).position(|window| window == b"\n---") else { return false };
        let Some((over, mut rest)) = bytes.split_at_checked(at + 4) else { return false };
        let said = line(&mut rest).and_then(|line| STANDARD_NO_PAD.decode(line.strip_prefix(' ')?).ok());
        said.is_some_and(|said| code(file_key, over).verify_slice(&said).is_ok())
    }
}

fn code(file_key: &FileKey, over: &[u8]) -> Hmac<Sha256> {
    let key = derived(&file_key[..], b"", b"header");
    // HMAC pads a key shorter than its block with zeros.
    let block: [u8; 64] = std::array::from_fn(|nth| key.get(nth).copied().unwrap_or_default());
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(over);
    mac
}

fn body(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut digits = String::new();
    loop {
        let next = line(rest)?;
        digits.push_str(next);
        if next.len() < COLUMNS {
            return STANDARD_NO_PAD.decode(digits).ok();
        }
        if next.len() > COLUMNS {
            return None;
        }
    }
}

/// The next line, without its end.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, behind) = rest.split_at_checked(end)?;
    *rest = behind.get(1..)?;
    std::str::from_utf8(line).ok()
}
