//! What goes wrong at the edge, in one table of stable codes.

use super::{Kind, Problem};
use http::StatusCode;

/// A line of the table.
pub(super) struct Row {
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) safe: &'static str,
    pub(super) hint: &'static str,
}

macro_rules! faults {
    ($($fault:ident, $code:literal, $status:ident, $title:literal, $safe:expr, $hint:literal;)+) => {
        /// Something that goes wrong before a command is decided, or instead of it. Once released, a code keeps its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $title] $fault,)+
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$fault,)+];

            pub(super) const fn row(self) -> Row {
                match self {
                    $(Self::$fault => {
                        Row { code: $code, status: StatusCode::$status, title: $title, safe: $safe, hint: $hint }
                    })+
                }
            }
        }
    };
}

const UNCHANGED: &str = "Nothing was changed.";

faults! {
    MalformedJson, "malformed_json", BAD_REQUEST,
        "The body is not JSON.",
        UNCHANGED,
        "Send one JSON object, encoded as UTF-8.";
    BadId, "bad_id", BAD_REQUEST,
        "An id is not written as ids of its kind are.",
        UNCHANGED,
        "Copy the id from an answer, whole.";
    MissingIdempotencyKey, "missing_idempotency_key", BAD_REQUEST,
        "There is no idempotency key.",
        UNCHANGED,
        "Send a fresh Idempotency-Key header with every new request, and the same one to repeat it.";
    InvalidIdempotencyKey, "invalid_idempotency_key", BAD_REQUEST,
        "The idempotency key is not one text of 1 to 255 visible ASCII characters.",
        UNCHANGED,
        "Send a random text such as a UUID.";
    Unauthenticated, "unauthenticated", UNAUTHORIZED,
        "There is no valid token.",
        UNCHANGED,
        "Send Authorization: Bearer with a token of this host.";
    ForbiddenOrigin, "forbidden_origin", FORBIDDEN,
        "The request was made by a page that does not belong to this host.",
        UNCHANGED,
        "Open the page from this host, or add its host name to the allowed ones.";
    ForbiddenHost, "forbidden_host", FORBIDDEN,
        "The request was addressed to a name this host does not go by.",
        UNCHANGED,
        "Use localhost, or add the name to the allowed ones.";
    UnknownRoute, "unknown_route", NOT_FOUND,
        "There is nothing under this path.",
        UNCHANGED,
        "Look up the paths in /openapi.json.";
    WorkspaceNotFound, "workspace_not_found", NOT_FOUND,
        "The workspace does not exist here.",
        UNCHANGED,
        "List the workspaces, or create it.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED,
        "The path has other methods.",
        UNCHANGED,
        "Use a method of the Allow header.";
    BodyTooLarge, "body_too_large", PAYLOAD_TOO_LARGE,
        "The body is too large.",
        UNCHANGED,
        "Send less in one request.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "The body is not declared as JSON.",
        UNCHANGED,
        "Send Content-Type: application/json.";
    UnknownCommand, "unknown_command", UNPROCESSABLE_ENTITY,
        "No command has this name.",
        UNCHANGED,
        "Use one of the names in /openapi.json.";
    TooManyCommands, "too_many_commands", UNPROCESSABLE_ENTITY,
        "One request holds too many commands.",
        UNCHANGED,
        "Send them in several requests, each with its own idempotency key.";
    WrongWorkspace, "wrong_workspace", UNPROCESSABLE_ENTITY,
        "The body names another workspace than the path.",
        UNCHANGED,
        "Send the commands to the workspace they are meant for.";
    Damaged, "damaged", INTERNAL_SERVER_ERROR,
        "Stored data is not what was written.",
        "Nothing is decided on damaged data, and what is damaged is not overwritten.",
        "Restore what the detail names from a backup; the workspace takes no commands until then.";
    Unavailable, "unavailable", SERVICE_UNAVAILABLE,
        "There is no answer now.",
        "Whether a command took effect is not known; sending the same request again is safe and tells.",
        "Send the same request again in a moment, with the same id or idempotency key.";
}

impl Fault {
    /// A problem with this fault.
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem::new(Kind::Fault(self), detail)
    }
}
