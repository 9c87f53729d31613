//! An open connection, and the task that moves its bytes.

use crate::chain;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long a connection may take to be done with its last exchange before it is passed over.
const SETTLED: Duration = Duration::from_millis(10);

/// A connection on which requests can be sent, one after the other. It is closed when this is dropped.
pub struct Line {
    /// Takes requests.
    pub sender: SendRequest<Full<Bytes>>,
    _driver: Driver,
}

/// Moves the bytes, and notices when the peer hangs up although nobody waits for anything.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Line {
    /// Over `stream`; nothing is sent yet.
    pub async fn on(stream: impl Read + Write + Unpin + Send + 'static) -> Result<Self, String> {
        let made = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(stream).await;
        let (sender, driver) = made.map_err(|error| chain(&error))?;
        // How it ends is told to whoever waits for an answer.
        let driver = Driver(tokio::spawn(async { drop(driver.await) }));
        Ok(Self { sender, _driver: driver })
    }

    /// Whether another request can be sent on it: the peer did not hang up, and the last exchange is over.
    pub async fn is_ready(&mut self) -> bool {
        !self.sender.is_closed() && matches!(timeout(SETTLED, self.sender.ready()).await, Ok(Ok(())))
    }
}
