//! What goes wrong at the edge, in one table of stable codes.

use super::{Kind, Problem};
use http::StatusCode;

/// Something that goes wrong before a command is decided, or instead of it. Once released, a code keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The body is not JSON.
    MalformedJson,
    /// An id is not written as ids of its kind are.
    BadId,
    /// Commands without an id came without an idempotency key.
    MissingIdempotencyKey,
    /// The idempotency key is not 1 to 255 visible ASCII characters.
    InvalidIdempotencyKey,
    /// There is no valid token.
    Unauthenticated,
    /// The request was made by a page that does not belong to this host.
    ForbiddenOrigin,
    /// The request was addressed to a name this host does not go by.
    ForbiddenHost,
    /// There is nothing under this path.
    UnknownRoute,
    /// The workspace does not exist here.
    WorkspaceNotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// The body is too large.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// No command has this name.
    UnknownCommand,
    /// One request holds too many commands.
    TooManyCommands,
    /// The body names another workspace than the path.
    WrongWorkspace,
    /// Stored data is not what was written.
    Damaged,
    /// There is no answer now.
    Unavailable,
}

/// A line of the table.
pub(super) struct Row {
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) safe: &'static str,
    pub(super) hint: &'static str,
}

const UNCHANGED: &str = "Nothing was changed.";

const fn row(code: &'static str, status: StatusCode, title: &'static str, hint: &'static str) -> Row {
    Row { code, status, title, safe: UNCHANGED, hint }
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 17] = [
        Self::MalformedJson,
        Self::BadId,
        Self::MissingIdempotencyKey,
        Self::InvalidIdempotencyKey,
        Self::Unauthenticated,
        Self::ForbiddenOrigin,
        Self::ForbiddenHost,
        Self::UnknownRoute,
        Self::WorkspaceNotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::UnknownCommand,
        Self::TooManyCommands,
        Self::WrongWorkspace,
        Self::Damaged,
        Self::Unavailable,
    ];

    /// A problem with this fault.
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem::new(Kind::Fault(self), detail)
    }

    pub(super) const fn row(self) -> Row {
        match self {
            Self::MalformedJson
            | Self::BadId
            | Self::MissingIdempotencyKey
            | Self::InvalidIdempotencyKey
            | Self::BodyTooLarge
            | Self::UnsupportedMediaType
            | Self::UnknownCommand
            | Self::TooManyCommands
            | Self::WrongWorkspace => self.row_of_what_was_sent(),
            Self::Unauthenticated | Self::ForbiddenOrigin | Self::ForbiddenHost => self.row_of_who_asks(),
            Self::UnknownRoute
            | Self::WorkspaceNotFound
            | Self::MethodNotAllowed
            | Self::Damaged
            | Self::Unavailable => self.row_of_what_is_here(),
        }
    }

    const fn row_of_what_was_sent(self) -> Row {
        match self {
            Self::BadId => row(
                "bad_id",
                StatusCode::BAD_REQUEST,
                "An id is not written as ids of its kind are.",
                "Copy the id from an answer; ids are never made up or shortened.",
            ),
            Self::MissingIdempotencyKey => row(
                "missing_idempotency_key",
                StatusCode::BAD_REQUEST,
                "There is no idempotency key.",
                "Send a fresh Idempotency-Key header with every new request, and the same one to repeat it.",
            ),
            Self::InvalidIdempotencyKey => row(
                "invalid_idempotency_key",
                StatusCode::BAD_REQUEST,
                "The idempotency key is not 1 to 255 visible ASCII characters.",
                "Send a random text such as a UUID.",
            ),
            Self::BodyTooLarge => row(
                "body_too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large.",
                "Send less in one request.",
            ),
            Self::UnsupportedMediaType => row(
                "unsupported_media_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not declared as JSON.",
                "Send Content-Type: application/json.",
            ),
            Self::UnknownCommand => row(
                "unknown_command",
                StatusCode::UNPROCESSABLE_ENTITY,
                "No command has this name.",
                "Use one of the names in /openapi.json.",
            ),
            Self::TooManyCommands => row(
                "too_many_commands",
                StatusCode::UNPROCESSABLE_ENTITY,
                "One request holds too many commands.",
                "Send them in several requests, each with its own idempotency key.",
            ),
            Self::WrongWorkspace => row(
                "wrong_workspace",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The body names another workspace than the path.",
                "Send the commands to the workspace they are meant for.",
            ),
            _ => row(
                "malformed_json",
                StatusCode::BAD_REQUEST,
                "The body is not JSON.",
                "Send one JSON object, encoded as UTF-8.",
            ),
        }
    }

    const fn row_of_who_asks(self) -> Row {
        match self {
            Self::ForbiddenOrigin => row(
                "forbidden_origin",
                StatusCode::FORBIDDEN,
                "The request was made by a page that does not belong to this host.",
                "Open the page from this host, or add its host name to the allowed ones.",
            ),
            Self::ForbiddenHost => row(
                "forbidden_host",
                StatusCode::FORBIDDEN,
                "The request was addressed to a name this host does not go by.",
                "Use localhost, or add the name to the allowed ones.",
            ),
            _ => row(
                "unauthenticated",
                StatusCode::UNAUTHORIZED,
                "There is no valid token.",
                "Send Authorization: Bearer with a token of this host.",
            ),
        }
    }

    const fn row_of_what_is_here(self) -> Row {
        match self {
            Self::WorkspaceNotFound => row(
                "workspace_not_found",
                StatusCode::NOT_FOUND,
                "The workspace does not exist here.",
                "List the workspaces, or create it.",
            ),
            Self::MethodNotAllowed => row(
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "The path has other methods.",
                "Use a method of the Allow header.",
            ),
            Self::Damaged => Row {
                code: "damaged",
                status: StatusCode::INTERNAL_SERVER_ERROR,
                title: "Stored data is not what was written.",
                safe: "Nothing is decided on damaged data, and what is damaged is not overwritten.",
                hint: "Restore what the detail names from a backup; the workspace takes no commands until then.",
            },
            Self::Unavailable => Row {
                code: "unavailable",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "There is no answer now.",
                safe: "Whether a command took effect is not known; sending the same request again is safe and tells.",
                hint: "Send the same request again in a moment, with the same id or idempotency key.",
            },
            _ => row(
                "unknown_route",
                StatusCode::NOT_FOUND,
                "There is nothing under this path.",
                "Look up the paths in /openapi.json.",
            ),
        }
    }
}
