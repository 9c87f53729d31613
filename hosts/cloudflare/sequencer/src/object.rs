//! The object of a workspace.

use crate::desk::Desk;
use crate::isolate;
use crate::platform::Platform;
use crate::watch;
use kernel::id::WorkspaceId;
use ports::{SequencingError, Store as _, wire};
use serde_json::{Value, json};
use std::rc::Rc;
use worker::{
    DurableObject, Env, Method, Request, Response, Result, Socket, State, WebSocket, WebSocketIncomingMessage,
    durable_object,
};

/// The largest request. What a gateway lets in is smaller, and so is what a runtime reports.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The one writer of a workspace.
#[durable_object]
pub struct WorkspaceSequencer {
    desk: std::result::Result<Rc<Desk>, String>,
}

impl DurableObject for WorkspaceSequencer {
    fn new(state: State, env: Env) -> Self {
        let platform = Platform::new(state);
        let workspace = platform.name().and_then(|name| name.parse::<WorkspaceId>().ok());
        let workspace = workspace.ok_or_else(|| "the name of this object is no workspace's id".to_owned());
        Self { desk: workspace.and_then(|workspace| Desk::new(platform, env, workspace)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let desk = match &self.desk {
            Ok(desk) => desk,
            Err(why) => return Response::error(why, 404),
        };
        match (request.method(), request.path().as_str()) {
            (Method::Post, "/") => asked(desk, request).await,
            (Method::Get, "/watch") => watched(desk, &request).await,
            (Method::Get, "/standing") => Response::from_json(&standing(desk)),
            _ => Response::error("a sequencer is asked by POST / and watched by GET /watch", 404),
        }
    }

    /// An error would be tried again by the platform a few times only, so what cannot be looked at now is looked at later.
    async fn alarm(&self) -> Result<Response> {
        if let Ok(desk) = &self.desk
            && let Err(why) = desk.rang()
        {
            worker::console_error!("what is due in {} could not be looked at: {why}", desk.workspace);
            return Err(worker::Error::RustError(why));
        }
        Response::empty()
    }

    /// Nobody is expected to say anything here.
    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        // The other end went; a socket that is closed already says so, and that is fine.
        let _ = socket.close::<&str>(Some(1000), None);
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> Result<()> {
        Ok(())
    }

    async fn connect(&self, _: Socket) -> Result<()> {
        Err(worker::Error::RustError("a sequencer is asked by HTTP".to_owned()))
    }
}

async fn asked(desk: &Rc<Desk>, mut request: Request) -> Result<Response> {
    let read = cloudflare::body(&mut request, BODY_BYTES_MAX).await;
    let ask = read.and_then(|body| Ok((wire::read(&body)?, body.len())));
    match ask {
        Ok((ask, bytes)) => Response::from_bytes(desk.answer(ask, bytes).await.into()),
        Err(problem) => Response::error(problem.detail, problem.kind.status().as_u16()),
    }
}

async fn watched(desk: &Rc<Desk>, request: &Request) -> Result<Response> {
    let upgrade = request.headers().get("upgrade")?;
    if !upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
        return Response::error("a sequencer is watched by WebSocket", 426);
    }
    // Not opened for this: whoever watches a workspace that sleeps lets it sleep.
    match desk.store.head(&desk.workspace.to_string()).await {
        Ok(head) => watch::accept(&desk.platform, head.pos),
        Err(error) => {
            let error = SequencingError::from(sequencer::Failure::from(error));
            Ok(Response::from_bytes(wire::answer::<()>(&Err(error)).into())?.with_status(404))
        }
    }
}

/// How the object stands, for whoever operates it.
fn standing(desk: &Desk) -> Value {
    let (open, held_bytes) = isolate::open();
    let held = desk.seat.held();
    json!({
        "workspace": desk.workspace,
        "commands": desk.done.commands.get(),
        "flushes": desk.done.flushes.get(),
        "rows_written": desk.store.rows_written(),
        "statements": desk.store.statements(),
        "database_bytes": desk.store.bytes(),
        "held": {
            "rows": held.rows, "pages": held.pages, "keys": held.keys, "content_bytes": held.content_bytes,
        },
        "isolate": {"open": open, "held_bytes": held_bytes, "memory_bytes": isolate::memory_bytes()},
    })
}
