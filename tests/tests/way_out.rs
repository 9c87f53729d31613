//! The way out whole: the broker over the system's resolver and real connections, with peers on this machine.

#![cfg(test)]

mod support;

use async_trait::async_trait;
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use ports::egress::EgressClass::{RefusedAddress, RefusedHost, Timeout, TooLarge};
use ports::{Egress, EgressPolicy, EgressRequest, Secret, Timer, Vault, VaultError};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Machine;

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

#[async_trait(?Send)]
impl Vault for Machine {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Unknown("no workspace".into()))
    }

    async fn secret(&self, _: &str) -> Result<Secret, VaultError> {
        Ok(Secret::new("sk-secret"))
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        Ok(())
    }
}

fn broker() -> Broker {
    let machine = Rc::new(Machine);
    let dial = Rc::new(HttpDialler::new().unwrap());
    Broker { resolver: Rc::new(SystemResolver), dial, vault: machine.clone(), timer: machine }
}

/// What a peer on this machine saw, and how much it could say.
#[derive(Default)]
struct Seen {
    requests: RefCell<Vec<String>>,
    said: Cell<usize>,
}

/// Run `test` with a port at which every request is answered by what `say` makes of its first line.
async fn with_peer<T>(say: impl Fn(&str) -> String, test: impl AsyncFnOnce(u16) -> T) -> (T, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, &say, &seen).await;
        }
    };
    let outcome = tokio::select! { outcome = test(port) => outcome, () = serving => unreachable!() };
    (outcome, seen)
}

async fn serve(mut stream: TcpStream, say: &impl Fn(&str) -> String, seen: &Seen) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let request = String::from_utf8(request).unwrap();
    let answer = say(request.lines().next().unwrap_or_default());
    seen.requests.borrow_mut().push(request);
    for piece in answer.as_bytes().chunks(64 << 10) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        seen.said.set(seen.said.get() + piece.len());
    }
}

/// A policy that lets this machine be reached at `port`, by address and by name.
fn this_machine(port: u16) -> EgressPolicy {
    EgressPolicy {
        hosts: vec![format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")],
        private: vec!["127.0.0.0/8".into(), "::1".into()],
        secrets: vec![format!("vault:known@http://127.0.0.1:{port}")],
        timeout_ms: 20_000,
        ..EgressPolicy::default()
    }
}

fn redirect(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn a_redirect_is_followed_from_a_real_host_to_another_and_the_secret_stays_behind() {
    let port = Rc::new(Cell::new(0));
    let known = Rc::clone(&port);
    let say = move |line: &str| match line {
        "GET /start HTTP/1.1" => redirect("/same"),
        "GET /same HTTP/1.1" => redirect(&format!("http://localhost:{}/other", known.get())),
        _ => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
    };
    let (response, seen) = with_peer(say, async |at| {
        port.set(at);
        let request = EgressRequest {
            headers: vec![("x-key".into(), "{{secret:vault:known}}".into()), ("accept".into(), "text/plain".into())],
            ..EgressRequest::new("GET", format!("http://127.0.0.1:{at}/start"))
        };
        broker().send(&this_machine(at), request).await.unwrap()
    })
    .await;
    let port = port.get();
    assert_eq!((response.status, &response.body[..]), (200, &b"hello"[..]));
    assert_eq!(response.url, format!("http://localhost:{port}/other"));
    let own = "x-key: sk-secret\r\naccept: text/plain\r\n";
    let wanted = [
        format!("GET /start HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{own}\r\n"),
        format!("GET /same HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{own}\r\n"),
        format!("GET /other HTTP/1.1\r\nhost: localhost:{port}\r\naccept: text/plain\r\n\r\n"),
    ];
    assert_eq!(*seen.requests.borrow(), wanted);
}

#[tokio::test]
async fn a_real_redirect_to_where_nobody_may_go_is_not_followed() {
    for (location, class) in [
        ("http://127.0.0.1:1/", RefusedHost),
        ("http://169.254.169.254/latest/meta-data/", RefusedAddress),
        ("http://2130706433:1/", RefusedHost),
        ("http://[::ffff:127.0.0.1]/", RefusedHost),
    ] {
        let (outcome, seen) = with_peer(
            |_| redirect(location),
            async |port| {
                let mut policy = this_machine(port);
                policy.hosts.push("http://169.254.169.254".into());
                broker().send(&policy, EgressRequest::new("GET", format!("http://127.0.0.1:{port}/"))).await
            },
        )
        .await;
        let failure = outcome.unwrap_err();
        assert_eq!((failure.class, failure.sent), (class, true), "{location}");
        assert_eq!(seen.requests.borrow().len(), 1);
    }
}

#[tokio::test]
async fn without_a_grant_this_machine_is_not_reached_by_whatever_name() {
    let (_, seen) = with_peer(redirect, async |port| {
        let names = ["localhost", "LOCALHOST.", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "[::1]"];
        for name in names {
            let url = format!("http://{name}:{port}/");
            let policy = EgressPolicy { private: Vec::new(), ..this_machine(port) };
            let hosts = [policy.hosts.clone(), vec![format!("http://0.0.0.0:{port}"), format!("http://[::1]:{port}")]];
            let policy = EgressPolicy { hosts: hosts.concat(), ..policy };
            let failure = broker().send(&policy, EgressRequest::new("GET", &url)).await.unwrap_err();
            assert_eq!((failure.class, failure.sent), (RefusedAddress, false), "{url}");
        }
    })
    .await;
    assert!(seen.requests.borrow().is_empty());
}

#[tokio::test]
async fn fifty_megabytes_stop_at_the_limit() {
    const ALL: usize = 50 << 20;
    // Of unknown length, so that only counting what comes can stop it.
    let (outcome, seen) = with_peer(
        |_| format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(ALL)),
        async |port| {
            let policy = EgressPolicy { response_bytes_max: 1 << 20, ..this_machine(port) };
            broker().send(&policy, EgressRequest::new("GET", format!("http://127.0.0.1:{port}/"))).await
        },
    )
    .await;
    let failure = outcome.unwrap_err();
    assert_eq!((failure.class, failure.sent), (TooLarge, true));
    assert!(seen.said.get() < ALL / 2, "{} bytes were taken", seen.said.get());
}

#[tokio::test]
async fn a_chain_of_slow_answers_ends_with_the_time_for_all_of_them() {
    let (outcome, seen) = with_peer(
        |_| {
            std::thread::sleep(Duration::from_millis(60));
            redirect("/again")
        },
        async |port| {
            let policy = EgressPolicy { timeout_ms: 150, redirects_max: 20, ..this_machine(port) };
            broker().send(&policy, EgressRequest::new("GET", format!("http://127.0.0.1:{port}/"))).await
        },
    )
    .await;
    let failure = outcome.unwrap_err();
    assert_eq!((failure.class, failure.sent), (Timeout, true));
    assert!((1..=4).contains(&seen.requests.borrow().len()), "{}", seen.requests.borrow().len());
}

/// Events of a stream that is long and fast.
const EVENTS: usize = 50;

/// A peer that answers every request on every connection with a stream, event by event, and counts connections.
async fn patient(listener: TcpListener, connections: Rc<Cell<usize>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        connections.set(connections.get() + 1);
        tokio::task::spawn_local(async move {
            let mut heard = vec![0; 4096];
            while stream.read(&mut heard).await.is_ok_and(|count| count > 0) {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
                let events = (0..EVENTS).map(|_| "b\r\ndata: abc\n\n\r\n".to_owned());
                for piece in [head].into_iter().chain(events).chain(["0\r\n\r\n".to_owned()]) {
                    if stream.write_all(piece.as_bytes()).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
    }
}

fn ms_since(began: std::time::Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

/// How long the first piece and the whole take over a connection that is open already.
async fn direct(stream: &mut TcpStream) -> (f64, f64) {
    let began = std::time::Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let (mut heard, mut first) = (Vec::new(), None);
    while !heard.ends_with(b"\r\n0\r\n\r\n") {
        let count = stream.read_buf(&mut heard).await.unwrap();
        assert!(count > 0, "the peer hung up");
        first.get_or_insert_with(|| ms_since(began));
    }
    (first.unwrap(), ms_since(began))
}

/// The same through the broker.
async fn brokered(broker: &Broker, policy: &EgressPolicy, url: &str) -> (f64, f64) {
    let began = std::time::Instant::now();
    let mut body = broker.open(policy, EgressRequest::new("GET", url)).await.unwrap().body;
    let first = ms_since(began);
    let mut bytes = 0;
    while let Some(piece) = body.chunk().await.unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, EVENTS * 11);
    (first, ms_since(began))
}

#[tokio::test]
async fn one_request_after_the_other_takes_one_connection_and_little_more_than_without_a_broker() {
    let local = tokio::task::LocalSet::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, connections) = (listener.local_addr().unwrap(), Rc::new(Cell::new(0)));
    local.spawn_local(patient(listener, Rc::clone(&connections)));
    let mut took: [Vec<f64>; 4] = Default::default();
    local
        .run_until(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (broker, policy, url) = (broker(), this_machine(address.port()), format!("http://{address}/"));
            for _ in 0..500 {
                let (plain, through) = (direct(&mut stream).await, brokered(&broker, &policy, &url).await);
                for (all, one) in took.iter_mut().zip([plain.0, through.0, plain.1, through.1]) {
                    all.push(one);
                }
            }
        })
        .await;
    assert_eq!(connections.get(), 2, "one for each way");
    let [plain, through, plain_whole, through_whole] = took.each_mut().map(|all| support::say::spread(all));
    support::say::say(&format!("the head on an open connection: {plain}; through the broker: {through}"));
    support::say::say(&format!(
        "{EVENTS} events on an open connection: {plain_whole}; through the broker: {through_whole}"
    ));
}
