//! From SIGKILL to the next step: a host is killed while its runtime waits for a model, and started again.

use crate::commands::begin;
use crate::http::Client;
use crate::report::{Report, Target, median};
use crate::server::Server;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const ROUNDS: usize = 11;

pub fn run(report: &mut Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let (base_url, arrivals) = slow_endpoint()?;
    let mut server = Server::start(data.path())?;
    ask(&server, &base_url)?;
    arrivals.recv_timeout(Duration::from_secs(10)).map_err(|_| "the first step did not start")?;
    let mut waits = Vec::new();
    for _ in 0..ROUNDS {
        server.kill();
        while arrivals.try_recv().is_ok() {}
        server = Server::start(data.path())?;
        let up = Instant::now();
        let arrived = arrivals.recv_timeout(Duration::from_secs(20)).map_err(|_| "the step did not start again")?;
        waits.push(arrived.saturating_duration_since(up).as_secs_f64() * 1e3);
    }
    let largest = waits.iter().copied().fold(0.0, f64::max);
    report.row("kill -9 of the host to the next step, process up", median(waits), "ms", 0.0, Target::AtMost(300.0));
    report.row("the same, largest", largest, "ms", 0.0, Target::None);
    Ok(())
}

fn ask(server: &Server, base_url: &str) -> Result<(), String> {
    let path = begin(server)?;
    let mut client = Client::connect(&server.address, &server.token)?;
    let mut send = |key: &str, name: &str, data: Value| -> Result<Value, String> {
        client.json("POST", &path, key, &json!({ "commands": [{ "type": name, "data": data }] }))
    };
    let made = |answer: &Value| answer.pointer("/outcomes/0/made/0").cloned().ok_or_else(|| answer.to_string());
    let provider = json!({ "name": "slow", "dialect": "openai-chat", "base_url": base_url, "model": "m" });
    let provider = made(&send("p", "provider.define", provider)?)?;
    let agent = made(&send("a", "agent.define", json!({ "name": "a", "provider": provider }))?)?;
    send("q", "task.ask", json!({ "agent": agent, "prompt": "are you there?" })).map(drop)
}

/// An endpoint that never answers; says when a request arrives.
fn slow_endpoint() -> Result<(String, Receiver<Instant>), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    let (arrived, arrivals) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut first = [0; 16];
            if stream.read(&mut first).is_ok_and(|count| count > 0) && arrived.send(Instant::now()).is_err() {
                return;
            }
            let _ = stream.flush();
            open.push(stream);
        }
    });
    Ok((format!("http://{address}/v1"), arrivals))
}
