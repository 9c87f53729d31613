//! Commands that come in batches, and what is answered.

use super::host::{Host, NOW_MS, WORKSPACE, commands, json as body, problem, request};
use bytes::Bytes;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{CommandId, DeviceId, Id, KeyId, Role};
use kernel::key::BranchId;
use kernel::machine::Identity;
use ports::SequencingError;
use serde_json::{Value, json};

const CREATE: &str = r#"{"type": "task.create", "data": {"title": "Weather"}}"#;
const FORK: &str = r#"{"type":"branch.fork","data":{"name":"Idea"}}"#;

fn batch(commands: &[&str]) -> String {
    format!("{{\"commands\":[{}]}}", commands.join(" , "))
}

fn device_command(counter: u64) -> CommandId {
    CommandId { device: DeviceId([3; 16]), incarnation: 0, counter }
}

#[tokio::test]
async fn every_command_has_its_outcome_in_order() {
    let host = Host::new();
    let lease = r#"{"type":"effect.lease","data":{"runtime":"00000000000000000000000000.10",
        "boot":"00000000000000000000000000","ttl_ms":1000}}"#;
    let response = host.submit("k-1", batch(&[CREATE, FORK, lease])).await;
    assert_eq!(response.status(), 200);
    let outcomes = &body(&response)["outcomes"];
    let command = |counter| CommandId { device: DeviceId::of(&super::host::PUBLIC_KEY), incarnation: 0, counter };
    assert_eq!(
        outcomes[0],
        json!({
            "status": "accepted",
            "command": command(1).to_string(),
            "pos": 1,
            "events": 1,
            "made": [Id::new(command(1), Role::Task).to_string()],
        })
    );
    assert_eq!(outcomes[1]["status"], "rejected");
    assert_eq!((&outcomes[1]["command"], &outcomes[1]["pos"]), (&json!(command(2).to_string()), &json!(2)));
    assert_eq!(outcomes[1]["problem"]["code"], "step_waiting");
    assert_eq!(outcomes[2]["status"], "refused");
    assert_eq!(outcomes[2]["problem"]["detail"], "no effect is outstanding and free");
}

#[tokio::test]
async fn the_same_request_gets_the_same_bytes() {
    let host = Host::new();
    for commands in [vec![CREATE], vec![FORK], vec![CREATE, FORK]] {
        let (key, text) = (format!("k-{}", commands.concat().len()), batch(&commands));
        let first = host.submit(&key, &text).await;
        let decided = host.decided.borrow().len();
        let again = host.submit(&key, &text).await;
        assert_eq!((first.status(), first.body()), (again.status(), again.body()), "{text}");
        assert_eq!(host.decided.borrow().len(), decided, "nothing was decided twice");
        assert!(first.headers().get("idempotent-replayed").is_none());
        assert_eq!(again.headers()["idempotent-replayed"], "true");
    }
}

#[tokio::test]
async fn a_key_used_for_other_bytes_is_a_conflict() {
    let host = Host::new();
    host.submit("k-1", batch(&[CREATE])).await;
    let other = host.submit("k-1", batch(&[&CREATE.replace("Weather", "Climate")])).await;
    assert_eq!(problem(&other), (409, "idempotency_key_reused".into()));
    assert_eq!(body(&other)["safe"], "Nothing was changed; the first request under this key stands.");
}

#[tokio::test]
async fn a_command_is_told_apart_by_who_sent_it_under_which_key_at_which_place() {
    let host = Host::new();
    host.submit("k-1", batch(&[CREATE, CREATE])).await;
    host.submit("k-2", batch(&[CREATE])).await;
    let other = request("POST", &commands()).header("idempotency-key", "k-1");
    let mut other = other.body(Bytes::from(batch(&[CREATE]))).unwrap();
    other.headers_mut().insert("authorization", "bearer another".parse().unwrap());
    host.send(other).await;

    let decided = host.decided.borrow();
    let identities: Vec<&Identity> = decided.iter().map(|request| &request.identity).collect();
    assert_eq!(identities.len(), 4);
    let length = |text: &str| (text.len() as u64).to_le_bytes();
    let parts: [&[u8]; 6] =
        [b"idempotency", &length("p-owner"), b"p-owner", &length("k-1"), b"k-1", &1u32.to_le_bytes()];
    let expected = hash(Domain::Identity, &parts);
    let Identity::Key { key, device, incarnation } = identities[1] else { panic!("{identities:?}") };
    assert_eq!((key, *incarnation), (&KeyId(expected[..16].try_into().unwrap()), 0));
    assert_eq!(*device, DeviceId::of(&super::host::PUBLIC_KEY));
    assert_eq!(
        decided.iter().map(|it| it.actor.as_str()).collect::<Vec<_>>(),
        ["p-owner", "p-owner", "p-owner", "p-other"]
    );
    for (nth, one) in identities.iter().enumerate() {
        assert!(!identities[..nth].contains(one), "two commands have one identity");
    }
}

#[tokio::test]
async fn a_request_carries_what_was_sent_and_when() {
    let host = Host::new();
    let previous = HashText([5; 32]);
    let full = json!({
        "type": "task.create",
        "data": {"title": "Über \"alles\""},
        "id": device_command(1).to_string(),
        "previous": previous.to_string(),
        "branch": "main",
        "authored_at": "2023-11-14T23:13:20.5+01:00",
    })
    .to_string();
    let sent = request("POST", &commands()).body(Bytes::from(batch(&[&full]))).unwrap();
    assert_eq!(host.send(sent).await.status(), 200, "an id makes a key unnecessary");
    host.submit("k", batch(&[CREATE])).await;

    let decided = host.decided.borrow();
    let [full_request, bare] = decided.as_slice() else { panic!("{decided:?}") };
    assert_eq!(full_request.identity, Identity::Device { command: device_command(1), previous: Some(previous) });
    assert_eq!(full_request.hash, HashText(hash(Domain::Command, &[full.as_bytes()])));
    assert_eq!((full_request.authored_ms, full_request.branch), (1_700_000_000_500, BranchId::Main));
    assert_eq!(bare.hash, HashText(hash(Domain::Command, &[CREATE.as_bytes()])), "spaces and all");
    assert_eq!((bare.authored_ms, &bare.on_behalf_of), (NOW_MS, &Vec::new()));
}

#[tokio::test]
async fn a_single_command_that_takes_no_effect_is_answered_with_its_problem() {
    let host = Host::new();
    let rejected = host.submit("k", batch(&[FORK])).await;
    assert_eq!(problem(&rejected), (409, "step_waiting".into()));
    assert_eq!(body(&rejected)["detail"], "step 7 has no answer yet");
    assert!(body(&rejected)["command"].is_string(), "the rejection is on record");
}

#[tokio::test]
async fn where_nothing_can_be_decided_the_status_tells() {
    let stories = [
        (SequencingError::NoWorkspace, 404, "workspace_not_found"),
        (SequencingError::Damaged("event 7".into()), 500, "damaged"),
        (SequencingError::Unavailable("restarting".into()), 503, "unavailable"),
    ];
    for (failure, status, code) in stories {
        let host = Host::failing(failure);
        for commands in [vec![CREATE], vec![CREATE, CREATE]] {
            assert_eq!(problem(&host.submit("k", batch(&commands)).await), (status, code.into()));
        }
    }
}

#[tokio::test]
async fn a_body_may_say_which_workspace_it_is_for() {
    let host = Host::new();
    let mut text: Value = serde_json::from_str(&batch(&[CREATE])).unwrap();
    text["workspace"] = json!(WORKSPACE.to_string());
    assert_eq!(host.submit("k", &text).await.status(), 200);
    text["workspace"] = json!("0".repeat(26));
    assert_eq!(problem(&host.submit("k", &text).await), (422, "wrong_workspace".into()));
}

#[tokio::test]
async fn as_many_commands_as_the_limit_says_are_taken_and_no_more() {
    let host = Host::new();
    let response = host.submit("k", batch(&vec![CREATE; 64])).await;
    assert_eq!(body(&response)["outcomes"].as_array().unwrap().len(), 64);
    let response = host.submit("k2", batch(&vec![CREATE; 65])).await;
    assert_eq!(problem(&response), (422, "too_many_commands".into()));
    assert_eq!(body(&response)["detail"], "there are 65 commands; at most 64 are allowed");
    assert_eq!(host.decided.borrow().len(), 64);
}
