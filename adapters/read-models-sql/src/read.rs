//! Rows as what they mean. A row that means nothing is damage.

use kernel::hash::HashText;
use ports::SqlValue;
use ports::read_models::{Edition, Entry, Found, ModelsError, NewEdition};

/// All `rows`, read by `one`.
pub(crate) fn all<T>(rows: &[Vec<SqlValue>], one: impl Fn(&[SqlValue]) -> Option<T>) -> Result<Vec<T>, ModelsError> {
    let damaged = || ModelsError::Damaged("a row is not as it was written".to_owned());
    rows.iter().map(|row| one(row).ok_or_else(damaged)).collect()
}

pub(crate) fn edition(row: &[SqlValue]) -> Option<Edition> {
    let begun = NewEdition { version: number(row, 2)?.try_into().ok()?, incarnation: number(row, 3)?.try_into().ok()? };
    let hash = match text(row, 5)?.as_str() {
        "" => None,
        hash => Some(hash.parse::<HashText>().ok()?),
    };
    Some(Edition { number: number(row, 0)?, answers: number(row, 1)? == 1, begun, pos: number(row, 4)?, hash })
}

pub(crate) fn entry(row: &[SqlValue]) -> Option<Entry> {
    let (model, key, of) = (text(row, 0)?, text(row, 1)?, text(row, 2));
    Some(Entry { model, key, of, pos: number(row, 3)?, value: Some(text(row, 4)?) })
}

pub(crate) fn found(row: &[SqlValue]) -> Option<Found> {
    Some(Found {
        kind: text(row, 0)?.parse().ok()?,
        key: text(row, 1)?,
        task: text(row, 2),
        pos: number(row, 3)?,
        at: number(row, 4)?,
        // A word that most texts have can count against a text; it fits nevertheless.
        score: number(row, 5).unwrap_or_default(),
    })
}

pub(crate) fn count(row: &[SqlValue]) -> Option<(String, u64)> {
    Some((text(row, 0)?, number(row, 1)?))
}

fn text(row: &[SqlValue], nth: usize) -> Option<String> {
    match row.get(nth)? {
        SqlValue::Text(text) => Some(text.clone()),
        // Asked for as bytes, because a bit may have flipped in it and libraries take every text for one.
        SqlValue::Blob(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}

fn number(row: &[SqlValue], nth: usize) -> Option<u64> {
    match row.get(nth)? {
        SqlValue::Integer(number) => u64::try_from(*number).ok(),
        // Some hosts give every number as a double.
        SqlValue::Text(text) => text.parse().ok(),
        _ => None,
    }
}
