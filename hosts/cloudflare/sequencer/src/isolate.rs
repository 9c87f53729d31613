//! The memory of the isolate, which many objects share.
//!
//! All objects of an isolate live in one wasm instance, whose memory grows and never shrinks. What a sequencer holds it
//! can load again, so together they hold a bounded amount: beyond it, whoever was used least lately forgets. That is
//! also how objects lose what they hold that the platform has ended and not yet taken away.

use kernel::machine::Held;
use sequencer::Sequencer;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// What all sequencers of an isolate hold together, in bytes, about.
const HELD_BYTES_MAX: usize = 24 << 20;

/// Bytes of memory for each row, page and key that is held, about; measured over workspaces with many tasks.
const ROW_BYTES: usize = 800;
const PAGE_BYTES: usize = 2_000;
const KEY_BYTES: usize = 200;
/// Content is held as text, and some of it as values too.
const CONTENT_TIMES: usize = 2;

thread_local! {
    static SEATS: RefCell<Vec<Weak<Seat>>> = const { RefCell::new(Vec::new()) };
    static TURNS: Cell<u64> = const { Cell::new(0) };
}

/// The place of one object's sequencer.
#[derive(Default)]
pub struct Seat {
    /// The sequencer, once the workspace was opened.
    pub sequencer: RefCell<Option<Sequencer>>,
    used: Cell<u64>,
}

impl Seat {
    /// A place in this isolate.
    pub fn new() -> Rc<Self> {
        let seat = Rc::new(Self::default());
        SEATS.with_borrow_mut(|seats| {
            seats.retain(|seat| seat.strong_count() > 0);
            seats.push(Rc::downgrade(&seat));
        });
        seat
    }

    /// There is nothing to be asked any more.
    pub fn leave(&self) {
        if let Ok(mut open) = self.sequencer.try_borrow_mut() {
            *open = None;
        }
    }

    /// It was used. Others forget, or it does itself, when all together hold too much.
    pub fn was_used(&self) {
        self.used.set(TURNS.get() + 1);
        TURNS.set(self.used.get());
        let mut seats: Vec<(Rc<Self>, usize)> =
            seats().into_iter().map(|seat| (Rc::clone(&seat), seat.bytes())).collect();
        seats.sort_unstable_by_key(|(seat, _)| seat.used.get());
        let mut all: usize = seats.iter().map(|(_, bytes)| bytes).sum();
        for (seat, bytes) in seats {
            if all <= HELD_BYTES_MAX {
                return;
            }
            if let Ok(Some(sequencer)) = seat.sequencer.try_borrow_mut().as_deref_mut().map(Option::as_mut) {
                sequencer.forget();
                all -= bytes;
            }
        }
    }

    /// Bytes that are held, about.
    fn bytes(&self) -> usize {
        let held = self.held();
        let counted = held.rows * ROW_BYTES + held.pages * PAGE_BYTES + held.keys * KEY_BYTES;
        counted + held.content_bytes * CONTENT_TIMES
    }

    /// What is held.
    pub fn held(&self) -> Held {
        let open = self.sequencer.try_borrow();
        open.ok().and_then(|open| open.as_ref().map(|sequencer| sequencer.workspace().held())).unwrap_or_default()
    }
}

fn seats() -> Vec<Rc<Seat>> {
    SEATS.with_borrow(|seats| seats.iter().filter_map(Weak::upgrade).collect())
}

/// How many workspaces are open in this isolate, and what all of them hold in bytes, about.
pub fn open() -> (usize, usize) {
    let open = seats().into_iter().filter(|seat| seat.sequencer.try_borrow().is_ok_and(|open| open.is_some()));
    open.fold((0, 0), |(count, bytes), seat| (count + 1, bytes + seat.bytes()))
}

/// Bytes of memory that the wasm of this isolate took.
pub fn memory_bytes() -> u64 {
    use wasm_bindgen::JsCast as _;
    let memory = wasm_bindgen::memory();
    let buffer = memory.dyn_ref::<js_sys::WebAssembly::Memory>().map(js_sys::WebAssembly::Memory::buffer);
    let buffer = buffer.and_then(|buffer| buffer.dyn_into::<js_sys::ArrayBuffer>().ok());
    buffer.map_or(0, |buffer| u64::from(buffer.byte_length()))
}
