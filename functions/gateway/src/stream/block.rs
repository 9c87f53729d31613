//! The wire form of a stream: blocks of lines, each block ended by an empty line.

use serde::Serialize;

/// What is sent when there is nothing to say, so that a connection that broke shows.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// How long to wait before coming back.
pub fn retry(out: &mut Vec<u8>, ms: u64) {
    out.extend(format!("retry: {ms}\n\n").bytes());
}

/// A message. One with an `id` moves the place a client comes back with.
pub fn message(out: &mut Vec<u8>, id: Option<u64>, name: &str, data: &impl Serialize) {
    if let Some(id) = id {
        out.extend(format!("id: {id}\n").bytes());
    }
    out.extend(format!("event: {name}\n").bytes());
    // Structs of texts and numbers always have a JSON form; were it otherwise, an empty message says that much.
    let text = serde_json::to_vec(data).unwrap_or_default();
    // Stored bytes are shown as they are. Where JSON has a line end it is white space, and a line of its own here.
    for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}
