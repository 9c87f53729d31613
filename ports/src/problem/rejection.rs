//! The kernel's rejections as HTTP sees them. Title and hint are the kernel's own.

use http::StatusCode;
use kernel::reject::Code;

/// The status of a rejection. Every code is named, so that a new one cannot be added without choosing.
pub(super) const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument
        | Code::ControlCharacter
        | Code::TooLong
        | Code::AmountOutOfRange
        | Code::InvalidWorkflow
        | Code::PositionAhead
        | Code::BeforeTheBranch
        | Code::InsideACommand => StatusCode::UNPROCESSABLE_ENTITY,
        Code::DeviceUnknown => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::KeyDestroyed | Code::WorkspaceMoved => StatusCode::GONE,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::AlreadyCreated
        | Code::AlreadyDecided
        | Code::OtherBytes
        | Code::NothingDue
        | Code::CommandIdReused
        | Code::DeviceForked
        | Code::CommandForgotten
        | Code::TooManyGaps
        | Code::IdempotencyKeyReused
        | Code::BranchHoldsEffects
        | Code::StepWaiting
        | Code::NothingToLease
        | Code::NotOutstanding
        | Code::LeaseHeld
        | Code::RuntimeRestarted
        | Code::EffectsHeld
        | Code::NotHeld
        | Code::WorkHeld
        | Code::WorkUndecided
        | Code::NothingRecorded
        | Code::NothingToRestore
        | Code::WorkspaceFrozen
        | Code::NotFrozen
        | Code::OtherPosition
        | Code::NotLeft => StatusCode::CONFLICT,
    }
}

/// What can be relied on after a rejection.
pub(super) const fn safe(code: Code) -> &'static str {
    match code {
        Code::CommandIdReused | Code::DeviceForked | Code::CommandForgotten => {
            "Nothing was changed; the commands known here stand."
        }
        Code::IdempotencyKeyReused => "Nothing was changed; the first request under this key stands.",
        Code::AlreadyDecided => "Nothing was changed; the first decision stands.",
        Code::WorkspaceMoved => "Nothing was changed; what is here is as it was when the workspace went.",
        Code::KeyDestroyed => "Nothing was changed; what other keys seal can still be read.",
        Code::StorageFull => "Nothing was changed, and nothing was noted of it; what is there can be read.",
        Code::NotOutstanding => "Nothing was changed; a report is kept even when it comes late.",
        _ => "Nothing was changed.",
    }
}
