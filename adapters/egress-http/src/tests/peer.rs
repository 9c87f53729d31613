//! A server of a few lines, which says exactly what a test wants, byte by byte.

use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a peer does after it said its piece.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Close,
    Hang,
}

/// Run `test` with the address of a peer that answers each request with `said`; returns what `test` does, and the
/// requests that came.
pub async fn with_peer<T>(said: &[u8], then: Then, test: impl AsyncFnOnce(SocketAddr) -> T) -> (T, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut requests = Vec::new();
    let serving = async {
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.extend(read_request(&mut stream).await);
            // Whoever read enough hangs up, which is no failure of this side.
            let _ = stream.write_all(said).await;
            if then == Then::Hang {
                held.push(stream);
            }
        }
    };
    let outcome = tokio::select! { outcome = test(address) => outcome, () = serving => unreachable!() };
    (outcome, requests)
}

/// The next request, whose body must be `question` if it has one; `None` when the client hung up.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    loop {
        request.push(stream.read_u8().await.ok()?);
        let whole = request.ends_with(b"\r\n\r\n") && !request.starts_with(b"POST");
        if whole || request.ends_with(b"\r\n\r\nquestion") {
            return String::from_utf8(request).ok();
        }
    }
}
