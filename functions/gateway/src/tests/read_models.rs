//! Questions to the read models that a projector keeps: what they mean, and what is refused.

use super::host::{Host, json as body, problem};
use super::reads::{at, id};
use kernel::id::Role;
use ports::read_models::{ItemKind, Model, ModelsAsk, ModelsAsked};
use serde_json::{Value, json};

fn knowing(mut more: Value) -> Host {
    let stand = json!({"as_of": 7, "end": 9, "lag": 2});
    more.as_object_mut().unwrap().extend(stand.as_object().unwrap().clone());
    Host { model: Some(more), ..Host::new() }
}

fn asked(host: &Host) -> Vec<String> {
    host.asked.borrow().clone()
}

fn question(asked: ModelsAsked, wait_for: Option<u64>) -> String {
    format!("{:?}", ModelsAsk { asked, wait_for })
}

#[tokio::test]
async fn a_search_is_asked_for_in_the_body_and_may_wait_for_a_position() {
    let hit = json!({"kind": "prompt", "id": id(Role::Step), "task": id(Role::Task), "title": "then", "score": 5, "pos": 3,
        "at": 1, "snippet": [{"text": "and "}, {"text": "now", "found": true}]});
    let host = knowing(json!({"hits": [hit], "next": 30}));
    let answer =
        host.post(&at("search?wait_for=8"), "", json!({"query": "now", "kinds": ["prompt"], "skip": 10})).await;
    assert_eq!((answer.status().as_u16(), body(&answer)["hits"][0]["snippet"][1]["found"].clone()), (200, json!(true)));
    host.post(&at("search"), "", json!({"query": "now", "limit": 3})).await;
    let search = |kinds, skip, limit| ModelsAsked::Search { query: "now".to_owned(), kinds, skip, limit };
    let wanted = [question(search(vec![ItemKind::Prompt], 10, 20), Some(8)), question(search(vec![], 0, 3), None)];
    assert_eq!(asked(&host), wanted);
}

#[tokio::test]
async fn models_are_listed_all_or_what_is_of_one_thing() {
    let told = json!({"pos": 3, "at": 1, "event": "task.created", "actor": "owner", "stream": "main@0", "task": id(Role::Task)});
    let host = knowing(json!({"entries": [told], "before": 3}));
    host.get(&at("read-models/timeline?before=9&limit=1")).await;
    host.get(&at("read-models/tasks/running")).await;
    let entries = |model, of: Option<&str>, before, limit| ModelsAsked::Entries {
        model,
        of: of.map(ToOwned::to_owned),
        before,
        limit,
    };
    let wanted = [
        question(entries(Model::Timeline, None, Some(9), 1), None),
        question(entries(Model::Tasks, Some("running"), None, 50), None),
    ];
    assert_eq!(asked(&host), wanted);
}

#[tokio::test]
async fn how_they_stand_is_told_and_making_them_anew_is_accepted() {
    let host = knowing(json!({"state": "rebuilding", "rebuilt_to": 3, "bytes": 4096, "renewed": "it was damaged",
        "models": [{"name": "search", "as_of": 7, "entries": 2}]}));
    assert_eq!(host.get(&at("read-models?wait_for=9")).await.status(), 200);
    assert_eq!(host.post(&at("read-models/rebuild"), "", json!({})).await.status(), 202);
    assert_eq!(asked(&host), [question(ModelsAsked::Stand, Some(9)), question(ModelsAsked::Rebuild, None)]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_not_asked() {
    let host = Host::new();
    let bodies = [
        json!({}),
        json!({"query": 3}),
        json!({"query": "x", "kinds": ["ticket"]}),
        json!({"query": "x", "limit": 0}),
        json!({"query": "x", "limit": 101}),
        json!({"query": "x", "skip": -1}),
        json!({"query": "x", "page": 2}),
        json!([]),
    ];
    for wrong in bodies {
        let answer = host.post(&at("search"), "", &wrong).await;
        assert_eq!(problem(&answer).1, "invalid_argument", "{wrong}");
    }
    assert_eq!(problem(&host.post(&at("read-models/rebuild"), "", json!({"now": true})).await).1, "invalid_argument");
    assert_eq!(problem(&host.get(&at("read-models/search")).await).1, "not_found");
    assert_eq!(problem(&host.get(&at("read-models/tasks?limit=101")).await).1, "invalid_argument");
    assert_eq!(asked(&host), Vec::<String>::new());
}
