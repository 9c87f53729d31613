//! When a runtime is needed, and when to look again whether it came.

/// How long a runtime that was woken may take to begin; doubled each time nobody came.
const AGAIN_MS: u64 = 10_000;
/// Doubled so often at most: every five minutes.
const DOUBLED_MAX: u32 = 5;

/// What a workspace waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// How many effects wait for a runtime.
    pub due: usize,
    /// When the first lease is over or the first timer is due.
    pub next: Option<u64>,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Wake the runtime.
    pub wake: bool,
    /// Set the alarm; none when the one that is set is early enough, or nothing is waited for.
    pub alarm: Option<u64>,
}

/// What is remembered from one look to the next. Nothing of it is needed: one that was lost wakes once more.
#[derive(Debug, Default)]
pub struct Lookout {
    due: usize,
    woken: Option<u64>,
    unheard: u32,
    alarm: Option<u64>,
}

impl Lookout {
    /// Something was committed: more may be due than before.
    pub fn committed(&mut self, now: u64, outlook: Outlook) -> Plan {
        let wake = outlook.due > self.due;
        self.unheard = 0;
        self.plan(now, outlook, wake)
    }

    /// The alarm that was set went off.
    pub fn rang(&mut self, now: u64, outlook: Outlook) -> Plan {
        self.alarm = None;
        let wake = outlook.due > 0 || outlook.next.is_some_and(|at| at <= now);
        let plan = self.plan(now, outlook, wake);
        self.unheard = if wake { self.unheard.saturating_add(1) } else { 0 };
        plan
    }

    fn plan(&mut self, now: u64, outlook: Outlook, wake: bool) -> Plan {
        self.due = outlook.due;
        if wake {
            self.woken = Some(now);
        }
        let wanted = self.wanted(now, outlook);
        let alarm = wanted.filter(|at| self.alarm.is_none_or(|set| *at < set));
        self.alarm = alarm.or(self.alarm);
        Plan { wake, alarm }
    }

    /// When to look again.
    fn wanted(&self, now: u64, outlook: Outlook) -> Option<u64> {
        let later = outlook.next.filter(|at| *at > now);
        let is_needed = outlook.due > 0 || outlook.next.is_some_and(|at| at <= now);
        if !is_needed {
            return later;
        }
        let pause = AGAIN_MS << self.unheard.min(DOUBLED_MAX);
        let again = self.woken.map_or(now, |woken| woken.saturating_add(pause)).max(now);
        Some(later.map_or(again, |at| at.min(again)))
    }
}

#[cfg(test)]
mod tests {
    use super::{AGAIN_MS, Lookout, Outlook, Plan};

    const NOW: u64 = 1_000_000;
    const NOTHING: Plan = Plan { wake: false, alarm: None };

    fn due(due: usize) -> Outlook {
        Outlook { due, next: None }
    }

    fn at(next: u64) -> Outlook {
        Outlook { due: 0, next: Some(next) }
    }

    #[test]
    fn who_waits_for_nothing_is_left_alone() {
        let mut it = Lookout::default();
        assert_eq!(it.committed(NOW, Outlook::default()), NOTHING);
        assert_eq!(it.rang(NOW, Outlook::default()), NOTHING);
    }

    #[test]
    fn an_effect_wakes_a_runtime_once_and_the_alarm_asks_whether_it_came() {
        let mut it = Lookout::default();
        assert_eq!(it.committed(NOW, due(1)), Plan { wake: true, alarm: Some(NOW + AGAIN_MS) });
        assert_eq!(it.committed(NOW + 5, due(1)), NOTHING, "it was woken for that one");
        assert_eq!(it.committed(NOW + 9, due(2)), Plan { wake: true, alarm: None }, "the alarm is early enough");
        assert_eq!(it.committed(NOW + 20, due(0)), NOTHING);
        assert_eq!(it.committed(NOW + 30, due(1)), Plan { wake: true, alarm: None });
    }

    #[test]
    fn a_lost_wake_is_repeated_ever_more_seldom_until_somebody_comes() {
        let mut it = Lookout::default();
        let mut now = it.committed(NOW, due(1)).alarm.unwrap_or_default();
        for doubled in [1, 2, 4, 8, 16, 32, 32, 32] {
            let again = now + doubled * AGAIN_MS;
            assert_eq!(it.rang(now, due(1)), Plan { wake: true, alarm: Some(again) });
            now = again;
        }
        assert_eq!(it.committed(now, due(0)), NOTHING);
        assert_eq!(it.rang(now, due(0)), NOTHING);
        assert_eq!(it.committed(now, due(1)), Plan { wake: true, alarm: Some(now + AGAIN_MS) });
    }

    #[test]
    fn a_timer_sets_the_alarm_for_its_time_and_an_earlier_one_replaces_it() {
        let mut it = Lookout::default();
        assert_eq!(it.committed(NOW, at(NOW + 500)).alarm, Some(NOW + 500));
        assert_eq!(it.committed(NOW, at(NOW + 900)), NOTHING);
        assert_eq!(it.committed(NOW, at(NOW + 100)).alarm, Some(NOW + 100));
        assert_eq!(it.rang(NOW + 100, at(NOW + 900)), Plan { wake: false, alarm: Some(NOW + 900) });
        assert_eq!(it.rang(NOW + 900, at(NOW + 900)), Plan { wake: true, alarm: Some(NOW + 900 + AGAIN_MS) });
    }

    #[test]
    fn a_timer_that_nobody_fires_does_not_set_the_alarm_with_every_commit() {
        let mut it = Lookout::default();
        it.committed(NOW, at(NOW + 1));
        assert!(it.rang(NOW + 1, at(NOW + 1)).wake);
        assert!((2..200).all(|later| it.committed(NOW + later, at(NOW + 1)) == NOTHING));
    }

    #[test]
    fn a_timer_that_is_due_before_the_next_look_is_not_late() {
        let mut it = Lookout::default();
        let soon = Outlook { due: 1, next: Some(NOW + 700) };
        assert_eq!(it.committed(NOW, soon), Plan { wake: true, alarm: Some(NOW + 700) });
    }

    #[test]
    fn one_who_remembers_nothing_sets_the_alarm_for_what_is_waited_for_now() {
        let mut it = Lookout::default();
        assert_eq!(it.committed(NOW, at(NOW - 5)).alarm, Some(NOW), "a time that is over is now");
    }
}
