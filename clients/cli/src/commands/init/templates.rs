//! The templates that come with the program: the examples of the repository, as they are.

/// A template.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Its files: name and text.
    pub files: [(&'static str, &'static str); 4],
}

/// The files of the folder of that name.
macro_rules! template {
    ($name:literal, $about:literal) => {
        Template {
            name: $name,
            about: $about,
            files: [
                ("workflow.yaml", text!($name, "workflow.yaml")),
                ("kernelos.yaml", text!($name, "kernelos.yaml")),
                ("input.json", text!($name, "input.json")),
                ("README.md", text!($name, "README.md")),
            ],
        }
    };
}

macro_rules! text {
    ($name:literal, $file:literal) => {
        include_str!(concat!("../../../../../examples/", $name, "/", $file))
    };
}

/// Every template, the simplest first. A folder more is a line more.
pub static TEMPLATES: &[Template] = &[
    template!("hello", "one agent, one approval"),
    template!("support-triage", "letters of customers: sorted, answered, and where it matters read by a person"),
    template!("research-notes", "pages from an allow-list: read, compared, and a note with its sources"),
    template!("nightly-report", "a timer, figures from an API, a table, and an approval before it is sent"),
];

/// The template that is usual.
pub const USUALLY: &str = "hello";

/// The template called `name`.
pub fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;
    use crate::source::workflow;

    #[test]
    fn every_template_is_a_project_that_can_be_read() {
        assert!(find(USUALLY).is_some());
        for template in TEMPLATES {
            let text = |wanted: &str| template.files.iter().find(|(name, _)| *name == wanted).unwrap().1;
            let read = workflow(text("workflow.yaml").as_bytes());
            assert!(read.is_ok(), "{}: {:?}", template.name, read.err());
            let project = Project::parse(text("kernelos.yaml").as_bytes());
            assert!(project.as_ref().is_ok_and(|it| !it.agents.is_empty()), "{}: {project:?}", template.name);
            assert!(serde_json::from_str::<serde_json::Value>(text("input.json")).is_ok(), "{}", template.name);
            assert!(text("README.md").starts_with("# "), "{}", template.name);
        }
    }
}
