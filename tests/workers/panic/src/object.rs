//! An object that does what its last path segment says.

use futures_util::stream;
use std::time::Duration;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    durable_object,
};

/// Longer than any test waits: what answers earlier was not waited for, it was failed.
const NEVER: Duration = Duration::from_secs(600);
const SHORTLY: Duration = Duration::from_millis(50);
/// Where an alarm notes that it was called.
const CALLED: &str = "called";

/// One object. All of a Worker's objects share one wasm.
#[durable_object]
pub struct Mortal {
    state: State,
}

impl DurableObject for Mortal {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match request.path().rsplit('/').next() {
            Some("ok") => Response::ok("ok"),
            Some("panic") => die(),
            Some("panic-later") => {
                Delay::from(SHORTLY).await;
                die()
            }
            Some("trap") => trap(),
            Some("throw") => self.throw(),
            Some("hang") => {
                Delay::from(NEVER).await;
                Response::ok("late")
            }
            Some("stream") => {
                let pieces = stream::unfold(0, |sent| async move {
                    Delay::from(if sent == 0 { Duration::ZERO } else { NEVER }).await;
                    Some((Ok::<_, worker::Error>(format!("piece {sent}\n").into_bytes()), sent + 1))
                });
                Response::from_stream(pieces)
            }
            Some("watch") => {
                let WebSocketPair { client, server } = WebSocketPair::new()?;
                self.state.accept_web_socket(&server);
                Response::from_websocket(client)
            }
            Some("set-alarm") => {
                self.state.storage().set_alarm(SHORTLY).await?;
                Response::ok("set")
            }
            Some("calls") => {
                let called: Option<u32> = self.state.storage().get(CALLED).await?;
                Response::ok(called.unwrap_or_default().to_string())
            }
            _ => Response::error("no such deed", 404),
        }
    }

    /// Dies the first time.
    async fn alarm(&self) -> Result<Response> {
        let called: Option<u32> = self.state.storage().get(CALLED).await?;
        let called = called.unwrap_or_default() + 1;
        self.state.storage().put(CALLED, called).await?;
        if called == 1 { die() } else { Response::ok("rung") }
    }

    /// Answers each message with itself, and dies of one that says so.
    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        match message {
            WebSocketIncomingMessage::String(text) if text == "die" => die().map(drop),
            WebSocketIncomingMessage::String(text) => socket.send_with_str(text),
            WebSocketIncomingMessage::Binary(bytes) => socket.send_with_bytes(bytes),
        }
    }

    async fn websocket_close(&self, _socket: WebSocket, _code: usize, _reason: String, _clean: bool) -> Result<()> {
        Ok(())
    }
}

impl Mortal {
    /// An exception of JavaScript where none is expected goes through the wasm and leaves it unusable.
    #[expect(clippy::disallowed_methods, reason = "it is disallowed because of what is shown here")]
    fn throw(&self) -> Result<Response> {
        let none: u32 = self.state.storage().sql().exec("SELECT 1 WHERE 0", None)?.one()?;
        Response::ok(none.to_string())
    }
}

/// A panic.
#[expect(clippy::panic, reason = "this is what the Worker is for")]
pub fn die() -> Result<Response> {
    panic!("asked to")
}

/// A death that no hook of Rust's hears of, like a lack of memory or of stack.
#[cfg(target_arch = "wasm32")]
fn trap() -> Result<Response> {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> Result<Response> {
    std::process::abort()
}
