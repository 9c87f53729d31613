//! `apply(state, event) → state`: cannot fail, and needs only the event and the rows it names.

use crate::event::{EventData, Header, apply_blobs, apply_first};
use crate::state::{State, Touched, Writer};

/// Change `state` by one event.
pub fn apply(state: &mut State, header: &Header, data: &EventData) {
    write(Writer::new(state, header.line(), header.pos, header.keep), header, data);
}

/// The same, and name what it touched.
pub fn apply_noting(state: &mut State, header: &Header, data: &EventData) -> Vec<Touched> {
    write(Writer::new(state, header.line(), header.pos, header.keep).noting(), header, data).touched()
}

fn write<'a>(mut to: Writer<'a>, header: &Header, data: &EventData) -> Writer<'a> {
    data.apply(&mut to);
    apply_blobs(header, &mut to);
    if let Some(first) = &header.first {
        let rejected = match data {
            EventData::CommandRejected(rejected) => Some(rejected),
            _ => None,
        };
        apply_first(first, header.command, rejected, &mut to);
    }
    to
}
