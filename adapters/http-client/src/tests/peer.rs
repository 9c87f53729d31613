//! A server of a few lines, which says exactly what a test wants, byte by byte.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// How a peer behaves after it read a request.
#[derive(Clone)]
pub enum Behaviour {
    /// Writes this and waits for the next request.
    Say(String),
    /// Writes this and closes the connection.
    SayAndClose(String),
    /// Writes this and then nothing more.
    SayAndHang(String),
    /// Writes the first, and then the second again and again, a little later each time.
    Trickle(String, String),
}

/// What a peer saw.
#[derive(Default)]
pub struct Seen {
    /// How many connections were made.
    pub connections: Cell<usize>,
    /// The requests, as they came.
    pub requests: RefCell<Vec<String>>,
}

/// Run `test` with the URL of a peer that behaves like `behaviour`, and with what the peer saw.
pub async fn with_peer<T>(behaviour: Behaviour, test: impl AsyncFnOnce(String, Rc<Seen>) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/path?query=1", listener.local_addr().unwrap());
    let seen = Rc::new(Seen::default());
    let watching = Rc::clone(&seen);
    let local = LocalSet::new();
    local.spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            watching.connections.set(watching.connections.get() + 1);
            tokio::task::spawn_local(serve(stream, behaviour.clone(), Rc::clone(&watching)));
        }
    });
    local.run_until(test(url, seen)).await
}

/// An answer with a length.
pub fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nx-peer: yes\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Rc<Seen>) {
    while let Some(request) = read_request(&mut stream).await {
        seen.requests.borrow_mut().push(request);
        match &behaviour {
            Behaviour::Say(text) => drop(stream.write_all(text.as_bytes()).await),
            Behaviour::SayAndClose(text) => return drop(stream.write_all(text.as_bytes()).await),
            Behaviour::SayAndHang(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                std::future::pending::<()>().await;
            }
            Behaviour::Trickle(first, text) => {
                let _ = stream.write_all(first.as_bytes()).await;
                while stream.write_all(text.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// The next request, whose body must be `question`; `None` when the client hung up.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\nquestion") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return None,
        }
    }
    String::from_utf8(request).ok()
}
