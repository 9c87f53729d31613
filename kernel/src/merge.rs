//! Merge types: what two branches' changes to one field become, said by the field's type.
//!
//! An entity's field without a merge type does not compile (see [`crate::entity`]).

use crate::seal::Content;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How concurrent changes to one field come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The later one in the target's order stands.
    LastWriter,
    /// Additions and removals of elements both stand.
    Set,
    /// Amounts add up.
    Counter,
    /// Items of both sides, in the target's order.
    Append,
    /// Three-way merge of lines.
    Text,
    /// Two different changes are a conflict that a person resolves.
    Exclusive,
}

/// A field type that says how it merges.
pub trait MergeType {
    /// How two sides come together.
    const MERGE: Merge;
}

macro_rules! merge_type {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $merge:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name<T: Ord>(pub $inner);

        impl<T: Ord> MergeType for $name<T> {
            const MERGE: Merge = Merge::$merge;
        }

        impl<T: Ord> Default for $name<T>
        where
            $inner: Default,
        {
            fn default() -> Self {
                Self(Default::default())
            }
        }

        impl<T: Ord> std::ops::Deref for $name<T> {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl<T: Ord> std::ops::DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut $inner {
                &mut self.0
            }
        }
    };
}

merge_type! {
    /// A value whose last writer wins.
    Lww(T) = LastWriter
}
merge_type! {
    /// A value only one side may have changed; what is set once at creation is of this type too.
    Exclusive(T) = Exclusive
}
merge_type! {
    /// Items in order; nobody's is lost.
    Append(Vec<T>) = Append
}
merge_type! {
    /// Elements without order.
    Set(BTreeSet<T>) = Set
}

/// An amount that only adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counter(pub u64);

impl Counter {
    /// Add `amount`; stays at the largest number rather than wrapping.
    pub fn add(&mut self, amount: u64) {
        self.0 = self.0.saturating_add(amount);
    }
}

impl MergeType for Counter {
    const MERGE: Merge = Merge::Counter;
}

/// A text that people edit; its lines merge three-way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Option<Content>);

impl MergeType for Text {
    const MERGE: Merge = Merge::Text;
}
