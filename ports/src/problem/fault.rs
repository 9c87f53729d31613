//! What goes wrong at the edge, in one table of stable codes.

use super::{Kind, Problem};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        "The body is not declared as what is wanted here.",
        UNCHANGED,
        "Send the Content-Type that the detail names; application/json for commands.";
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
    WorkspaceExists, "workspace_exists", CONFLICT,
        "The workspace exists here already.",
        "Nothing was changed; what is here stands.",
        "Use the one that is here. To have the file again elsewhere, import it on another host.";
    ImportUnknown, "import_unknown", NOT_FOUND,
        "No import of this workspace is under way.",
        UNCHANGED,
        "Begin it with POST, with the beginning of the file.";
    ImportUnderWay, "import_under_way", CONFLICT,
        "Another file of this workspace is being imported.",
        "Nothing was changed; the other import can go on.",
        "Go on with that file, or give it up with DELETE (kernelos import --discard) and begin again.";
    ImportOffset, "import_offset", CONFLICT,
        "The import stands elsewhere in the file.",
        "Nothing was changed; what was taken in before stands.",
        "Ask with HEAD where it stands, and go on there.";
    ImportForeign, "import_foreign", UNPROCESSABLE_ENTITY,
        "This is not an exported workspace.",
        UNCHANGED,
        "Choose a file that `kernelos export` wrote.";
    ImportVersion, "import_version", UNPROCESSABLE_ENTITY,
        "The file was written by a version that is not known here.",
        UNCHANGED,
        "Import it with a newer version.";
    ImportAltered, "import_altered", UNPROCESSABLE_ENTITY,
        "The file is not as it was written.",
        "Nothing of it is used: the workspace does not exist here.",
        "Take another copy of the file, or export again; give this import up with DELETE (kernelos import --discard).";
    ImportWrongKey, "import_wrong_key", UNPROCESSABLE_ENTITY,
        "The key is not the one of the file.",
        UNCHANGED,
        "Give the passphrase or the identity that the file was exported to.";
    ExportOvertaken, "export_overtaken", CONFLICT,
        "A key was destroyed while the export was under way.",
        "The file so far is of no use: what the key sealed is gone from it, and its log does not say so.",
        "Export again.";
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
    /// The fault of that code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.row().code == code)
    }

    /// A problem with this fault.
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem::new(Kind::Fault(self), detail)
    }
}

/// Between functions it is its code.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.row().code)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::of(&code).ok_or_else(|| serde::de::Error::custom(format!("no fault has the code {code:?}")))
    }
}
