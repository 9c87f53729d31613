//! Sealing: one nonce never serves two plaintexts under one key, and a unit opens only where it belongs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kernelos_kernel::id::{CommandId, DeviceId, WorkspaceId};
use kernelos_kernel::seal::{Bound, DataKey, OpenError, commitment, frame, unframe};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// Everything that tells one seal from another, from small choices so that parts often coincide.
#[derive(Debug, Clone)]
struct Given {
    key: u8,
    counter: u64,
    schema: String,
    version: u16,
    role: String,
    k: u16,
    plaintext: String,
}

impl Given {
    fn key(&self) -> DataKey {
        DataKey::fresh(&[self.key; 32], "task/1")
    }

    fn bound(&self) -> Bound<'_> {
        Bound {
            workspace: WorkspaceId([7; 16]),
            command: CommandId { device: DeviceId([3; 16]), incarnation: 0, counter: self.counter },
            schema: (&self.schema, self.version),
            role: &self.role,
            k: self.k,
        }
    }

    fn seal(&self) -> Vec<u8> {
        self.bound().seal(&self.key(), &self.plaintext).unwrap().0
    }

    fn tuple(&self) -> (u8, u64, &str, u16, &str, u16) {
        (self.key, self.counter, &self.schema, self.version, &self.role, self.k)
    }
}

fn given() -> impl Strategy<Value = Given> {
    let plaintext = prop_oneof![4 => "[ab]{0,4}", 1 => "[ab]{250,300}", 1 => "\\PC{0,600}"];
    (0u8..2, 1u64..3, "[ab]{1,3}", 1u16..3, "[ab]{1,2}", 0u16..2, plaintext).prop_map(
        |(key, counter, schema, version, role, k, plaintext)| Given {
            key,
            counter,
            schema,
            version,
            role,
            k,
            plaintext,
        },
    )
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn one_nonce_under_one_key_has_one_plaintext(all in proptest::collection::vec(given(), 1..160)) {
        let mut seen: BTreeMap<(u8, Vec<u8>), (Given, Vec<u8>)> = BTreeMap::new();
        for given in all {
            let unit = given.seal();
            let nonce = unit.get(1..25).unwrap().to_vec();
            if let Some((before, sealed)) = seen.get(&(given.key, nonce.clone())) {
                prop_assert_eq!(&before.plaintext, &given.plaintext);
                prop_assert_eq!(before.tuple(), given.tuple());
                prop_assert_eq!(sealed, &unit);
            }
            seen.insert((given.key, nonce), (given, unit));
        }
    }

    #[test]
    fn a_unit_opens_where_it_belongs_and_nowhere_else(one in given(), other in given()) {
        let (unit, expected) = one.bound().seal(&one.key(), &one.plaintext).unwrap();
        prop_assert_eq!(one.bound().open(&one.key(), &unit, &expected), Ok(one.plaintext.clone()));
        let elsewhere = other.bound().open(&other.key(), &unit, &expected);
        if one.tuple() == other.tuple() {
            prop_assert_eq!(elsewhere, Ok(one.plaintext.clone()));
        } else {
            prop_assert_eq!(elsewhere, Err(OpenError::WrongKey));
        }
    }

    #[test]
    fn an_altered_unit_does_not_open(given in given(), at in any::<usize>(), flip in 1u8..=255) {
        let (mut unit, expected) = given.bound().seal(&given.key(), &given.plaintext).unwrap();
        let at = at % unit.len();
        unit[at] ^= flip;
        prop_assert_eq!(given.bound().open(&given.key(), &unit, &expected), Err(OpenError::Altered));
        prop_assert!(given.bound().open(&given.key(), &unit, &commitment(&unit)).is_err());
    }

    #[test]
    fn units_are_framed_and_unframed(units in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let framed = frame(&units);
        prop_assert_eq!(unframe(&framed), Some(units.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        for cut in 0..framed.len() {
            prop_assert_ne!(unframe(&framed[..cut]).map(|units| units.len()), Some(units.len()));
        }
    }
}

#[test]
fn a_wrapped_key_opens_in_its_workspace_under_its_key_and_to_its_check() {
    let (workspace, wrapping) = (WorkspaceId([7; 16]), [1; 32]);
    let key = DataKey::fresh(&[1; 32], "task/1");
    let other = DataKey::fresh(&[1; 32], "task/2");
    let wrapped = key.wrapped(workspace, &wrapping).unwrap();
    let unwrap = |id, wrapped: &[u8], workspace, wrapping, check| {
        DataKey::unwrap(id, wrapped, workspace, wrapping, &check).is_ok()
    };
    assert!(unwrap(key.id(), &wrapped, workspace, &wrapping, key.check()));
    assert!(!unwrap(other.id(), &wrapped, workspace, &wrapping, key.check()));
    assert!(!unwrap(key.id(), &wrapped, WorkspaceId([8; 16]), &wrapping, key.check()));
    assert!(!unwrap(key.id(), &wrapped, workspace, &[2; 32], key.check()));
    assert!(!unwrap(key.id(), &wrapped, workspace, &wrapping, other.check()));
    assert!(!unwrap(key.id(), &wrapped[..30], workspace, &wrapping, key.check()));
}
