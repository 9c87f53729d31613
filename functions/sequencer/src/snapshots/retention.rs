//! Which snapshots stay.

use std::collections::BTreeSet;

/// So many of the newest stay.
const NEWEST: usize = 8;
/// Of those before them the newest of each day stays, for so many days before the newest snapshot.
const DAYS: u64 = 30;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Positions of the snapshots that are removed, of `all` with position and time, the oldest first. Those in `pinned` stay.
/// The times compared are those of the snapshots, so that nothing is removed where nothing is made.
pub(super) fn outlived(all: &[(u64, u64)], pinned: &BTreeSet<u64>) -> Vec<u64> {
    let latest = all.iter().map(|(_, made_at)| *made_at).max().unwrap_or_default();
    let oldest_day = (latest / DAY_MS).saturating_sub(DAYS);
    let mut days = BTreeSet::new();
    let mut outlived = Vec::new();
    for (nth, (pos, made_at)) in all.iter().rev().enumerate() {
        let day = made_at / DAY_MS;
        let stays = nth < NEWEST || (day >= oldest_day && !days.contains(&day));
        if nth >= NEWEST && stays {
            days.insert(day);
        }
        if !stays && !pinned.contains(pos) {
            outlived.push(*pos);
        }
    }
    outlived.reverse();
    outlived
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;

    /// Snapshots at 1, 2, 3 …, each made `every_ms` after the one before.
    fn made(count: u64, every_ms: u64) -> Vec<(u64, u64)> {
        (1..=count).map(|nth| (nth, 1_000 * DAY_MS + nth * every_ms)).collect()
    }

    fn left(all: &[(u64, u64)], pinned: &[u64]) -> Vec<u64> {
        let outlived = outlived(all, &pinned.iter().copied().collect());
        all.iter().map(|(pos, _)| *pos).filter(|pos| !outlived.contains(pos)).collect()
    }

    #[test]
    fn the_newest_stay() {
        assert_eq!(left(&[], &[]), Vec::<u64>::new());
        assert_eq!(left(&made(8, 1), &[]).len(), 8);
        assert_eq!(left(&made(100, 1), &[]), vec![92, 93, 94, 95, 96, 97, 98, 99, 100]);
    }

    #[test]
    fn of_those_before_one_of_each_day_stays() {
        let left = left(&made(24 * 10, HOUR_MS), &[]);
        assert_eq!(left.len(), 8 + 10);
        assert_eq!(left[..3], [23, 47, 71]);
    }

    #[test]
    fn after_a_month_none_stays_but_what_something_stands_on() {
        let all = made(24 * 100, HOUR_MS);
        assert_eq!(left(&all, &[]).len(), 8 + 30);
        assert_eq!(left(&all, &[2, 30])[..2], [2, 30]);
    }

    #[test]
    fn what_stays_now_stays_when_it_is_asked_again() {
        let all = made(24 * 40, HOUR_MS);
        let outlived = outlived(&all, &BTreeSet::new());
        let left: Vec<_> = all.into_iter().filter(|(pos, _)| !outlived.contains(pos)).collect();
        assert_eq!(super::outlived(&left, &BTreeSet::new()), Vec::<u64>::new());
    }

    #[test]
    fn a_clock_that_jumps_removes_no_more_than_the_rule_says() {
        let mut all = made(20, HOUR_MS);
        all.push((21, 5));
        all.push((22, u64::MAX));
        assert!(left(&all, &[]).ends_with(&[15, 16, 17, 18, 19, 20, 21, 22]));
    }
}
