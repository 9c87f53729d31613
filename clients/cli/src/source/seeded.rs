//! Thirty mistakes that people make in workflow files: each is found where it stands, with what to write instead.

use super::workflow;
use crate::words::described;

/// A workflow without mistakes.
const GOOD: &str = r#"# Sorts tickets.
document:
  dsl: '1.0.3'
  namespace: examples
  name: triage
  version: '0.1.0'
use:
  retries:
    often:
      delay: PT2S
      limit: {attempt: {count: 3}}
do:
  - each:
      for: {each: ticket, in: .tickets, at: nth}
      do:
        - classify:
            call: agent
            with:
              agent: triager
              prompt: '${ "Sort this: " + $ticket.text }'
              schema: {type: object, properties: {angry: {type: boolean}}}
        - route:
            switch:
              - angry: {when: .angry, then: review}
              - calm: {then: send}
        - review:
            call: ask
            with:
              question: Is this answer kind?
              approve: ${ . }
              timeout: {hours: 4}
            then: send
        - send:
            try:
              - post:
                  call: http
                  with: {method: post, endpoint: 'https://desk.example.com/answers', body: '${ . }'}
            catch:
              errors: {with: {status: 503}}
              retry: often
  - report:
      set:
        text: |-
          ${
            .items
            | length
          }
  - pause:
      wait: PT1S
"#;

struct Seeded {
    /// What stands in the good file.
    instead_of: &'static str,
    /// What stands there now; `§` is where the mistake has to be found, and is not written.
    there_is: &'static str,
    /// A part of what is said.
    what: &'static str,
    /// A part of the advice.
    hint: &'static str,
}

const fn seeded(instead_of: &'static str, there_is: &'static str, what: &'static str, hint: &'static str) -> Seeded {
    Seeded { instead_of, there_is, what, hint }
}

/// Thirty and some mistakes: slips of keys, of values, of references, of expressions, of YAML.
const SEEDED: &[Seeded] = &[
    // Keys.
    seeded("  namespace:", "  §namspace:", "`namspace` is not a key of `document`", "`namespace`"),
    seeded("use:\n  retries", "§uses:\n  retries", "`uses` is not a key", "`use`"),
    seeded("      delay: PT2S", "      §dely: PT2S", "`dely` is not a key of a retry policy", "`delay`"),
    seeded("{each: ticket,", "{§eech: ticket,", "`eech` is not a key of `for`", "`each`"),
    seeded("            call: agent", "            §cal: agent", "`cal`", "`call`"),
    seeded(
        "              prompt:",
        "              §promt:",
        "`promt` is not a key of `with` of `call: agent`",
        "`prompt`",
    ),
    seeded("{when: .angry,", "{§wehn: .angry,", "`wehn` is not a key of a case of `switch`", "`when`"),
    seeded("              question:", "              §questoin:", "`questoin`", "`question`"),
    seeded("            catch:", "            §cacth:", "`cacth`", "`catch`"),
    seeded(
        "{method: post, endpoint:",
        "{method: post, §url:",
        "`url` is not a key of `with` of `call: http`",
        "known here: `method`",
    ),
    seeded("timeout: {hours: 4}", "timeout: {§hour: 4}", "`hour`", "`hours`"),
    // What is missing.
    seeded("  name: triage\n", "", "`name` is missing", ""),
    seeded("              agent: triager\n", "", "`agent` is missing", ""),
    seeded("calm: {then: send}", "§calm: {}", "`then` is missing", ""),
    seeded("  - pause:\n      wait: PT1S", "  - §pause: {}", "`pause` does nothing", "`wait`"),
    // Values.
    seeded("version: '0.1.0'", "version: §0.1", "must be a version in text, not the number 0.1", "in quotes"),
    seeded("dsl: '1.0.3'", "dsl: §'0.8'", "", ""),
    seeded("{method: post,", "{method: §pst,", "`pst`", "`POST`"),
    seeded("'https://desk.example.com/answers'", "§desk.example.com/answers", "no URI", "https://"),
    seeded("wait: PT1S", "wait: §1s", "`1s`", "PT30S"),
    seeded("count: 3", "count: §three", "whole number", ""),
    seeded("schema: {type: object,", "schema: §{type: objekt,", "no JSON Schema", ""),
    seeded("call: ask", "call: §aks", "`aks`", "`ask`"),
    seeded("      do:\n        - classify:", "      do:\n        classify:", "this is not YAML", "indentation"),
    // References.
    seeded("then: review}", "then: §reviw}", "`reviw`", "`review`"),
    seeded("retry: often", "retry: §oftn", "`oftn`", "`often`"),
    seeded("  - report:", "  - §each:", "two tasks", "another name"),
    // Expressions.
    seeded("when: .angry,", "when: .angry |§,", "jq expected term and found the end", ""),
    seeded("+ $ticket.text }", "§++ $ticket.text }", "jq expected", ""),
    seeded("            | length", "            | §lenght", "lenght", "`length`"),
    seeded("in: .tickets,", "in: .tickets §],", "", ""),
    // YAML.
    seeded(
        "  version: '0.1.0'",
        "  version: '0.1.0'\n  §name: again",
        "`name` stands here for the second time",
        "keep one",
    ),
    seeded("  name: triage", "\tname: triage", "found a tab", "spaces"),
    seeded("question: Is this answer kind?", "question: Kind§: yes or no?", "this is not YAML", "quotes"),
    seeded("do:\n  - each:", "do: §&tasks\n  - each:", "an anchor", "use"),
    seeded("  - pause:", "§---\n  - pause:", "second document", "file of its own"),
    // What the language has and a workspace cannot do.
    seeded(
        "  - pause:\n      wait: PT1S",
        "  - pause:\n      §emit: {event: {with: {type: x}}}",
        "`emit` publishes events: not supported",
        "",
    ),
    seeded("document:\n", "§schedule: {every: {hours: 1}}\ndocument:\n", "`schedule` starts a workflow", ""),
];

#[test]
fn a_workflow_without_mistakes_has_none() {
    let (source, definition) = workflow(GOOD.as_bytes()).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert_eq!(described(&definition), "examples/triage 0.1.0 with 8 tasks");
    assert_eq!(source.value["document"]["name"], "triage");
}

#[test]
fn thirty_seeded_mistakes_are_each_found_where_they_stand_with_what_to_write_instead() {
    let mut wrong = Vec::new();
    for Seeded { instead_of, there_is, what, hint } in SEEDED {
        assert_eq!(GOOD.matches(instead_of).count(), 1, "{instead_of:?} does not stand there once");
        let marked = GOOD.replace(instead_of, there_is);
        let place = marked.split_once('§').map(|(before, _)| {
            let last = before.rsplit('\n').next().unwrap();
            (before.matches('\n').count() + 1, last.chars().count() + 1)
        });
        let findings = workflow(marked.replace('§', "").as_bytes()).err().unwrap_or_default();
        let found = findings.iter().any(|finding| {
            place.is_none_or(|place| place == (finding.mark.line, finding.mark.column))
                && finding.what.contains(what)
                && finding.hint.as_deref().unwrap_or_default().contains(hint)
        });
        if !found || findings.len() > 2 {
            let told: Vec<_> = findings.iter().map(|finding| finding.line("f")).collect();
            wrong.push(format!("{there_is:?} at {place:?}: {told:#?}"));
        }
    }
    assert!(SEEDED.len() >= 30 && wrong.is_empty(), "{}", wrong.join("\n"));
}
