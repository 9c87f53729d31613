//! Looking for damage no reader met yet.

use ports::StoreError;

use crate::DurableObjectStore;
use crate::fault::damaged;
use crate::number::to_double;
use crate::sql::Value;

/// Findings of one kind that are named; the first ones tell where to look.
const NAMED_MAX: usize = 16;

const GAPS: &str = "SELECT e.pos + 1 FROM events e WHERE e.nr=?1 AND e.pos<?2 AND NOT EXISTS \
                    (SELECT 1 FROM events n WHERE n.nr=?1 AND n.pos=e.pos+1) ORDER BY e.pos LIMIT ?3";

impl DurableObjectStore {
    /// Every finding in the database and the log, in words.
    pub(crate) fn look(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        let stored = self.stored(workspace)?;
        let (nr, end) = (Value::Number(stored.nr), stored.head.pos);
        let mut findings: Vec<String> = Vec::new();
        let structure = self.sql.run("PRAGMA quick_check(16)", &[])?;
        findings.extend(structure.iter().filter_map(|line| line.text(0)).filter(|line| line != "ok"));
        // Whether the events before the first one were packed, or are lost, is not known here.
        let ends = self.sql.run("SELECT coalesce(max(pos), 0) FROM events WHERE nr=?", &[nr])?;
        let last = ends.first().and_then(|found| found.number(0)).ok_or_else(|| damaged("the log"))?;
        if last != end {
            findings.push(format!("the head is at position {end}, the log ends at {last}"));
        }
        let gaps = [Value::Number(stored.nr), Value::Number(to_double(last)?), Value::Number(NAMED_MAX as f64)];
        let gaps = self.sql.run(GAPS, &gaps)?;
        findings.extend(gaps.iter().filter_map(|gap| gap.number(0)).map(|pos| format!("event {pos} is missing")));
        Ok(findings)
    }
}
