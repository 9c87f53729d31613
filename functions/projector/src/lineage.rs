//! Which events of the log are those of the line that `main` is on.

use kernel::entity::{Branch, Entity, Kind as _};
use kernel::key::{BranchId, Key, Line, Space};
use ports::{Store, StoreError};

/// `main`, and the positions up to which it stands on what it was before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The incarnation it is in.
    pub incarnation: u32,
    /// Incarnations whose events count, each up to a position.
    counts: Vec<(u32, u64)>,
}

impl Lineage {
    /// As the workspace's store has it now.
    pub async fn now(store: &dyn Store, workspace: &str) -> Result<Self, StoreError> {
        let key = Key::Branch(BranchId::Main);
        let row = store.rows(workspace, &[key.address(Space::Control)]).await?.pop().flatten();
        let Some(row) = row else { return Ok(Self::of(None)) };
        let unreadable = |why| StoreError::Damaged { what: format!("control/{key} is not readable: {why}") };
        let entity = Entity::decode(&key, &row.value).map_err(unreadable)?;
        Ok(Self::of(Branch::of(&entity)))
    }

    fn of(main: Option<&Branch>) -> Self {
        let incarnation = main.map_or(0, |main| *main.incarnation);
        let mut counts = vec![(incarnation, u64::MAX)];
        let (mut at, mut until) = (incarnation, u64::MAX);
        // Every incarnation but the first stands on one before it.
        while let Some(base) = main.and_then(|main| main.base_of(at)).filter(|base| base.parent.incarnation < at) {
            (at, until) = (base.parent.incarnation, until.min(base.pos));
            counts.push((at, until));
        }
        Self { incarnation, counts }
    }

    /// Whether the event of `line` at `pos` led to what `main` is now.
    pub fn has(&self, line: Line, pos: u64) -> bool {
        let counts = |(incarnation, until): &(u32, u64)| *incarnation == line.incarnation && pos <= *until;
        line.branch == BranchId::Main && self.counts.iter().any(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::entity::{Base, Earlier};
    use kernel::hash::HashText;
    use kernel::merge::{Append, Lww};

    fn base(incarnation: u32, pos: u64) -> Option<Base> {
        Some(Base { parent: Line { branch: BranchId::Main, incarnation }, pos, root: HashText([0; 32]) })
    }

    fn line(incarnation: u32) -> Line {
        Line { branch: BranchId::Main, incarnation }
    }

    #[test]
    fn where_nothing_was_restored_everything_on_main_counts() {
        let lineage = Lineage::of(None);
        assert!(lineage.has(line(0), 1) && lineage.has(line(0), u64::MAX));
        assert!(!lineage.has(line(1), 1));
    }

    #[test]
    fn what_was_left_by_a_restore_does_not_count_any_more() {
        // From 0 at 50 back to 30; from 1 at 80 back to 60, which 1 saw; from 2 at 90 back to 20, which only 0 saw.
        let earlier = vec![
            Earlier { until: 50, base: None },
            Earlier { until: 80, base: base(0, 30) },
            Earlier { until: 90, base: base(1, 60) },
        ];
        let last = Branch { base: Lww(base(0, 20)), incarnation: Lww(3), ..Branch::new(None, None) };
        let third = Branch {
            base: Lww(base(1, 60)),
            incarnation: Lww(2),
            earlier: Append(earlier[..2].to_vec()),
            ..Branch::new(None, None)
        };
        let third = Lineage::of(Some(&third));
        let seen = [(0, 30, true), (0, 31, false), (1, 60, true), (1, 61, false), (2, 81, true), (3, 91, false)];
        for (incarnation, pos, counts) in seen {
            assert_eq!(third.has(line(incarnation), pos), counts, "{incarnation} at {pos}");
        }
        let last = Lineage::of(Some(&Branch { earlier: Append(earlier), ..last }));
        let seen = [(0, 20, true), (0, 21, false), (1, 60, false), (2, 85, false), (3, 91, true)];
        for (incarnation, pos, counts) in seen {
            assert_eq!(last.has(line(incarnation), pos), counts, "{incarnation} at {pos}");
        }
    }
}
