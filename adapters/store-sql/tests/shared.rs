//! What several writers share: letters, answers that come with a commit, alarms, and whose turn it is.
#![cfg(test)]

mod support;

use kernel::storage::Batch;
use kernelos_store_sql::SqlStore;
use ports::store::shared::{Answer, Aside, Letter, Post, Wanted};
use ports::{Conflict, SharedStore as _, Store as _, StoreError, Watch as _};
use std::rc::Rc;
use support::{File, Place};
use testkit::block_on;

const W: &str = "w";

async fn store() -> (SqlStore, Place) {
    let place = Place::new();
    let store = SqlStore::new(Rc::new(File::open(&place.0).await));
    store.prepare().await.unwrap();
    store.create(W).await.unwrap();
    (store, place)
}

fn letter(ticket: &str, at_ms: u64) -> Letter {
    Letter { ticket: ticket.to_owned(), at_ms, body: ticket.as_bytes().to_vec() }
}

fn answer(ticket: &str) -> Answer {
    Answer { ticket: ticket.to_owned(), body: vec![0, 255, 7] }
}

fn wanted(ticket: &str) -> Wanted<'_> {
    Wanted { ticket, since_ms: 0, limit: 10 }
}

fn batch(expected_pos: u64) -> Batch {
    Batch { expected_pos, pos: expected_pos, head: vec![1], ..Batch::default() }
}

#[test]
fn letters_wait_in_the_order_they_came_until_they_are_answered() {
    block_on(async {
        let (store, _place) = store().await;
        for (ticket, at_ms) in [("b", 5), ("a", 6), ("c", 7)] {
            store.post(W, &letter(ticket, at_ms)).await.unwrap();
        }
        let Post::Waiting(all) = store.fetch(W, wanted("c")).await.unwrap() else { panic!("nobody answered") };
        assert_eq!(all, [letter("b", 5), letter("a", 6), letter("c", 7)]);
        let few = Wanted { ticket: "c", since_ms: 6, limit: 2 };
        let Post::Waiting(few) = store.fetch(W, few).await.unwrap() else { panic!("nobody answered") };
        assert_eq!(few, [letter("a", 6), letter("c", 7)], "one's own is always among them");

        store.answer(W, &[answer("a"), answer("nobody's")]).await.unwrap();
        assert_eq!(store.fetch(W, wanted("a")).await.unwrap(), Post::Answered(answer("a").body));
        store.answer(W, &[Answer { body: vec![9], ..answer("a") }]).await.unwrap();
        assert_eq!(store.fetch(W, wanted("a")).await.unwrap(), Post::Answered(answer("a").body), "the first counts");
        store.forget(W, "a").await.unwrap();
        let Post::Waiting(rest) = store.fetch(W, wanted("b")).await.unwrap() else { panic!("nobody answered") };
        assert_eq!(rest.len(), 2);
        store.sweep(6).await.unwrap();
        let Post::Waiting(rest) = store.fetch(W, wanted("c")).await.unwrap() else { panic!("nobody answered") };
        assert_eq!(rest, [letter("c", 7)]);
    });
}

#[test]
fn a_commit_its_answers_and_its_alarm_are_one() {
    block_on(async {
        let (store, _place) = store().await;
        store.post(W, &letter("a", 1)).await.unwrap();
        let aside = Aside { answers: vec![answer("a")], wake_at: Some(40) };
        let moved = store.commit_with(W, &batch(3), &aside).await.unwrap_err();
        assert_eq!(moved, StoreError::Conflict(Conflict::Head { stored: 0 }));
        assert!(matches!(store.fetch(W, wanted("a")).await.unwrap(), Post::Waiting(_)));
        assert!(store.due(100, 9).await.unwrap().is_empty());

        store.commit_with(W, &batch(0), &aside).await.unwrap();
        assert_eq!(store.fetch(W, wanted("a")).await.unwrap(), Post::Answered(answer("a").body));
        assert!(store.due(39, 9).await.unwrap().is_empty());
        assert_eq!(store.due(40, 9).await.unwrap(), [W]);
        store.commit_with(W, &batch(0), &Aside::default()).await.unwrap();
        assert!(store.due(u64::MAX, 9).await.unwrap().is_empty());
    });
}

#[test]
fn nothing_is_left_of_a_workspace_that_was_deleted() {
    block_on(async {
        let (store, _place) = store().await;
        store.post(W, &letter("a", 1)).await.unwrap();
        assert!(store.take_shift(W, "p", 0, 10).await.unwrap());
        store.commit_with(W, &batch(0), &Aside { wake_at: Some(1), ..Aside::default() }).await.unwrap();
        store.delete(W).await.unwrap();
        assert!(store.due(9, 9).await.unwrap().is_empty());
        assert_eq!(store.post(W, &letter("b", 1)).await, Err(StoreError::NoWorkspace));
        assert_eq!(store.take_shift(W, "p", 0, 10).await, Err(StoreError::NoWorkspace));
        store.create(W).await.unwrap();
        assert_eq!(store.fetch(W, wanted("x")).await.unwrap(), Post::Waiting(Vec::new()));
        assert!(store.take_shift(W, "another", 0, 10).await.unwrap());
    });
}

#[test]
fn one_process_at_a_time_is_on_a_shift_and_is_told_of_more() {
    block_on(async {
        let (store, _place) = store().await;
        assert!(store.take_shift(W, "one", 0, 10).await.unwrap());
        assert!(store.take_shift(W, "one", 5, 15).await.unwrap(), "it stays");
        assert!(!store.take_shift(W, "two", 14, 24).await.unwrap(), "and rings");
        assert!(!store.end_shift(W, "one").await.unwrap(), "somebody rang: there is more");
        assert!(store.end_shift(W, "one").await.unwrap());
        assert!(store.take_shift(W, "two", 14, 24).await.unwrap());
        assert!(store.end_shift(W, "two").await.unwrap());
    });
}

#[test]
fn a_process_that_died_is_followed_when_its_time_is_over() {
    block_on(async {
        let (store, _place) = store().await;
        assert!(store.take_shift(W, "dead", 0, 10).await.unwrap());
        assert!(!store.take_shift(W, "next", 9, 19).await.unwrap());
        assert!(store.take_shift(W, "next", 10, 20).await.unwrap());
        assert!(!store.take_shift(W, "dead", 11, 21).await.unwrap(), "it lives after all, and is replaced");
        assert!(store.end_shift(W, "dead").await.unwrap(), "there is nothing to end");
        assert!(!store.end_shift(W, "next").await.unwrap(), "the dead one rang");
        assert!(store.end_shift(W, "next").await.unwrap());
    });
}
