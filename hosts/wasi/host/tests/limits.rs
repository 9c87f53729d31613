//! Components that take more than they may, and what becomes of the others.
#![cfg(test)]

mod support;

use kernelos_wasi_host::Limits;
use std::time::{Duration, Instant};
use support::{Answer, Probes, send};

fn limits() -> Limits {
    Limits {
        memory_bytes: 64 << 20,
        compute: Duration::from_millis(300),
        time: Duration::from_millis(1_500),
        ..Limits::default()
    }
}

fn is_refused(answer: &Answer, because: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["code"], "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains(because), "{problem}");
}

#[test]
fn a_component_that_takes_too_much_dies_alone_and_says_what_of() {
    let probes = Probes::start("", limits());
    is_refused(&probes.ask("/memory", ""), "memory");
    is_refused(&probes.ask("/compute", ""), "computed for longer than 300 ms");
    is_refused(&probes.ask("/sleep", "60000"), "took longer than 1500 ms");
    is_refused(&probes.ask("/end", ""), "ended without an answer");
    assert_eq!(probes.ask("/hello", "").json(), "hello");
}

#[test]
fn a_component_that_computes_without_end_holds_no_other_up() {
    let probes = Probes::start("", Limits { compute: Duration::from_secs(3), ..limits() });
    let address = probes.host.address();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || send(address, "POST", "/compute", &[], ""));
        }
        let begun = Instant::now();
        for _ in 0..5 {
            assert_eq!(probes.ask("/hello", "").json(), "hello");
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "they waited for those that compute");
    });
}

#[test]
fn more_requests_than_there_is_room_for_are_refused_at_once_and_may_come_again() {
    let limits = Limits { requests: 3, time: Duration::from_secs(30), ..limits() };
    let probes = Probes::start("", limits);
    let address = probes.host.address();
    std::thread::scope(|scope| {
        let served: Vec<_> =
            (0..3).map(|_| scope.spawn(move || send(address, "POST", "/sleep", &[], "1500"))).collect();
        std::thread::sleep(Duration::from_millis(500));
        let refused = probes.ask("/hello", "");
        is_refused(&refused, "3 requests");
        assert_eq!(refused.headers["retry-after"], "1");
        for served in served {
            assert_eq!(served.join().unwrap().unwrap().json(), 1500, "what was being served is not touched");
        }
    });
    assert_eq!(probes.ask("/hello", "").json(), "hello");
}
