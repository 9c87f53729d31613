//! Exchanges without an answer, told apart by whether the peer may have acted.

use super::hosts;
use super::world::Paper;
use ports::EgressPolicy;
use ports::egress::EgressClass::{self, Connect, Interrupted, Timeout, TooLarge, Unresolvable};
use ports::egress::ExchangeError;

#[tokio::test]
async fn a_failure_says_whether_the_peer_may_have_acted() {
    let paper = Paper::default();
    paper.ends(Err(ExchangeError::TooLarge));
    paper.ends(Err(ExchangeError::Interrupted("reset".into())));
    for class in [TooLarge, Interrupted] {
        let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (class, true));
    }
    *paper.0.unconnected.borrow_mut() = Some("refused".into());
    let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (Connect, false));
    let paper = Paper::naming("example.com", &[]);
    assert_eq!(paper.refusal(&hosts(&["example.com"]), "https://example.com/").await, Some(Unresolvable));
}

#[tokio::test]
async fn the_time_is_for_all_hops_together_and_its_end_says_whether_anything_was_sent() {
    let policy = EgressPolicy { timeout_ms: 50, ..hosts(&["example.com"]) };
    let paper = Paper::redirecting(302, &["/next"]);
    paper.0.endings.borrow_mut().push_back(None);
    let failure = paper.get(&policy, "https://example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent, failure.detail.as_str()), (Timeout, true, "no whole answer within 50 ms"));
    assert_eq!(paper.0.dialled.borrow().len(), 2);
}

#[test]
fn a_class_is_written_as_it_is_serialised_and_knows_whether_time_heals_it() {
    let lasting = [EgressClass::BadPolicy, EgressClass::BadUrl, EgressClass::BadRequest, EgressClass::Secret, TooLarge];
    let refused = [EgressClass::RefusedScheme, EgressClass::RefusedHost, EgressClass::RefusedAddress];
    let healing = [Unresolvable, Connect, Interrupted, Timeout];
    for class in lasting.into_iter().chain(refused).chain([EgressClass::TooManyRedirects]).chain(healing) {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        assert_eq!(class.may_pass(), healing.contains(&class), "{class:?}");
    }
    let policy: EgressPolicy = serde_json::from_str(r#"{"hosts":["example.com"]}"#).unwrap();
    assert_eq!(policy, hosts(&["example.com"]), "what a policy does not say is as usual");
}
