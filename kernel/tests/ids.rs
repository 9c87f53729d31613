//! Ids and keys: their texts are ordered like themselves, read back as themselves, and are the only texts they have.

use kernelos_kernel::id::{BootId, CommandId, DeviceId, Id, KeyId, Role, RuntimeId};
use kernelos_kernel::key::{BranchId, Key, Line, Space};
use kernelos_kernel::seal::Subject;
use proptest::prelude::*;
use std::fmt::{Debug, Display};
use std::str::FromStr;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2048) }
}

/// Numbers around the places where texts grow by a digit, as well as any.
fn number() -> impl Strategy<Value = u64> {
    let edges =
        (0u32..64).prop_flat_map(|bit| (0u64..3).prop_map(move |off| (1u64 << bit).wrapping_add(off).wrapping_sub(1)));
    prop_oneof![0u64..70, edges, any::<u64>()]
}

/// Devices that often share a beginning, and some that stand beside the text `main`.
fn device() -> impl Strategy<Value = DeviceId> {
    let beside_main = (0xa2a0u16..0xa2b0).prop_map(|first| {
        let [a, b] = first.to_be_bytes();
        DeviceId([a, b, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    });
    let some = (0u8..4, any::<u8>()).prop_map(|(first, last)| {
        let mut bytes = [first; 16];
        bytes[15] = last;
        DeviceId(bytes)
    });
    prop_oneof![beside_main, some, any::<[u8; 16]>().prop_map(DeviceId)]
}

fn command() -> impl Strategy<Value = CommandId> {
    (device(), number(), number()).prop_map(|(device, incarnation, counter)| CommandId {
        device,
        incarnation: incarnation as u32,
        counter,
    })
}

fn id() -> impl Strategy<Value = Id> {
    let roles = [Role::Agent, Role::Branch, Role::Effect, Role::Provider, Role::Step, Role::Task];
    (command(), prop::sample::select(roles.to_vec()), number()).prop_map(|(command, role, k)| Id {
        command,
        role,
        k: k as u16,
    })
}

fn branch() -> impl Strategy<Value = BranchId> {
    prop_oneof![1 => Just(BranchId::Main), 3 => id().prop_map(BranchId::Forked)]
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        id().prop_map(Subject::Agent),
        id().prop_map(Subject::Branch),
        id().prop_map(Subject::Provider),
        id().prop_map(Subject::Task),
        Just(Subject::Workspace),
    ]
}

fn runtime() -> impl Strategy<Value = RuntimeId> {
    (device(), any::<u16>()).prop_map(|(device, slot)| RuntimeId { device, slot })
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        id().prop_map(Key::Agent),
        branch().prop_map(Key::Branch),
        (device(), number()).prop_map(|(device, n)| Key::Chain(device, n as u32)),
        command().prop_map(Key::Command),
        device().prop_map(Key::Device),
        id().prop_map(Key::Effect),
        (number(), id()).prop_map(|(at, id)| Key::Expiry(at, id)),
        any::<[u8; 16]>().prop_map(|hash| Key::Idempotency(KeyId(hash))),
        id().prop_map(Key::Lease),
        (runtime(), id()).prop_map(|(runtime, id)| Key::Leased(runtime, id)),
        id().prop_map(Key::Provider),
        id().prop_map(Key::Ready),
        runtime().prop_map(Key::Runtime),
        id().prop_map(Key::Step),
        subject().prop_map(Key::Subject),
        id().prop_map(Key::Task),
        Just(Key::Workspace),
        Just(Key::Origin),
    ]
}

fn space() -> impl Strategy<Value = Space> {
    let line = || (branch(), number()).prop_map(|(branch, n)| Line { branch, incarnation: n as u32 });
    prop_oneof![Just(Space::Control), line().prop_map(Space::Data), line().prop_map(Space::Kept)]
}

fn ordered_like_its_text<T: Ord + Display + Debug>(one: &T, other: &T) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.cmp(other), one.to_string().cmp(&other.to_string()), "{} and {}", one, other);
    Ok(())
}

fn reads_back<T: FromStr + Display + Debug + PartialEq>(thing: &T) -> Result<(), TestCaseError> {
    let read = thing.to_string().parse::<T>().ok();
    prop_assert_eq!(read.as_ref(), Some(thing), "{}", thing);
    Ok(())
}

/// A text with one byte changed, one taken out or one put in means nothing, or has itself as its text.
fn has_one_text<T: FromStr + Display>(text: &str, at: usize, byte: u8) -> Result<(), TestCaseError> {
    let at = at % text.len().max(1);
    let (head, tail) = text.split_at(at.min(text.len()));
    let rest = tail.get(1..).unwrap_or_default();
    let byte = char::from(byte);
    let altered =
        [format!("{head}{byte}{rest}"), format!("{head}{rest}"), format!("{head}{byte}{tail}"), text.to_uppercase()];
    for altered in altered {
        if let Ok(read) = altered.parse::<T>() {
            prop_assert_eq!(read.to_string(), altered);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn keys_are_ordered_like_their_texts(one in key(), other in key()) {
        ordered_like_its_text(&one, &other)?;
    }

    #[test]
    fn keys_of_one_kind_are_ordered_like_their_texts(ids in (id(), id()), branches in (branch(), branch()), at in (number(), number())) {
        ordered_like_its_text(&ids.0, &ids.1)?;
        ordered_like_its_text(&ids.0.command, &ids.1.command)?;
        ordered_like_its_text(&branches.0, &branches.1)?;
        ordered_like_its_text(&Key::Branch(branches.0), &Key::Branch(branches.1))?;
        ordered_like_its_text(&Key::Task(ids.0), &Key::Task(Id { k: ids.1.k, ..ids.0 }))?;
        ordered_like_its_text(&Key::Expiry(at.0, ids.0), &Key::Expiry(at.1, ids.1))?;
        let counted = CommandId { counter: at.0, ..ids.0.command };
        ordered_like_its_text(&Key::Command(counted), &Key::Command(ids.0.command))?;
    }

    #[test]
    fn what_is_printed_reads_back(id in id(), key in key(), space in space(), subject in subject(), runtime in runtime()) {
        reads_back(&id)?;
        reads_back(&id.command)?;
        reads_back(&id.command.device)?;
        reads_back(&key)?;
        reads_back(&space)?;
        reads_back(&subject)?;
        reads_back(&runtime)?;
    }

    #[test]
    fn a_thing_has_one_text(id in id(), key in key(), space in space(), subject in subject(), at in any::<usize>(), byte in 0u8..128) {
        has_one_text::<Id>(&id.to_string(), at, byte)?;
        has_one_text::<CommandId>(&id.command.to_string(), at, byte)?;
        has_one_text::<DeviceId>(&id.command.device.to_string(), at, byte)?;
        has_one_text::<Key>(&key.to_string(), at, byte)?;
        has_one_text::<Space>(&space.to_string(), at, byte)?;
        has_one_text::<Subject>(&subject.to_string(), at, byte)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = (text.parse::<Id>(), text.parse::<Key>(), text.parse::<Space>(), text.parse::<Subject>());
        let _ = (text.parse::<RuntimeId>(), text.parse::<BootId>(), text.parse::<BranchId>());
    }
}

#[test]
fn one_dot_stands_between_a_command_and_a_role() {
    let id = Id::new(CommandId { device: DeviceId([1; 16]), incarnation: 0, counter: 1 }, Role::Task);
    let text = id.to_string();
    assert_eq!(text.parse(), Ok(id));
    assert!(text.replace(".task", "..task").parse::<Id>().is_err());
    assert!(text.replace(".task", "task").parse::<Id>().is_err());
}
