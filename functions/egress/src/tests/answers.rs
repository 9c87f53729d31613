//! Exchanges without an answer, told apart by whether the peer may have acted.

use super::hosts;
use super::world::Paper;
use bytes::Bytes;
use http::Response;
use ports::egress::EgressClass::{self, Connect, Interrupted, Timeout, TooLarge, Unresolvable};
use ports::egress::ExchangeError;
use ports::{Egress, EgressPolicy, EgressRequest};

#[tokio::test]
async fn a_failure_says_whether_the_peer_may_have_acted() {
    let paper = Paper::default();
    paper.ends(Ok(Response::new(Bytes::from(vec![b'x'; (8 << 20) + 1]))));
    paper.ends(Err(ExchangeError::Interrupted("reset".into())));
    paper.ends(Err(ExchangeError::Unsent("gone".into())));
    for (class, sent) in [(TooLarge, true), (Interrupted, true), (Connect, false)] {
        let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (class, sent));
    }
    let paper = Paper::redirecting(302, &["/next"]);
    paper.ends(Err(ExchangeError::Unsent("gone".into())));
    let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (Connect, true), "the first host was sent something");
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

#[tokio::test]
async fn a_body_is_there_piece_by_piece_and_its_limits_hold_while_it_comes() {
    let policy = EgressPolicy { silence_ms: 40, timeout_ms: 20_000, ..hosts(&["example.com"]) };
    let ends = [
        (None, None, ""),
        (Some(Some("reset".to_owned())), Some(Interrupted), "broke off: reset"),
        (Some(None), Some(Interrupted), "nothing came from https://example.com:443 for 40 ms"),
    ];
    for (broken, class, why) in ends {
        let paper = Paper::default();
        paper.ends(Ok(Response::new(Bytes::from(vec![b'x'; 3 << 20]))));
        *paper.0.broken.borrow_mut() = broken;
        let answer = paper.broker().open(&policy, EgressRequest::new("GET", "https://example.com/")).await.unwrap();
        assert_eq!((answer.head.status.as_u16(), answer.url.as_str()), (200, "https://example.com/"));
        let mut body = answer.body;
        for _ in 0..3 {
            assert_eq!(body.chunk().await.unwrap().unwrap().len(), 1 << 20);
        }
        let end = body.chunk().await;
        assert_eq!(end.as_ref().err().map(|failure| (failure.class, failure.sent)), class.map(|class| (class, true)));
        assert!(end.as_ref().err().is_none_or(|failure| failure.detail.ends_with(why)), "{end:?}");
        assert_eq!(body.chunk().await, Ok(None), "there is no more");
    }
}

#[tokio::test]
async fn the_time_for_everything_goes_on_while_a_body_comes() {
    let policy = EgressPolicy { timeout_ms: 50, ..hosts(&["example.com"]) };
    let paper = Paper::default();
    paper.ends(Ok(Response::new(Bytes::from_static(b"x"))));
    *paper.0.broken.borrow_mut() = Some(None);
    let failure = paper.get(&policy, "https://example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent, failure.detail.as_str()), (Timeout, true, "no whole answer within 50 ms"));
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
    for never in [r#"{"secrets_in_clear":true}"#, r#"{"silence_ms":1}"#] {
        assert!(serde_json::from_str::<EgressPolicy>(never).is_err(), "no rule of a workspace says {never}");
    }
}
