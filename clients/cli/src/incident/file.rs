//! The file of an incident: a head in clear, and pieces that are sealed one after the other.

use super::record::{Head, INCIDENT_FORMAT, Incident};
use crate::outcome::Problem;
use crate::transfer::Keyring;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use kernel::seal::TransferKey;
use ports::transfer::{self, FrameKind};
use zeroize::Zeroizing;

/// How every file begins.
const MAGIC: &[u8] = b"kernelos-incident\n";
/// Bytes of one piece before it is packed.
const PIECE: usize = 1_000_000;
/// Longest head that is read: its key is for a hundred recipients at most.
const HEAD_MAX: usize = 64 * 1024;

/// The file of `incident`, under `key`.
pub fn write(head: &Head, incident: &Incident, key: &TransferKey) -> Result<Vec<u8>, Problem> {
    let said = json(head)?;
    let mut file = [MAGIC, &length(said.len()), &said].concat();
    let (bytes, mut chain) = (Zeroizing::new(json(incident)?), transfer::begin());
    let pieces: Vec<&[u8]> = bytes.chunks(PIECE).collect();
    for (nth, piece) in pieces.iter().enumerate() {
        let kind = if nth + 1 == pieces.len() { FrameKind::Ending } else { FrameKind::Records };
        let frame = Zeroizing::new(transfer::write(&mut chain, kind, piece));
        let sealed = cipher(key).encrypt(&nonce(nth), Payload { msg: &frame, aad: &said });
        let sealed = sealed.map_err(|_| Problem::failed("protocol", "a piece cannot be sealed", ""))?;
        file.extend(length(sealed.len()));
        file.extend(sealed);
    }
    Ok(file)
}

/// Read a file, and open it.
pub fn open(file: &[u8], keyring: &mut Keyring<'_>) -> Result<(Head, Incident), Problem> {
    let Some(rest) = file.strip_prefix(MAGIC) else {
        let what = "this is no piece of a timeline: it does not begin like one";
        return Err(Problem::failed("incident_foreign", what, "Choose a file that `kernelos incident` wrote."));
    };
    let (said, mut rest) = part(rest, HEAD_MAX).ok_or_else(|| altered(MAGIC.len()))?;
    let head: Head = serde_json::from_slice(said).map_err(|_| altered(MAGIC.len()))?;
    if head.incident > INCIDENT_FORMAT {
        let what = format!("the file is of version {}, and {INCIDENT_FORMAT} is known here", head.incident);
        return Err(Problem::failed("incident_version", what, "Use a newer version of this program."));
    }
    let key = keyring.open(&head.age)?;
    let (mut bytes, mut chain, mut nth) = (Zeroizing::new(Vec::new()), transfer::begin(), 0);
    loop {
        let at = file.len() - rest.len();
        let Some((sealed, behind)) = part(rest, transfer::FRAME_BYTES_MAX + 16) else {
            let what = format!("the file ends or was altered at byte {at}, before its end");
            return Err(Problem { exit: 3, ..Problem::failed("incident_cut", what, ANOTHER) });
        };
        let opened = cipher(&key).decrypt(&nonce(nth), Payload { msg: sealed, aad: said }).map_err(|_| altered(at))?;
        let frame = transfer::read(&Zeroizing::new(opened), &chain).ok().flatten().ok_or_else(|| altered(at))?;
        bytes.extend_from_slice(&frame.raw);
        (rest, chain, nth) = (behind, frame.chain, nth + 1);
        if frame.kind == FrameKind::Ending {
            break;
        }
    }
    if !rest.is_empty() {
        return Err(altered(file.len() - rest.len()));
    }
    let incident = serde_json::from_slice(&bytes).map_err(|why| {
        let what = format!("what is in the file cannot be read: {why}");
        Problem { exit: 3, ..Problem::failed("incident_altered", what, ANOTHER) }
    })?;
    Ok((head, incident))
}

const ANOTHER: &str = "Take another copy of the file, or have it written again.";

fn altered(at: usize) -> Problem {
    let what = format!("the file was altered at or behind byte {at}");
    Problem { exit: 3, ..Problem::failed("incident_altered", what, ANOTHER) }
}

/// The bytes that stand behind their length, and what is behind them.
fn part(bytes: &[u8], most: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    rest.split_at_checked(length).filter(|_| length <= most)
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// The key is of this one file, so counting gives no nonce twice.
fn nonce(nth: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce.iter_mut().zip((nth as u64).to_le_bytes()).for_each(|(to, from)| *to = from);
    Nonce::from(nonce)
}

fn cipher(key: &TransferKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*Zeroizing::new(key.incident())))
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|why| Problem::failed("protocol", why.to_string(), ""))
}
