//! One socket to the object of a workspace, for one stream. The object may sleep while it is open.

use crate::heard::Heard;
use async_trait::async_trait;
use cloudflare::SequencerObjects;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use kernel::id::WorkspaceId;
use ports::{LiveChannel, LiveDelta, LiveSubscription};
use serde::Deserialize;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Headers, Request, RequestInit, Result, Stub, WebSocket, WebsocketEvent};

/// What objects say to those who watch.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// The log goes to this position.
    Pos(u64),
    /// A piece of an answer.
    Delta(LiveDelta),
}

/// What the stream of one request watches.
pub struct Watch {
    objects: Rc<SequencerObjects>,
    heard: RefCell<Option<Rc<Heard>>>,
}

impl Watch {
    /// Nothing is watched yet.
    pub fn new(objects: Rc<SequencerObjects>) -> Self {
        Self { objects, heard: RefCell::default() }
    }

    /// What is heard, if somebody subscribed.
    pub fn heard(&self) -> Option<Rc<Heard>> {
        self.heard.borrow().clone()
    }
}

impl LiveChannel for Watch {
    /// Whoever performs is somewhere else, and tells the object.
    fn publish(&self, _: WorkspaceId, _: LiveDelta) {}

    fn subscribe(&self, workspace: WorkspaceId) -> Box<dyn LiveSubscription> {
        let heard = Rc::new(Heard::default());
        self.heard.replace(Some(Rc::clone(&heard)));
        let (stub, listener) = (self.objects.stub(workspace), Rc::clone(&heard));
        spawn_local(async move {
            if let Ok(stub) = stub {
                // However it ends, the stream does, and its client comes back.
                let _ = listen(&stub, &listener).await;
            }
            listener.end();
        });
        Box::new(Subscription(heard))
    }
}

struct Subscription(Rc<Heard>);

#[async_trait(?Send)]
impl LiveSubscription for Subscription {
    async fn next(&mut self) -> Option<LiveDelta> {
        self.0.delta().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Listen until the object hangs up or nobody follows any more.
async fn listen(stub: &Stub, heard: &Heard) -> Result<()> {
    let mut init = RequestInit::new();
    let headers = Headers::new();
    headers.set("upgrade", "websocket")?;
    init.with_headers(headers);
    let response = stub.fetch_with_request(Request::new_with_init("https://sequencer/watch", &init)?).await?;
    let Some(socket) = response.websocket() else { return Ok(()) };
    let open = Open(socket);
    // Before it is accepted: nothing is said to nobody.
    let mut events = open.0.events()?;
    open.0.accept()?;
    loop {
        let event = match select(events.next(), pin!(heard.left())).await {
            Either::Left((Some(event), _)) => event?,
            Either::Left((None, _)) | Either::Right(_) => return Ok(()),
        };
        match event {
            WebsocketEvent::Close(_) => return Ok(()),
            WebsocketEvent::Message(message) => match message.json() {
                Ok(Message::Pos(pos)) => heard.moved(pos),
                Ok(Message::Delta(delta)) => heard.said(delta),
                // A newer object may say more.
                Err(_) => {}
            },
        }
    }
}

/// A socket that is closed when this is dropped.
struct Open(WebSocket);

impl Drop for Open {
    fn drop(&mut self) {
        // One that is closed already says so.
        let _ = self.0.close(Some(1000), Some("nobody follows"));
    }
}
