//! Numbers and things in words, the same in every command.

use kernel::workflow::Definition;

/// Name, version and size of a workflow, in a line.
pub fn described(definition: &Definition) -> String {
    let document = &definition.document;
    let tasks = counted(definition.nodes.len(), "task");
    format!("{}/{} {} with {tasks}", document.namespace, document.name, document.version)
}

/// `1 task`, `2 tasks`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
