//! What a folder may declare, and every way of declaring it wrong.

use super::*;

#[test]
fn a_folder_says_who_works_there_and_what_has_to_be_reached() {
    let project = Project::parse(
        b"agents:\n  triager:\n    instructions: |\n      Sort.\n    tools: [documents.read]\n    limits: {turns: 4}\n    \
          provider: big\n  other: {}\negress:\n  hosts: ['https://example.org']\n  private: [127.0.0.0/8]\n",
    );
    let project = project.unwrap_or_else(|findings| panic!("{findings:#?}"));
    let [other, triager] = project.agents.as_slice() else { panic!("{project:?}") };
    assert_eq!((other.name.as_str(), other.rest.len()), ("other", 0));
    assert_eq!((triager.name.as_str(), triager.provider.as_deref()), ("triager", Some("big")));
    let rest = json!({"instructions": "Sort.\n", "tools": ["documents.read"], "limits": {"turns": 4}});
    assert_eq!(Value::Object(triager.rest.clone()), rest);
    assert_eq!(
        project.egress.json(),
        json!({"hosts": ["https://example.org"], "private": ["127.0.0.0/8"], "secrets": []})
    );
    assert!(project.egress.beyond(&project.egress).is_empty());
    assert_eq!(project.egress.beyond(&Egress::default()), project.egress);
    assert_eq!(project.egress.clone().with(&project.egress), project.egress);
}

#[test]
fn what_is_wrong_is_told_where_it_stands_with_what_to_write_instead() {
    for (text, line, column, what, hint) in [
        ("agnets: {}\n", 1, 1, "`agnets` is not a key of kernelos.yaml", "`agents`"),
        ("agents: [a]\n", 1, 9, "`agents` must be an object", ""),
        ("agents:\n  a:\n    instrutions: x\n", 3, 5, "`instrutions` is not a key of an agent", "`instructions`"),
        ("agents:\n  a:\n    instructions: 5\n", 3, 19, "must be text, not the number 5", ""),
        ("agents:\n  a:\n    tools: documents.read\n", 3, 12, "must be a list of texts", "hyphen"),
        ("agents:\n  a:\n    tools: [documents.raed]\n", 3, 13, "`documents.raed` is no tool", "`documents.read`"),
        ("agents:\n  a:\n    limits: {turn: 3}\n", 3, 14, "`turn` is not a key of limits", "`turns`"),
        ("agents:\n  a:\n    limits: {turns: 0}\n", 3, 21, "whole number from 1 on", ""),
        ("agents:\n  a:\n    schema: {type: objekt}\n", 3, 13, "no JSON Schema", ""),
        ("egress:\n  host: []\n", 2, 3, "`host` is not a key of egress", "`hosts`"),
        ("egress:\n  hosts: ['https://']\n", 2, 11, "", ""),
        ("egress:\n  private: [loopback]\n", 2, 13, "loopback", ""),
        ("egress:\n  secrets: [vault:x]\n", 2, 13, "vault:x", ""),
        ("agents:\n  a: {}\n  a: {}\n", 3, 3, "second time", "keep one"),
    ] {
        let findings = Project::parse(text.as_bytes()).err().unwrap_or_else(|| panic!("nothing is wrong with\n{text}"));
        let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
        assert_eq!((finding.mark.line, finding.mark.column), (line, column), "{finding:?}\n{text}");
        assert!(finding.what.contains(what), "{finding:?}\n{text}");
        assert!(finding.hint.as_deref().unwrap_or_default().contains(hint), "{finding:?}\n{text}");
    }
}
