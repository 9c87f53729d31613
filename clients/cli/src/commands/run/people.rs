//! Asking a person in place: what is said, what is understood, and what is sent.

use crate::timeline::Ask;
use serde_json::{Value, json};

/// What to do after a line was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Ask on, with these words.
    Ask(String),
    /// Let the person edit the value; then [`Dialogue::edited`].
    Edit,
    /// Send this decision.
    Decide(Value),
    /// Leave it for later.
    Later,
}

/// A conversation about one thing that waits.
#[derive(Debug, Clone)]
pub struct Dialogue {
    ask: Ask,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Choose,
    Why,
    Answer,
}

const CHOOSE: &str = "approve (a), reject (r), edit (e), later (l)?";
const CHOOSE_IN_DOUBT: &str = "do it again (a), it did take place (t), let it fail (r), later (l)?";

impl Dialogue {
    /// About `ask`.
    pub fn new(ask: Ask) -> Self {
        let stage = if ask.kind == "question" { Stage::Answer } else { Stage::Choose };
        Self { ask, stage }
    }

    /// What it is about.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// What is said first.
    pub fn opening(&self) -> String {
        match self.stage {
            Stage::Choose if self.ask.kind == "doubt" => CHOOSE_IN_DOUBT.to_owned(),
            Stage::Choose | Stage::Why => CHOOSE.to_owned(),
            Stage::Answer if self.ask.options.is_empty() => "your answer, text or JSON (empty: later)?".to_owned(),
            Stage::Answer => {
                let options = self.ask.options.iter().enumerate().map(|(at, it)| format!("{} {it}", at + 1));
                format!("{} (number or text, empty: later)?", options.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Take what a person said; none when nobody is there any more.
    pub fn hear(&mut self, line: Option<&str>) -> Heard {
        let Some(line) = line.map(str::trim) else { return Heard::Later };
        match self.stage {
            Stage::Choose => self.chosen(line),
            Stage::Why => {
                let reason = (!line.is_empty()).then_some(line);
                Heard::Decide(decision(&self.ask, "reject", None, reason))
            }
            Stage::Answer if line.is_empty() => Heard::Later,
            Stage::Answer => {
                let option = line.parse().ok().and_then(|nth: usize| self.ask.options.get(nth.checked_sub(1)?));
                let value = option.map_or_else(|| json_or_text(line), |option| Value::from(option.as_str()));
                Heard::Decide(decision(&self.ask, "answer", Some(value), None))
            }
        }
    }

    fn chosen(&mut self, line: &str) -> Heard {
        let is_doubt = self.ask.kind == "doubt";
        match line.to_lowercase().as_str() {
            "a" | "approve" | "y" | "yes" => Heard::Decide(decision(&self.ask, "approve", None, None)),
            "r" | "reject" | "n" | "no" => {
                self.stage = Stage::Why;
                Heard::Ask("why not (empty: no reason)?".to_owned())
            }
            "e" | "edit" if !is_doubt => Heard::Edit,
            "t" if is_doubt => {
                self.stage = Stage::Answer;
                Heard::Ask("its result, text or JSON (empty: later)?".to_owned())
            }
            "l" | "later" => Heard::Later,
            _ => Heard::Ask(self.opening()),
        }
    }

    /// What a person made of the value; text that is no JSON is meant as text where text stood before.
    pub fn edited(&self, text: &str) -> Heard {
        let was_text = self.ask.value.as_ref().is_some_and(Value::is_string);
        let value = match serde_json::from_str(text) {
            Ok(value) if !was_text => value,
            Err(why) if !was_text => return Heard::Ask(format!("that is no JSON ({why}); {CHOOSE}")),
            _ => Value::from(text.trim_end_matches('\n')),
        };
        if Some(&value) == self.ask.value.as_ref() {
            return Heard::Ask(format!("nothing was changed; {CHOOSE}"));
        }
        Heard::Decide(decision(&self.ask, "approve", Some(value), None))
    }

    /// The value, as it is put before a person to edit.
    pub fn to_edit(&self) -> String {
        match &self.ask.value {
            Some(Value::String(text)) => text.clone(),
            Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
            None => String::new(),
        }
    }
}

/// Arguments of `approval.decide`, about exactly what was shown.
pub fn decision(ask: &Ask, says: &str, value: Option<Value>, reason: Option<&str>) -> Value {
    let mut data = json!({ "approval": ask.id, "digest": ask.digest, "decision": says });
    if let Some(data) = data.as_object_mut() {
        data.extend(value.map(|value| ("value".to_owned(), value)));
        data.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
    }
    data
}

/// JSON when it is some, else the text.
pub fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(kind: &str, value: Option<Value>, options: &[&str]) -> Ask {
        let options = options.iter().map(|it| (*it).to_owned()).collect();
        let (id, digest) = ("approval_1".to_owned(), "d".to_owned());
        Ask { id, kind: kind.to_owned(), digest, question: None, value, options }
    }

    #[test]
    fn an_approval_is_given_refused_changed_or_left() {
        let begin = || Dialogue::new(ask("approval", Some(json!({"n": 1})), &[]));
        let decided = |more: Value| {
            let mut whole = json!({"approval": "approval_1", "digest": "d"});
            whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Heard::Decide(whole)
        };
        assert_eq!(begin().hear(Some(" A\n")), decided(json!({"decision": "approve"})));
        let mut refusing = begin();
        assert!(matches!(refusing.hear(Some("r")), Heard::Ask(why) if why.contains("why")));
        assert_eq!(refusing.hear(Some("too dear")), decided(json!({"decision": "reject", "reason": "too dear"})));
        let mut changing = begin();
        assert_eq!(changing.hear(Some("e")), Heard::Edit);
        assert_eq!(changing.to_edit(), "{\n  \"n\": 1\n}");
        assert_eq!(changing.edited("{\"n\": 2}"), decided(json!({"decision": "approve", "value": {"n": 2}})));
        assert!(matches!(changing.edited("{\"n\""), Heard::Ask(what) if what.contains("no JSON")));
        assert!(matches!(changing.edited("{\"n\":1}"), Heard::Ask(what) if what.contains("nothing was changed")));
        assert_eq!(begin().hear(Some("l")), Heard::Later);
        assert_eq!(begin().hear(None), Heard::Later);
        assert_eq!(begin().hear(Some("what?")), Heard::Ask(CHOOSE.to_owned()));
    }

    #[test]
    fn text_is_edited_as_text() {
        let it = Dialogue::new(ask("approval", Some(json!("Dear you")), &[]));
        assert_eq!(it.to_edit(), "Dear you");
        let Heard::Decide(data) = it.edited("Dear all\n") else { panic!() };
        assert_eq!(data["value"], "Dear all");
    }

    #[test]
    fn a_question_is_answered_by_number_text_or_json() {
        let answer = |options: &[&str], line: &str| match Dialogue::new(ask("question", None, options)).hear(Some(line))
        {
            Heard::Decide(data) => data["value"].clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(answer(&["red", "blue"], "2"), "blue");
        assert_eq!(answer(&["red", "blue"], "red"), "red");
        assert_eq!(answer(&[], "{\"a\": 1}"), json!({"a": 1}));
        assert_eq!(answer(&[], "plain words"), "plain words");
        assert_eq!(Dialogue::new(ask("question", None, &[])).hear(Some("")), Heard::Later);
    }

    #[test]
    fn in_doubt_a_person_says_what_became_of_it() {
        let mut it = Dialogue::new(ask("doubt", Some(json!({})), &[]));
        assert!(it.opening().contains("took place") || it.opening().contains("take place"));
        assert!(matches!(it.hear(Some("t")), Heard::Ask(_)));
        let Heard::Decide(data) = it.hear(Some("{\"sent\": true}")) else { panic!() };
        assert_eq!((data["decision"].as_str(), &data["value"]), (Some("answer"), &json!({"sent": true})));
    }
}
