//! From what a statement gives to heads, rows and events. Nothing leaves here that is not whole.

use kernel::hash::{Domain, hash};
use kernel::storage::{Head, Row, StoredEvent};
use ports::{SqlValue, StoreError};

/// A row that a statement gave, taken apart from its front.
pub(crate) struct Columns(std::vec::IntoIter<SqlValue>);

impl Columns {
    pub(crate) fn of(row: Vec<SqlValue>) -> Self {
        Self(row.into_iter())
    }

    /// Whether the next value is nothing, as in what a join did not find. Then it is passed over.
    pub(crate) fn is_nothing(&mut self) -> bool {
        if self.0.as_slice().first() != Some(&SqlValue::Null) {
            return false;
        }
        self.0.next().is_some()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        match self.0.next()? {
            SqlValue::Integer(number) => number.try_into().ok(),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        match self.0.next()? {
            SqlValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.0.next()? {
            SqlValue::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn hash(&mut self) -> Option<[u8; 32]> {
        self.bytes()?.try_into().ok()
    }

    /// `pos, epoch, value`.
    pub(crate) fn head(&mut self) -> Result<Head, StoreError> {
        let head = (|| Some(Head { pos: self.number()?, epoch: self.number()?, value: self.bytes()? }))();
        head.ok_or_else(|| damaged("the head".to_owned()))
    }

    /// `value, hash, since`.
    pub(crate) fn row(&mut self, space: &str, key: &str) -> Result<Row, StoreError> {
        let row = (|| Some(Row { value: self.bytes()?, hash: self.hash()?, since: self.number()? }))();
        let whole = row.filter(|row| hash(Domain::Row, &[&row.value]) == row.hash);
        whole.ok_or_else(|| damaged(format!("row {space}/{key}")))
    }

    /// `pos, stream, seq, body, hash, sealed`.
    pub(crate) fn event(&mut self) -> Result<StoredEvent, StoreError> {
        let pos = self.number();
        let event = (|| {
            Some(StoredEvent {
                pos: pos?,
                stream: self.text()?,
                seq: self.number()?,
                body: self.bytes()?,
                hash: self.hash()?,
                sealed: self.bytes()?,
            })
        })();
        let whole = event.filter(|event| hash(Domain::Event, &[&event.body]) == event.hash);
        whole.ok_or_else(|| damaged(format!("event {}", pos.unwrap_or_default())))
    }
}

pub(crate) fn damaged(what: String) -> StoreError {
    StoreError::Damaged { what }
}
