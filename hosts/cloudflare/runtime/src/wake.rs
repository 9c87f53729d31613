//! What wakes a runtime: `POST /wake/{workspace}`.

use kernel::id::WorkspaceId;
use ports::Problem;
use ports::problem::Fault;
use worker::{Method, Request};

/// The workspace that `request` wakes.
pub fn workspace(request: &Request) -> Result<WorkspaceId, Problem> {
    woken(&request.path(), request.method() == Method::Post)
}

fn woken(path: &str, is_post: bool) -> Result<WorkspaceId, Problem> {
    let Some(workspace) = path.strip_prefix("/wake/") else {
        return Err(Fault::UnknownRoute.because("a runtime is woken at /wake/{workspace}"));
    };
    if !is_post {
        return Err(Fault::MethodNotAllowed.because("a runtime is woken by POST"));
    }
    workspace.parse().map_err(|_| Fault::BadId.because("there is no workspace of such an id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::problem::Kind;

    #[test]
    fn a_wake_names_its_workspace() {
        let id = WorkspaceId([7; 16]);
        assert_eq!(woken(&format!("/wake/{id}"), true), Ok(id));
        let kind = |path: &str, is_post| woken(path, is_post).unwrap_err().kind;
        assert_eq!(kind("/", true), Kind::Fault(Fault::UnknownRoute));
        assert_eq!(kind(&format!("/wake/{id}"), false), Kind::Fault(Fault::MethodNotAllowed));
        assert_eq!(kind("/wake/", true), Kind::Fault(Fault::BadId));
        assert_eq!(kind("/wake/../x", true), Kind::Fault(Fault::BadId));
    }
}
