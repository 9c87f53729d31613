//! Where requests may go can be read: what was said last, and nothing before anybody said anything.

mod support;

use kernelos_sequencer::verify;
use ports::views::Query;
use serde_json::json;
use support::Desk;
use testkit::block_on;

#[test]
fn the_rules_of_the_way_out_are_those_that_were_said_last() {
    block_on(async {
        let mut desk = Desk::new().await;
        let nothing = json!({"hosts": [], "private": [], "secrets": []});
        assert_eq!(desk.sequencer.read(&Query::Egress).await.unwrap(), Some(nothing));

        desk.must("egress.allow", r#"{"hosts":["example.org"],"private":["10.1.0.0/16"]}"#).await;
        desk.must("egress.allow", r#"{"hosts":["*.example.org"],"secrets":["vault:k@a.example.org"]}"#).await;
        let rules = json!({"hosts": ["*.example.org"], "private": [], "secrets": ["vault:k@a.example.org"]});
        assert_eq!(desk.sequencer.read(&Query::Egress).await.unwrap(), Some(rules.clone()));

        desk.restart().await;
        assert_eq!(desk.sequencer.read(&Query::Egress).await.unwrap(), Some(rules));
        assert_eq!(verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings, vec![]);
    });
}
