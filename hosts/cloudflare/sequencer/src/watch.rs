//! Who watches: sockets that outlive the object's sleep, told of every commit and of pieces of answers.

use crate::platform::Platform;
use ports::LiveDelta;
use serde::Serialize;
use worker::{Response, WebSocket, WebSocketPair};

/// Under which tag the platform keeps them.
const TAG: &str = "watch";

/// What is told.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Told<'a> {
    /// Position of the last event.
    Pos(u64),
    /// A piece of an answer.
    Delta(&'a LiveDelta),
}

/// Let somebody watch, and tell at once where the log stands.
pub fn accept(platform: &Platform, pos: u64) -> worker::Result<Response> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    platform.accept(&server, TAG).map_err(worker::Error::RustError)?;
    tell(&[server], &Told::Pos(pos));
    Response::from_websocket(client)
}

/// Tell where the log stands.
pub fn tell_position(platform: &Platform, pos: u64) {
    tell(&platform.sockets(TAG), &Told::Pos(pos));
}

/// Tell pieces of answers.
pub fn tell_deltas(platform: &Platform, deltas: &[LiveDelta]) {
    let sockets = platform.sockets(TAG);
    deltas.iter().for_each(|delta| tell(&sockets, &Told::Delta(delta)));
}

fn tell(sockets: &[WebSocket], told: &Told<'_>) {
    // Positions and deltas always have a JSON form.
    let Ok(message) = serde_json::to_string(told) else { return };
    for socket in sockets {
        // One that cannot be told is closing: its other end notices, connects again and asks from where it was.
        let _ = socket.send_with_str(&message);
    }
}
