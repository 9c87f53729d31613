//! What every event carries beside its data.

use super::{CommandRejected, EventData, Place, Undecodable};
use crate::entity::{Alias, Blob, Chain, Record};
use crate::hash::{Domain, Hash, HashText, hash};
use crate::id::{BlobId, CommandId, Id, KeyId, WorkspaceId};
use crate::key::{BranchId, Key, Line, Space};
use crate::merge::{Append, Exclusive, Lww};
use crate::state::{Touched, Writer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Version of the envelope.
pub const ENVELOPE: u16 = 1;

/// The envelope of an event, in the order in which it is written. The authoring device is in the command's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the envelope.
    pub v: u16,
    /// Version of all that enters hashes.
    pub format: u32,
    /// Version of the kernel that recorded it.
    pub kernel: Cow<'static, str>,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The stream, with incarnation.
    pub stream: Space,
    /// Position in the stream, from 1.
    pub seq: u64,
    /// Position in the workspace, from 1.
    pub pos: u64,
    /// Type of the event.
    #[serde(rename = "type")]
    pub name: Cow<'static, str>,
    /// Version of the type.
    pub version: u16,
    /// The command that caused it.
    pub command: CommandId,
    /// About the command as a whole; in its first event only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<First>,
    /// Commands without which this one would not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<CommandId>,
    /// The command at the beginning of the causes; absent when that is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<CommandId>,
    /// Who acted.
    pub actor: String,
    /// For whom, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<String>,
    /// When the command was authored, by its device's clock; milliseconds since 1970.
    pub authored_at: u64,
    /// When the sequencer accepted it; milliseconds since 1970.
    pub accepted_at: u64,
    /// The permission it used.
    pub scope: Cow<'static, str>,
    /// Entities whose content was read: for a model call, its context.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Key>,
    /// What it touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<Touched>,
    /// Content it brought that is kept apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<BlobRef>,
    /// Seq of the control stream (so of every policy) it was decided under.
    pub control: u64,
    /// Rows of its line that are not younger than this position were kept for forks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u64>,
    /// Hash of the stream's event before it; all zero for the first.
    pub previous: HashText,
}

/// Content that is kept apart because it is large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRef {
    /// Hash of its ciphertext.
    pub blob: BlobId,
    /// Bytes of the ciphertext with all that belongs to it.
    pub size: u32,
    /// In how many chunks it is kept.
    pub chunks: u16,
    /// Media type of the content.
    pub kind: String,
    /// The data key that sealed it.
    pub key: KeyId,
}

/// About a command as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct First {
    /// Hash over the command as it was sent.
    pub hash: HashText,
    /// How many events it has.
    pub events: u32,
    /// Hash of principal and idempotency key, when it was sent under one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<KeyId>,
    /// What it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Id>,
    /// The chain before it as its device says; present where the commands known here do not reach up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<HashText>,
}

impl Header {
    /// The stored bytes of the event with `data`. An error means that content was not sealed.
    pub fn encode(&self, data: &EventData) -> Result<Vec<u8>, serde_json::Error> {
        let data = data.encode()?;
        let mut bytes = serde_json::to_vec(self)?;
        // The header is an object with members, so the data can be appended as its last one.
        bytes.pop();
        bytes.extend_from_slice(DATA);
        bytes.extend_from_slice(data.get().as_bytes());
        bytes.push(b'}');
        Ok(bytes)
    }

    /// Read stored bytes.
    pub fn decode(bytes: &[u8]) -> Result<(Self, EventData), Undecodable> {
        let (mut envelope, data) = parted(bytes).ok_or_else(|| Undecodable::Envelope("it has no data".to_owned()))?;
        envelope.push(b'}');
        let header: Self = serde_json::from_slice(&envelope).map_err(|why| Undecodable::Envelope(why.to_string()))?;
        if header.v != ENVELOPE {
            return Err(Undecodable::Envelope(format!("version {} is not known", header.v)));
        }
        let data = EventData::decode(&header.name, header.version, data)?;
        Ok((header, data))
    }

    /// The line whose data the event changes. Control events change `main`'s.
    pub fn line(&self) -> Line {
        match self.stream {
            Space::Data(line) => line,
            Space::Control | Space::Dedupe | Space::Kept(_) => Line { branch: BranchId::Main, incarnation: 0 },
        }
    }

    /// Every row that applying the event reads or writes.
    pub fn places(&self, data: &EventData) -> Vec<Place> {
        let mut places = data.places();
        let place = if self.stream == Space::Control { Place::Control } else { Place::Data };
        places.extend(self.blobs.iter().map(|blob| place(Key::Blob(blob.blob))));
        if self.first.is_some() {
            places.push(Place::Control(Key::Chain(self.command.device, self.command.incarnation)));
            places.push(Place::Control(Key::Command(self.command)));
        }
        places
    }
}

/// Note the content that is kept apart, where the event itself belongs: what control brought is never turned back.
pub fn apply_blobs(header: &Header, to: &mut Writer<'_>) {
    for BlobRef { blob, size, chunks, kind, key } in &header.blobs {
        let (size, chunks) = (Exclusive(*size), Exclusive(*chunks));
        let entity = Blob { size, chunks, kind: Exclusive(kind.clone()), key: Exclusive(*key) };
        match header.stream {
            Space::Control => to.put_control(Key::Blob(*blob), entity),
            _ => to.put(Key::Blob(*blob), entity),
        }
    }
}

/// Where the data begin in stored bytes. Quotes inside a string are escaped and no other member is called data, so the
/// first occurrence is the one that [`Header::encode`] wrote; the bytes are read once.
const DATA: &[u8] = b",\"data\":";

/// The envelope without its closing brace, and the data.
fn parted(bytes: &[u8]) -> Option<(Vec<u8>, &str)> {
    let at = bytes.windows(DATA.len()).position(|window| window == DATA)?;
    let (envelope, rest) = bytes.split_at_checked(at)?;
    let data = rest.get(DATA.len()..)?.strip_suffix(b"}")?;
    Some((envelope.to_vec(), std::str::from_utf8(data).ok()?))
}

/// The hash of an event's stored bytes.
pub fn event_hash(bytes: &[u8]) -> Hash {
    hash(Domain::Event, &[bytes])
}

/// The next link of a chain of commands.
pub fn next_link(link: &HashText, command: &HashText) -> HashText {
    HashText(hash(Domain::Chain, &[&link.0, &command.0]))
}

/// Note the command: its record, and its place in the chain of its device.
pub fn apply_first(first: &First, command: CommandId, rejected: Option<&CommandRejected>, to: &mut Writer<'_>) {
    let record = Record {
        command: Lww(command),
        hash: Lww(first.hash),
        pos: Lww(to.pos()),
        events: Lww(first.events),
        rejected: Lww(rejected.map(|rejected| rejected.code.clone())),
        detail: Lww(rejected.map(|rejected| rejected.detail.clone()).unwrap_or_default()),
        made: Append(first.made.clone()),
    };
    to.put_control(Key::Command(command), record);
    if let Some(key) = first.idempotency {
        to.put_dedupe(Key::Idempotency(key), Alias { command: Lww(command) });
    }
    let key = Key::Chain(command.device, command.incarnation);
    if to.control::<Chain>(key).is_none() {
        to.put_control(key, Chain { mark: Lww(0), link: Lww(BEGINNING), gaps: Append(Vec::new()) });
    }
    to.edit_control::<Chain>(key, |chain| advance(chain, command.counter, first));
}

/// The chain before a device's first command; a chain is here again when it is not known any more.
const BEGINNING: HashText = HashText([0; 32]);

impl Chain {
    /// The link that the command of `counter` has to continue; none where it is not known.
    pub fn link_before(&self, counter: u64) -> Option<HashText> {
        (self.mark.checked_add(1) == Some(counter) && *self.link != BEGINNING).then_some(*self.link)
    }
}

fn advance(chain: &mut Chain, counter: u64, first: &First) {
    let mark = *chain.mark;
    if counter <= mark {
        chain.gaps.0 = std::mem::take(&mut chain.gaps.0).into_iter().flat_map(|gap| without(gap, counter)).collect();
        return;
    }
    if counter > mark + 1 {
        chain.gaps.push((mark + 1, counter - 1));
    }
    // Behind a gap the chain goes on from what the device says; if it says nothing, nothing is compared any more.
    let known = chain.link_before(counter).or((counter == 1).then_some(BEGINNING)).or(first.previous);
    chain.mark = Lww(counter);
    chain.link = Lww(known.map_or(BEGINNING, |link| next_link(&link, &first.hash)));
}

fn without((low, high): (u64, u64), counter: u64) -> Vec<(u64, u64)> {
    if counter < low || counter > high {
        return vec![(low, high)];
    }
    let below = (low < counter).then(|| (low, counter - 1));
    let above = (counter < high).then(|| (counter + 1, high));
    below.into_iter().chain(above).collect()
}
