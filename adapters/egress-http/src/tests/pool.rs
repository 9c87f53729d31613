//! Connections that serve again, and those that do not.

use super::{peer_named, question, whole};
use crate::HttpDialler;
use crate::pool::Pool;
use bytes::Bytes;
use http::Request;
use ports::Dial;
use ports::egress::{ExchangeError, Peer};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// What a peer saw: how many connections, and the requests.
#[derive(Default)]
struct Seen {
    connections: Cell<usize>,
    requests: RefCell<Vec<String>>,
}

/// Run `test` with a peer that answers `said` to each request, and hangs up after `answers` of them on a connection.
async fn with_peer<T>(said: &str, answers: usize, test: impl AsyncFnOnce(SocketAddr, Rc<Seen>) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Rc::new(Seen::default());
    let (watching, said) = (Rc::clone(&seen), said.to_owned());
    let local = LocalSet::new();
    local.spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            watching.connections.set(watching.connections.get() + 1);
            tokio::task::spawn_local(serve(stream, said.clone(), answers, Rc::clone(&watching)));
        }
    });
    local.run_until(test(address, seen)).await
}

async fn serve(mut stream: TcpStream, said: String, answers: usize, seen: Rc<Seen>) {
    for _ in 0..answers {
        let Some(request) = super::peer::read_request(&mut stream).await else { return };
        seen.requests.borrow_mut().push(request);
        let _ = stream.write_all(said.as_bytes()).await;
    }
}

async fn ask_with(dialler: &HttpDialler, peer: &Peer, request: Request<Bytes>) -> Result<Bytes, ExchangeError> {
    let connection = dialler.connect(peer).await.map_err(ExchangeError::Unsent)?;
    Ok(whole(connection.exchange(request).await?).await?.into_body())
}

async fn ask(dialler: &HttpDialler, address: SocketAddr) -> Result<Bytes, ExchangeError> {
    ask_with(dialler, &peer_named("app.test", address, false), question()).await
}

#[tokio::test]
async fn a_connection_is_used_again_by_whoever_means_the_same_address_under_the_same_name() {
    with_peer(HELLO, usize::MAX, async |address, seen| {
        let dialler = HttpDialler::new().unwrap();
        for _ in 0..5 {
            assert_eq!(ask(&dialler, address).await.unwrap(), "hello");
        }
        assert_eq!((seen.requests.borrow().len(), seen.connections.get()), (5, 1));

        ask_with(&dialler, &peer_named("other.test", address, false), question()).await.unwrap();
        assert_eq!(seen.connections.get(), 2, "another name is another peer, whatever it means");
        assert_eq!(dialler.pool.len(), 2);
        let secure = dialler.pool.take(&peer_named("app.test", address, true));
        assert!(secure.is_none(), "what is in clear does not serve whoever asks for TLS");
        let elsewhere = SocketAddr::new([127, 0, 0, 2].into(), address.port());
        assert!(dialler.pool.take(&peer_named("app.test", elsewhere, false)).is_none());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_replaced() {
    for answers in [1, 2] {
        with_peer(HELLO, answers, async |address, seen| {
            let dialler = HttpDialler::new().unwrap();
            for _ in 0..6 {
                assert_eq!(ask(&dialler, address).await.unwrap(), "hello", "nobody notices");
                // The peer's end is on its way, or has come; either must do.
                tokio::task::yield_now().await;
            }
            assert!(seen.connections.get() >= 6 / answers, "{}", seen.connections.get());
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_read_is_not_sent_twice() {
    // The second request on a connection is read, and then the peer hangs up without a word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let read = Cell::new(0);
    let serving = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            super::peer::read_request(&mut stream).await.unwrap();
            stream.write_all(HELLO.as_bytes()).await.unwrap();
            read.set(read.get() + usize::from(super::peer::read_request(&mut stream).await.is_some()));
        }
    };
    let asking = async {
        let dialler = HttpDialler::new().unwrap();
        assert_eq!(ask(&dialler, address).await.unwrap(), "hello");
        ask(&dialler, address).await
    };
    let second = tokio::select! { second = asking => second, () = serving => unreachable!() };
    assert!(matches!(second, Err(ExchangeError::Interrupted(_))), "{second:?}");
    assert_eq!(read.get(), 1);
}

#[tokio::test]
async fn an_exchange_that_was_left_early_takes_its_connection_with_it() {
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nhel", 1 << 20);
    with_peer(&long, usize::MAX, async |address, seen| {
        let dialler = HttpDialler::new().unwrap();
        for nth in 1..=2 {
            let connection = dialler.connect(&peer_named("app.test", address, false)).await.unwrap();
            let mut body = connection.exchange(question()).await.unwrap().into_body();
            assert_eq!(body.chunk().await.unwrap().unwrap(), "hel");
            drop(body);
            assert_eq!((seen.connections.get(), dialler.pool.len()), (nth, 0));
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_without_a_body_leaves_its_connection_though_nobody_reads_it() {
    with_peer("HTTP/1.1 204 No Content\r\n\r\n", usize::MAX, async |address, seen| {
        let dialler = HttpDialler::new().unwrap();
        for _ in 0..3 {
            let connection = dialler.connect(&peer_named("app.test", address, false)).await.unwrap();
            drop(connection.exchange(question()).await.unwrap());
        }
        assert_eq!(seen.connections.get(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_somebody_logged_in_on_is_not_for_others() {
    for scheme in ["NTLM abc", "negotiate abc", "Negotiate"] {
        with_peer(HELLO, usize::MAX, async |address, seen| {
            let dialler = HttpDialler::new().unwrap();
            for _ in 0..2 {
                let mut request = question();
                request.headers_mut().insert("authorization", scheme.parse().unwrap());
                ask_with(&dialler, &peer_named("app.test", address, false), request).await.unwrap();
            }
            assert_eq!((seen.connections.get(), dialler.pool.len()), (2, 0), "{scheme}");
        })
        .await;
    }
}

#[tokio::test]
async fn many_exchanges_at_once_do_not_mix_and_not_all_their_connections_are_kept() {
    with_peer(HELLO, usize::MAX, async |address, _| {
        let dialler = HttpDialler::new().unwrap();
        let exchanges: Vec<_> = (0..20)
            .map(|_| {
                let dialler = dialler.clone();
                tokio::task::spawn_local(async move { ask(&dialler, address).await.unwrap() })
            })
            .collect();
        for exchange in exchanges {
            assert_eq!(exchange.await.unwrap(), "hello");
        }
        assert!(dialler.pool.len() <= 16, "{}", dialler.pool.len());
    })
    .await;
}

#[tokio::test]
async fn an_unused_connection_is_closed_after_a_while() {
    with_peer(HELLO, usize::MAX, async |address, seen| {
        let pool = Pool::keeping(Duration::from_millis(30));
        let dialler = HttpDialler { pool, ..HttpDialler::new().unwrap() };
        for nth in 1..=2 {
            ask(&dialler, address).await.unwrap();
            assert_eq!((seen.connections.get(), dialler.pool.len()), (nth, 1));
            // Nobody asks for anything meanwhile.
            while dialler.pool.len() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    })
    .await;
}
