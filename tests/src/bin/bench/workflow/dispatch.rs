//! From the command that makes work ready to the lease that a waiting runtime holds, as somebody sees it who sends the
//! one and follows the log for the other: HTTP on both ways is in it.

use super::office::{Office, step_and_effect};
use super::upstream::{Script, Upstream};
use crate::desk::block_on;
use crate::raw::Raw;
use crate::report::{Report, Target, median};
use crate::server::Server;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DISPATCHES: usize = 400;

pub fn run(report: &mut Report) -> Result<(), String> {
    let (data, raw) = (TempDir::new_in(".").map_err(text)?, TempDir::new_in(".").map_err(text)?);
    let database = block_on(Raw::open(raw.path())).map_err(text)?;
    let server = Server::start(data.path())?;
    let upstream = Upstream::start(Script::json())?;
    let mut office = Office::open(&server)?;
    office.allow(&upstream.address)?;
    let workflow = office.define("dispatch", &step_and_effect(&upstream.address))?;
    let leases = leases(&server, office.path())?;
    let (mut seen, mut called, mut raws) = (Vec::new(), Vec::new(), Vec::new());
    for nth in 0..DISPATCHES {
        let began = Instant::now();
        block_on(database.one(nth as u64)).map_err(text)?;
        raws.push(began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        let task = office.start(&format!("dispatch-{nth}"), &workflow, &json!({ "nr": nth.to_string() }))?;
        for (times, at) in [(&mut seen, &leases), (&mut called, &upstream.arrivals)] {
            let at = at.recv_timeout(Duration::from_secs(10)).map_err(|_| "work that is ready was not taken up")?;
            times.push(at.saturating_duration_since(began).as_secs_f64() * 1e3);
        }
        office.finished(&task)?;
    }
    let commit = median(raws);
    report.row("dispatch: command sent to lease seen, p95", p95(&seen), "ms", commit, Target::AtMost(10.0));
    report.row("dispatch: command sent to lease seen, p50", median(seen), "ms", commit, Target::None);
    report.row("dispatch: command sent to call arriving outside, p95", p95(&called), "ms", commit, Target::None);
    Ok(())
}

/// When leases are granted, by the live stream of the log.
fn leases(server: &Server, path: &str) -> Result<Receiver<Instant>, String> {
    let mut stream = TcpStream::connect(&server.address).map_err(text)?;
    let workspace = path.trim_end_matches("/commands");
    let request = format!(
        "GET {workspace}/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\r\n",
        server.token
    );
    stream.write_all(request.as_bytes()).map_err(text)?;
    let (seen, leases) = channel();
    std::thread::spawn(move || follow(stream, &seen));
    Ok(leases)
}

fn follow(mut stream: TcpStream, seen: &Sender<Instant>) {
    let name = br#""lease.granted""#;
    let (mut some, mut rest) = (vec![0; 64 * 1024], Vec::new());
    while let Ok(count) = stream.read(&mut some)
        && count > 0
    {
        let at = Instant::now();
        rest.extend_from_slice(some.get(..count).unwrap_or_default());
        while let Some(place) = rest.windows(name.len()).position(|window| window == name) {
            rest.drain(..place + name.len());
            if seen.send(at).is_err() {
                return;
            }
        }
        // A name may be cut between two reads.
        rest.drain(..rest.len().saturating_sub(name.len() - 1));
    }
}

/// What 95 of 100 are not above.
fn p95(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 95 / 100).copied().unwrap_or(f64::NAN)
}

fn text(why: impl std::fmt::Display) -> String {
    why.to_string()
}
