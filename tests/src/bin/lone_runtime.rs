//! A runtime far from its host: it knows an address and a token, and speaks nothing but HTTP.
//!
//! `lone_runtime ADDRESS WORKSPACE RUNTIME BOOT TTL_MS`, with the token in `KERNELOS_TOKEN`, joins and leases one effect,
//! prints the lease, and reports each line of its input as the effect's answer.

use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::error::Error;
use std::io::BufRead;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, workspace, runtime, boot, ttl_ms] = words.as_slice() else {
        return Err("five arguments are wanted".into());
    };
    let mut client = Client::new(address.parse()?, std::env::var("KERNELOS_TOKEN")?);
    let mut send =
        |key: &str, name: &str, data: &Value| client.command(workspace, &format!("{runtime}-{boot}-{key}"), name, data);
    send("join", "runtime.join", &json!({ "runtime": runtime, "boot": boot }))?;
    let ttl_ms: u64 = ttl_ms.parse()?;
    let lease = send("lease", "effect.lease", &json!({ "runtime": runtime, "boot": boot, "ttl_ms": ttl_ms }))?;
    let effect = lease.text("/outcomes/0/made/0");
    let held = client.get(&format!("/v1/workspaces/{workspace}/effects/{effect}"))?.json();
    println!("{held}");
    for line in std::io::stdin().lock().lines() {
        let outcome = json!({ "is": "answered", "text": line?, "stop": "end", "input_tokens": 1, "output_tokens": 1 });
        let data = json!({
            "runtime": runtime, "boot": boot, "effect": effect, "fence": held.get("fence"), "outcome": outcome,
        });
        let reply = client.command(workspace, &format!("{runtime}-{boot}-report"), "effect.report", &data)?;
        println!("{}", reply.json());
    }
    Ok(())
}
