//! What somebody looks for: words, `"phrases"`, beginnings with a star, what must not be there with a minus, and kinds.

use crate::tokens::{START_LEAST, Tokens};
use crate::words::{Word, words};
use ports::read_models::ItemKind;
use std::collections::BTreeSet;

/// Bytes of a query.
pub const QUERY_BYTES: usize = 1_024;
/// Words, phrases and beginnings of a query.
pub const TERMS_MAX: usize = 16;

/// A query that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// What must be there.
    wanted: Vec<Term>,
    /// What must not.
    unwanted: Vec<Term>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<ItemKind>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// Words one after the other.
    Phrase(Vec<String>),
    /// A word that begins so.
    Start(String),
}

impl Query {
    /// Understand `text`. What is wrong with it is said in words.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > QUERY_BYTES {
            return Err(format!("a query has at most {QUERY_BYTES} bytes"));
        }
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = query.take(rest)?.trim_start();
        }
        if query.wanted.is_empty() {
            return Err("a query needs a word that is looked for".to_owned());
        }
        if query.wanted.len() + query.unwanted.len() > TERMS_MAX {
            return Err(format!("a query has at most {TERMS_MAX} words, phrases and beginnings"));
        }
        Ok(query)
    }

    /// Take the next part from the front; gives what follows it.
    fn take<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        let (unwanted, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let terms = if unwanted { &mut self.unwanted } else { &mut self.wanted };
        if let Some(quoted) = text.strip_prefix('"') {
            let (phrase, rest) = quoted.split_once('"').ok_or("a phrase begins with \" and does not end")?;
            terms.extend(phrase_of(phrase));
            return Ok(rest);
        }
        let (part, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        if let Some(kind) = part.strip_prefix("kind:").filter(|_| !unwanted) {
            let names = ItemKind::ALL.map(ItemKind::name).join(", ");
            self.kinds.push(kind.parse().map_err(|_| format!("there is no kind {kind}; there are {names}"))?);
            return Ok(rest);
        }
        match part.strip_suffix('*') {
            None => terms.extend(phrase_of(part)),
            Some(stem) => {
                let mut all = folded(stem);
                let last = all.pop().filter(|last| last.chars().count() >= START_LEAST);
                let last =
                    last.ok_or_else(|| format!("a beginning has at least {START_LEAST} letters before its *"))?;
                terms.extend((!all.is_empty()).then_some(Term::Phrase(all)));
                terms.push(Term::Start(last));
            }
        }
        Ok(rest)
    }

    /// The expression that finds what may fit.
    pub fn expression(&self, tokens: &Tokens) -> String {
        let all = |terms: &[Term], between: &str| {
            terms.iter().map(|term| term.expression(tokens)).collect::<Vec<_>>().join(between)
        };
        let wanted = all(&self.wanted, " AND ");
        if self.unwanted.is_empty() { wanted } else { format!("({wanted}) NOT ({})", all(&self.unwanted, " OR ")) }
    }

    /// Which words of `texts` are what is looked for, by text; none when they do not fit.
    pub fn marks(&self, texts: &[&[Word<'_>]]) -> Option<Vec<BTreeSet<usize>>> {
        if self.unwanted.iter().any(|term| texts.iter().any(|words| !term.places(words).is_empty())) {
            return None;
        }
        let mut marks = vec![BTreeSet::new(); texts.len()];
        for term in &self.wanted {
            let mut found = false;
            for (words, marks) in texts.iter().zip(&mut marks) {
                let places = term.places(words);
                found |= !places.is_empty();
                marks.extend(places);
            }
            if !found {
                return None;
            }
        }
        Some(marks)
    }
}

impl Term {
    fn expression(&self, tokens: &Tokens) -> String {
        match self {
            Self::Phrase(words) => {
                let words: Vec<String> = words.iter().map(|word| tokens.word(word)).collect();
                format!("words:\"{}\"", words.join(" "))
            }
            // One that is too short was refused.
            Self::Start(start) => format!("starts:\"{}\"", tokens.start(start).unwrap_or_default()),
        }
    }

    /// The words that are it.
    fn places(&self, words: &[Word<'_>]) -> Vec<usize> {
        match self {
            Self::Start(start) => {
                let begins = words.iter().enumerate().filter(|(_, word)| word.folded.starts_with(start.as_str()));
                begins.map(|(nth, _)| nth).collect()
            }
            Self::Phrase(phrase) => {
                let is_it = |some: &[Word<'_>]| some.iter().zip(phrase).all(|(word, wanted)| word.folded == *wanted);
                let begins = words.windows(phrase.len().max(1)).enumerate().filter(|(_, some)| is_it(some));
                begins.flat_map(|(nth, some)| nth..nth + some.len()).collect()
            }
        }
    }
}

fn folded(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.folded).collect()
}

/// What is no word is not looked for.
fn phrase_of(text: &str) -> Option<Term> {
    let words = folded(text);
    (!words.is_empty()).then_some(Term::Phrase(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(query: &str, text: &str) -> bool {
        Query::read(query).unwrap().marks(&[&words(text)]).is_some()
    }

    #[test]
    fn every_word_has_to_be_there_in_any_order() {
        assert!(fits("invoice paid", "Paid: the invoice."));
        assert!(!fits("invoice paid", "the invoice was sent"));
    }

    #[test]
    fn a_phrase_is_words_one_after_the_other() {
        assert!(fits("\"last month\"", "the invoice of last month"));
        assert!(!fits("\"month last\"", "the invoice of last month"));
        assert!(fits("x-ray", "an x ray"), "what falls apart into words is a phrase");
    }

    #[test]
    fn a_star_means_every_word_that_begins_so() {
        assert!(fits("invo*", "Invoices were sent"));
        assert!(!fits("voice*", "Invoices were sent"));
        assert!(fits("two-inv*", "two invoices"));
    }

    #[test]
    fn a_minus_means_what_must_not_be_there() {
        assert!(!fits("invoice -paid", "the invoice was paid"));
        assert!(fits("invoice -\"not paid\"", "the invoice was paid"));
    }

    #[test]
    fn kinds_may_stand_in_the_query() {
        let query = Query::read("kind:document invoice kind:note").unwrap();
        assert_eq!(query.kinds, [ItemKind::Document, ItemKind::Note]);
    }

    #[test]
    fn what_cannot_be_looked_for_is_said() {
        let long = "x".repeat(QUERY_BYTES + 1);
        let many = "x ".repeat(TERMS_MAX + 1);
        let cases = [
            ("", "needs a word"),
            ("  ?! ", "needs a word"),
            ("-x", "needs a word"),
            ("kind:note", "needs a word"),
            ("\"open", "does not end"),
            ("in*", "at least 3 letters"),
            ("x *", "at least 3 letters"),
            ("kind:ticket x", "there is no kind ticket"),
            (long.as_str(), "at most 1024 bytes"),
            (many.as_str(), "at most 16 words"),
        ];
        for (query, why) in cases {
            let said = Query::read(query).unwrap_err();
            assert!(said.contains(why), "{query:.20}: {said}");
        }
    }
}
