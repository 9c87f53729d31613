//! One writer at a time: claims and their tokens.

use std::pin::pin;
use std::task::Poll;

use ports::{Conflict, StoreError};

use super::make::{Hand, put};
use super::say::{Why, dump, holds, refused, same};
use super::{Case, Subject, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("a claim raises the token and changes nothing else", claims),
        case!("claims at the same time get different tokens", together),
        case!("a writer that was fenced off writes nothing", fenced),
        case!("a token nobody was given is refused", unheard),
    ]
}

async fn claims(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut hand = Hand::create(store, "w1").await?;
    same("the first token", &hand.epoch, &1)?;
    hand.write(store, 2, vec![put("main.0", "a", "1")]).await?;
    let mut want = dump(store, "w1").await?;
    for token in 2..5 {
        want.head.epoch = token;
        same("the head a claim returns", &store.claim("w1").await?, &want.head)?;
        same("the workspace after a claim", &dump(store, "w1").await?, &want)?;
    }
    Ok(())
}

async fn together(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    store.create("w1").await?;
    for round in 0..4 {
        let (mut one, mut two) = (pin!(store.claim("w1")), pin!(store.claim("w1")));
        let (mut first, mut second) = (None, None);
        let (first, second) = std::future::poll_fn(|context| {
            for (claim, done) in [(&mut two, &mut second), (&mut one, &mut first)] {
                if done.is_none()
                    && let Poll::Ready(head) = claim.as_mut().poll(context)
                {
                    *done = Some(head);
                }
            }
            if first.is_none() || second.is_none() {
                return Poll::Pending;
            }
            Poll::Ready((first.take(), second.take()))
        })
        .await;
        let mut tokens = Vec::new();
        for head in [first, second].into_iter().flatten() {
            tokens.push(head?.epoch);
        }
        tokens.sort_unstable();
        same("the tokens of two claims", &tokens, &vec![2 * round + 1, 2 * round + 2])?;
    }
    Ok(())
}

async fn fenced(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let mut slow = Hand::create(store, "w1").await?;
    slow.write(store, 1, vec![put("main.0", "a", "1")]).await?;
    let mut quick = Hand::claim(store, "w1").await?;
    holds("the second claim has no higher token", quick.epoch > slow.epoch)?;
    let before = dump(store, "w1").await?;
    let late = slow.batch(1, vec![put("main.0", "a", "late")]);
    let refusal = StoreError::Conflict(Conflict::Fenced { stored: quick.epoch });
    refused("the slow writer", store.commit("w1", &late).await, &refusal)?;
    same("the workspace after", &dump(store, "w1").await?, &before)?;
    quick.write(store, 1, vec![put("main.0", "a", "2")]).await?;
    refused("the slow writer on a head that moved", store.commit("w1", &late).await, &refusal)
}

async fn unheard(subject: &mut dyn Subject) -> Result<(), Why> {
    let store = subject.store();
    let hand = Hand::create(store, "w1").await?;
    for epoch in [0, 2, u64::MAX] {
        let liar = Hand { epoch, ..hand.clone() };
        let refusal = StoreError::Conflict(Conflict::Fenced { stored: hand.epoch });
        refused("an unheard token", store.commit("w1", &liar.batch(1, vec![])).await, &refusal)?;
    }
    same("the position", &store.head("w1").await?.pos, &0)
}
