//! Looking for damage no reader met yet.

use ports::StoreError;

use crate::anchor::{Found, Mark};
use crate::fault::{Trouble, damaged};
use crate::open::Open;
use crate::pragma;

impl Open {
    /// Every finding in the file and its anchor, in words.
    pub(crate) fn check(&mut self) -> Result<Vec<String>, StoreError> {
        let mut findings = Vec::new();
        for look in [Self::check_anchor, Self::check_structure, Self::check_events, Self::check_rows] {
            if let Err(trouble) = look(self, &mut findings) {
                findings.push(as_finding(trouble.about(&self.files))?);
            }
        }
        Ok(findings)
    }

    fn check_anchor(&mut self, findings: &mut Vec<String>) -> Result<(), Trouble> {
        let head = Mark::of(&self.head()?);
        let finding = match self.anchored()? {
            Found::Nothing if head.pos == 0 => None,
            Found::Nothing => Some(format!("the anchor is missing, though the log is at position {}", head.pos)),
            Found::Altered => Some("the anchor is altered".to_owned()),
            Found::Mark(mark) => mark.against(&head),
        };
        let trouble = self.anchor.trouble().map(str::to_owned);
        findings.extend(finding.into_iter().chain(trouble).map(|what| format!("{}: {what}", self.files.name())));
        Ok(())
    }

    /// Pages are dropped from memory first: what is looked at has to come from the file.
    fn check_structure(&mut self, findings: &mut Vec<String>) -> Result<(), Trouble> {
        pragma::script(&self.connection, "PRAGMA shrink_memory")?;
        let sql = "SELECT CAST(integrity_check AS BLOB) FROM pragma_integrity_check";
        let said = pragma::ask(&self.connection, sql)?;
        let lines = said.iter().filter(|line| *line != "ok");
        findings.extend(lines.map(|line| format!("{}: {line}", self.files.name())));
        Ok(())
    }

    /// Whether the events before the first one were packed, or are lost, is not known here.
    fn check_events(&mut self, findings: &mut Vec<String>) -> Result<(), Trouble> {
        let mut next = None;
        self.reads.each_event(&self.files, 0, usize::MAX, |event| {
            match event {
                Ok(event) => {
                    if let Some(next) = next.filter(|next| event.pos != *next) {
                        let gap = damaged(&self.files, &format!("event {next} is missing, {} stands there", event.pos));
                        findings.push(gap.to_string());
                    }
                    next = Some(event.pos + 1);
                }
                Err(trouble) => {
                    next = next.map(|next| next + 1);
                    findings.push(as_finding(trouble.about(&self.files))?);
                }
            }
            Ok(())
        })?;
        let (head, last) = (self.head()?.pos, next.map_or(0, |next| next - 1));
        if head != last {
            findings.push(format!("{}: the head is at position {head}, the events end at {last}", self.files.name()));
        }
        Ok(())
    }

    fn check_rows(&mut self, findings: &mut Vec<String>) -> Result<(), Trouble> {
        let name = self.files.name();
        self.reads.each_row(|wrong| findings.extend(wrong.map(|what| format!("{name}: {what}"))))
    }
}

/// Damage is what a check is for; anything else keeps it from being one.
pub(crate) fn as_finding(error: StoreError) -> Result<String, StoreError> {
    match error {
        StoreError::Damaged { what } => Ok(what),
        other => Err(other),
    }
}
