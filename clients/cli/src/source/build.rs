//! From the events of the YAML parser to one value and where its parts stand.

use super::scalar::{self, Scalar};
use super::tree::{Mark, Tree};
use super::{DEPTH_MAX, Finding, VALUES_MAX};
use saphyr_parser::{Event, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A file that is read up to some event.
#[derive(Default)]
pub struct Builder {
    open: Vec<Open>,
    done: Option<(Value, Tree)>,
    documents: usize,
    values: usize,
}

/// A list or an object that is not closed yet.
struct Open {
    tree: Tree,
    value: Container,
}

enum Container {
    List(Vec<Value>),
    /// The members so far, and the key whose value comes next.
    Object(Map<String, Value>, Option<(String, Mark)>),
}

impl Builder {
    /// Take one event.
    pub fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let mark = Mark::of(span.start);
        match event {
            Event::DocumentStart(_) => return self.document(mark),
            Event::Alias(_) => return Err(refused(mark, "an alias (`*name`)", "write out what it stands for")),
            Event::Scalar(text, style, anchor, tag) => {
                plainly(mark, anchor, tag.as_ref())?;
                return self.scalar(&text, style, span);
            }
            Event::SequenceStart(anchor, tag) => {
                plainly(mark, anchor, tag.as_ref())?;
                return self.begin(mark, Container::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                plainly(mark, anchor, tag.as_ref())?;
                return self.begin(mark, Container::Object(Map::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => {}
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => return Ok(()),
        }
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.value {
            Container::List(items) => Value::Array(items),
            Container::Object(members, _) => Value::Object(members),
        };
        self.place(value, open.tree)
    }

    /// What was read.
    pub fn end(self) -> Result<(Value, Tree), Finding> {
        self.done.ok_or_else(|| Finding::new(Mark::BEGIN, "empty", "the file is empty"))
    }

    fn document(&mut self, mark: Mark) -> Result<(), Finding> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        let finding = Finding::new(mark, "several_documents", "a second document begins here; a file holds one");
        Err(finding.hint("put each into a file of its own"))
    }

    fn begin(&mut self, mark: Mark, value: Container) -> Result<(), Finding> {
        self.count(mark)?;
        if self.open.len() >= DEPTH_MAX {
            let what = format!("values are nested deeper than {DEPTH_MAX}");
            return Err(Finding::new(mark, "too_deep", what));
        }
        self.refuse_as_key(mark)?;
        self.open.push(Open { tree: leaf(mark, None), value });
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), Finding> {
        let mark = Mark::of(span.start);
        self.count(mark)?;
        let found = scalar::read(text, style);
        if let Some(Open { value: Container::Object(members, next @ None), .. }) = self.open.last_mut() {
            let Ok(Scalar::Text) = found else { return Err(not_text(text, mark)) };
            if members.contains_key(text) {
                let what = format!("the key `{text}` stands here for the second time");
                return Err(Finding::new(mark, "duplicate_key", what).hint("keep one of them"));
            }
            *next = Some((text.to_owned(), mark));
            return Ok(());
        }
        let value = match found {
            Ok(Scalar::Text) => Value::String(text.to_owned()),
            Ok(Scalar::Other(value)) => value,
            Err(why) => {
                return Err(Finding::new(mark, "bad_number", format!("`{text}` {why}")).hint("put it in quotes"));
            }
        };
        let written = value.is_string().then(|| (style, span.start.index(), span.end.index()));
        self.place(value, leaf(mark, written))
    }

    /// Put a value that is whole where it belongs.
    fn place(&mut self, value: Value, mut tree: Tree) -> Result<(), Finding> {
        let Some(open) = self.open.last_mut() else {
            self.done = Some((value, tree));
            return Ok(());
        };
        match &mut open.value {
            Container::List(items) => {
                open.tree.parts.insert(items.len().to_string(), tree);
                items.push(value);
            }
            Container::Object(members, next) => {
                let Some((key, mark)) = next.take() else { return Ok(()) };
                tree.key = mark;
                // What is not written stands nowhere else than its key.
                if value.is_null() {
                    tree.value = mark;
                }
                open.tree.parts.insert(key.clone(), tree);
                members.insert(key, value);
            }
        }
        Ok(())
    }

    fn refuse_as_key(&self, mark: Mark) -> Result<(), Finding> {
        match self.open.last() {
            Some(Open { value: Container::Object(_, None), .. }) => {
                let finding = Finding::new(mark, "bad_key", "a key is text, and here stands a list or an object");
                Err(finding.hint("put text that begins with `{` or `[` in quotes"))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, mark: Mark) -> Result<(), Finding> {
        self.values += 1;
        if self.values <= VALUES_MAX {
            return Ok(());
        }
        Err(Finding::new(mark, "too_large", format!("the file has more than {VALUES_MAX} values")))
    }
}

fn leaf(mark: Mark, written: Option<(ScalarStyle, usize, usize)>) -> Tree {
    Tree { key: mark, value: mark, written, parts: BTreeMap::new() }
}

/// Neither an anchor nor a tag stands before it.
fn plainly(mark: Mark, anchor: usize, tag: Option<&Cow<'_, Tag>>) -> Result<(), Finding> {
    if anchor != 0 {
        return Err(refused(mark, "an anchor (`&name`)", "write out what is used twice, or name it under `use`"));
    }
    if tag.is_some() {
        return Err(refused(mark, "a tag (`!name`)", "leave it out; text that looks like a number goes in quotes"));
    }
    Ok(())
}

fn refused(mark: Mark, what: &str, hint: &str) -> Finding {
    Finding::new(mark, "not_json", format!("{what} is not read here: the file must say what JSON can say")).hint(hint)
}

fn not_text(text: &str, mark: Mark) -> Finding {
    let shown = if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    Finding::new(mark, "bad_key", format!("a key is text, and here stands {shown}")).hint("put the key in quotes")
}
