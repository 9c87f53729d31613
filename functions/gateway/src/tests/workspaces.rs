//! Workspaces are created once, however often that is asked for.

use super::host::{Host, PUBLIC_KEY, WORKSPACE, json as body, problem, request};
use bytes::Bytes;
use kernel::command::{Command, Intent, WorkspaceCreate};
use kernel::hash::HashText;
use ports::SequencingError;
use serde_json::json;

const PATH: &str = "/v1/workspaces";

#[tokio::test]
async fn a_client_brings_an_id_it_made_offline() {
    let host = Host::new();
    let sent = json!({"id": WORKSPACE.to_string(), "name": "Ours"}).to_string();
    let bare = || request("POST", PATH).body(Bytes::from(sent.clone())).unwrap();
    let first = host.send(bare()).await;
    assert_eq!(first.status(), 201);
    assert_eq!(first.headers()["location"], format!("/v1/workspaces/{WORKSPACE}").as_str());
    assert_eq!(body(&first)["id"], WORKSPACE.to_string());
    assert_eq!(*host.created.borrow(), [WORKSPACE]);
    let created = WorkspaceCreate { name: "Ours".into(), public_key: HashText(PUBLIC_KEY) };
    assert_eq!(host.decided.borrow()[0].command, Command::Intent(Intent::WorkspaceCreate(created)));

    let again = host.send(bare()).await;
    assert_eq!((again.status(), again.body()), (first.status(), first.body()));
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(host.decided.borrow().len(), 1);
}

#[tokio::test]
async fn without_an_id_the_idempotency_key_decides_which_workspace_it_is() {
    let host = Host::new();
    let first = host.post(PATH, "k-1", json!({"name": "Ours"})).await;
    let again = host.post(PATH, "k-1", json!({"name": "Ours"})).await;
    let other = host.post(PATH, "k-2", json!({"name": "Ours"})).await;
    assert_eq!((first.status(), first.body()), (again.status(), again.body()));
    assert_ne!(body(&first)["id"], body(&other)["id"]);
    let reused = host.post(PATH, "k-1", json!({"name": "Theirs"})).await;
    assert_eq!(problem(&reused), (409, "idempotency_key_reused".into()));
    let neither = request("POST", PATH).body(Bytes::from(json!({"name": "Ours"}).to_string())).unwrap();
    assert_eq!(problem(&host.send(neither).await), (400, "missing_idempotency_key".into()));
}

#[tokio::test]
async fn a_bad_name_or_id_leaves_no_empty_workspace_behind() {
    let host = Host::new();
    let stories = [
        (json!({"name": ""}), 422, "invalid_argument"),
        (json!({"name": "a\nb"}), 422, "control_character"),
        (json!({"name": "x".repeat(513)}), 422, "too_long"),
        (json!({"name": 5}), 422, "invalid_argument"),
        (json!({}), 422, "invalid_argument"),
        (json!(["0", "Ours"]), 422, "invalid_argument"),
        (json!({"name": "Ours", "id": "ours"}), 400, "bad_id"),
        (json!({"name": "Ours", "owner": "me"}), 422, "invalid_argument"),
    ];
    for (sent, status, code) in stories {
        assert_eq!(problem(&host.post(PATH, "k", &sent).await), (status, code.into()), "{sent}");
    }
    assert!(host.created.borrow().is_empty());
}

#[tokio::test]
async fn workspaces_are_listed_and_described() {
    let host = Host::new();
    assert_eq!(body(&host.get(PATH).await), json!({"workspaces": [WORKSPACE.to_string()]}));
    let described = host.get(&format!("{PATH}/{WORKSPACE}")).await;
    assert_eq!(body(&described)["name"], "Ours");
    assert_eq!(body(&described)["roots"]["main@0"], HashText([2; 32]).to_string());
    assert_eq!(problem(&host.get(&format!("{PATH}/ours")).await), (400, "bad_id".into()));
    let nowhere = Host::failing(SequencingError::NoWorkspace);
    assert_eq!(problem(&nowhere.get(&format!("{PATH}/{WORKSPACE}")).await), (404, "workspace_not_found".into()));
}
