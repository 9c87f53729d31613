//! From a source to a program: parsed by `jaq-core`, checked against the list of filters, definitions expanded.

use super::functions::{self, NAMES};
use super::node::{Node, Pattern, Piece, Step};
use super::text::FORMATS;
use super::{BadExpression, SOURCE_MAX, number};
use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Def, Parser, Pattern as Parsed, Term};
use jaq_core::load::span;
use jaq_core::path::{Opt, Part};
use serde_json::Value;
use std::collections::BTreeSet;

/// How deep brackets may nest.
const NESTING_MAX: usize = 48;
/// Most tokens of a source.
const TOKENS_MAX: usize = 2_000;
/// How many operators and keywords may stand within one another: each takes room on the stack while it is parsed.
const HEIGHT_MAX: usize = 160;
/// Most nodes of a program, definitions expanded.
const NODES_MAX: usize = 20_000;
/// How deep a program may nest.
const DEPTH_MAX: usize = 200;

/// Compile `source`: the program, and the variables of the outside that it mentions.
pub fn compile(source: &str) -> Result<(Node, BTreeSet<String>), BadExpression> {
    if source.len() > SOURCE_MAX {
        return Err(bad(format!("the expression has {} bytes; at most {SOURCE_MAX} are taken", source.len())));
    }
    if nesting(source) > NESTING_MAX {
        return Err(bad(format!("brackets nest deeper than {NESTING_MAX}")));
    }
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let first = errors.first();
        let offset = first.map(|(_, rest)| span(source, rest).start);
        let expected = first.map(|(expected, _)| expected.as_str()).unwrap_or_default();
        BadExpression { offset, ..bad(format!("jq cannot be read here: expected {expected}")) }
    })?;
    if count(&tokens) > TOKENS_MAX {
        return Err(bad(format!("the expression has more than {TOKENS_MAX} words")));
    }
    if height(&tokens) > HEIGHT_MAX {
        return Err(bad(format!("operators nest deeper than {HEIGHT_MAX}")));
    }
    let term: Term<&str> = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let first = errors.first();
        let found = first.and_then(|(_, token)| *token);
        let offset = found.map_or(Some(source.len()), |Token(text, _)| Some(span(source, text).start));
        let expected = first.map(|(expected, _)| expected.as_str()).unwrap_or_default();
        let found = found.map_or_else(|| "the end".to_owned(), |Token(text, _)| format!("`{}`", short(text)));
        BadExpression { offset, ..bad(format!("jq expected {expected} and found {found}")) }
    })?;
    let mut compiler = Compiler { source, nodes: 0, slots: 0, depth: 0, scope: Vec::new(), globals: BTreeSet::new() };
    let program = compiler.term(&term)?;
    Ok((program, compiler.globals))
}

fn short(text: &str) -> String {
    text.chars().take(24).collect()
}

fn bad(message: impl Into<String>) -> BadExpression {
    BadExpression { message: message.into(), offset: None, hint: None }
}

fn nesting(source: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

fn count(tokens: &[Token<&str>]) -> usize {
    let inside = |token: &Token<&str>| match &token.1 {
        Tok::Block(inner) => 1 + count(inner),
        Tok::Str(parts) => parts
            .iter()
            .map(|part| if let StrPart::Term(Token(_, Tok::Block(inner))) = part { 1 + count(inner) } else { 1 })
            .sum(),
        _ => 1,
    };
    tokens.iter().map(inside).sum()
}

/// How many operators and keywords stand within one another at most, taken that each one opens a place of its own.
fn height(tokens: &[Token<&str>]) -> usize {
    const KEYWORDS: [&str; 8] = ["if", "elif", "try", "reduce", "foreach", "def", "label", "as"];
    let opens = |Token(text, tok): &Token<&str>| match tok {
        Tok::Sym => ![",", ":", ";", ".", "?"].contains(text),
        _ => KEYWORDS.contains(text),
    };
    let inside = |Token(_, tok): &Token<&str>| match tok {
        Tok::Block(inner) => height(inner),
        Tok::Str(parts) => {
            let terms = parts.iter().filter_map(|part| {
                if let StrPart::Term(Token(_, Tok::Block(inner))) = part { Some(height(inner)) } else { None }
            });
            terms.max().unwrap_or(0)
        }
        _ => 0,
    };
    tokens.iter().filter(|token| opens(token)).count() + tokens.iter().map(inside).max().unwrap_or(0)
}

/// What a name means at a place of the program.
#[derive(Clone)]
enum Meaning<'a, 's> {
    /// `$x`
    Variable(&'s str, u32),
    /// `label $x`
    Label(&'s str, u32),
    /// A definition, with what was visible where it stands.
    Definition(&'a Def<&'s str, Term<&'s str>>, usize),
    /// An argument of a definition: already compiled.
    Argument(&'s str, Node),
}

struct Compiler<'a, 's> {
    source: &'s str,
    nodes: usize,
    slots: u32,
    depth: usize,
    scope: Vec<Meaning<'a, 's>>,
    /// Variables of the outside that are mentioned.
    globals: BTreeSet<String>,
}

type Compiled<T> = Result<T, BadExpression>;

impl<'a, 's> Compiler<'a, 's> {
    fn boxed(&mut self, term: &'a Term<&'s str>) -> Compiled<Box<Node>> {
        self.term(term).map(Box::new)
    }

    fn at(&self, part: &str, message: String) -> BadExpression {
        let inside = self.source.as_bytes().as_ptr_range().contains(&part.as_ptr());
        BadExpression { offset: inside.then(|| span(self.source, part).start), ..bad(message) }
    }

    fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots
    }

    fn term(&mut self, term: &'a Term<&'s str>) -> Compiled<Node> {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > NODES_MAX || self.depth > DEPTH_MAX {
            return Err(bad("the expression is too large once its definitions are expanded, or nests too deep"));
        }
        let height = self.scope.len();
        let node = self.shape(term).map(Node::marked);
        self.scope.truncate(height);
        self.depth -= 1;
        node
    }

    fn shape(&mut self, term: &'a Term<&'s str>) -> Compiled<Node> {
        Ok(match term {
            Term::Id => Node::Identity,
            Term::Recurse => Node::Recurse,
            Term::Num(text) => match number::read(text) {
                Some(value) => Node::Constant(value),
                None => return Err(self.at(text, format!("`{}` is not a number", short(text)))),
            },
            Term::Str(format, parts) => self.text(*format, parts)?,
            Term::Arr(None) => Node::Array(None),
            Term::Arr(Some(inner)) => Node::Array(Some(self.boxed(inner)?)),
            Term::Obj(members) => self.object(members)?,
            Term::Neg(inner) => Node::Negate(self.boxed(inner)?),
            Term::BinOp(left, op, right) => self.binary(left, op, right)?,
            Term::Label(name, body) => {
                let slot = self.slot();
                self.scope.push(Meaning::Label(name, slot));
                Node::Label(slot, self.boxed(body)?)
            }
            Term::Break(name) => self.label(name)?,
            Term::Fold(name, items, pattern, arguments) => self.fold(name, items, pattern, arguments)?,
            Term::TryCatch(body, handler) => {
                let handler = handler.as_deref().map(|handler| self.boxed(handler)).transpose()?;
                Node::Try(self.boxed(body)?, handler)
            }
            Term::IfThenElse(branches, otherwise) => self.branches(branches, otherwise.as_deref())?,
            Term::Def(definitions, body) => {
                for definition in definitions {
                    self.scope.push(Meaning::Definition(definition, self.scope.len()));
                }
                self.term(body)?
            }
            Term::Call(name, arguments) => self.call(name, arguments)?,
            Term::Var(name) => self.variable(name),
            Term::Path(head, path) => {
                let head = self.boxed(head)?;
                let mut steps = Vec::with_capacity(path.0.len());
                for (part, opt) in &path.0 {
                    steps.push((self.step(part)?, matches!(opt, Opt::Optional)));
                }
                Node::Path(head, steps)
            }
        })
    }

    fn text(&mut self, format: Option<&'s str>, parts: &'a [StrPart<&'s str, Term<&'s str>>]) -> Compiled<Node> {
        let known = match format {
            None => None,
            Some(name) => match FORMATS.iter().find(|known| **known == name) {
                Some(known) => Some(*known),
                None => return Err(self.refused(name)),
            },
        };
        if let ([], None) | ([StrPart::Str(_)], _) = (parts, known) {
            let text: String =
                parts.iter().map(|part| if let StrPart::Str(text) = part { *text } else { "" }).collect();
            return Ok(Node::Constant(Value::String(text)));
        }
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                StrPart::Str(text) => Piece::Plain((*text).to_owned()),
                StrPart::Char(c) => Piece::Plain(c.to_string()),
                StrPart::Term(term) => Piece::Computed(self.term(term)?),
            });
        }
        Ok(Node::Text(known, pieces))
    }

    fn object(&mut self, members: &'a [(Term<&'s str>, Option<Term<&'s str>>)]) -> Compiled<Node> {
        let mut compiled = Vec::with_capacity(members.len());
        for (key, value) in members {
            let pair = match (key, value) {
                (key, Some(value)) => (self.term(key)?, self.term(value)?),
                // `{$x}` is `{x: $x}`.
                (Term::Var(name), None) => {
                    let key = Node::Constant(Value::String(name.trim_start_matches('$').to_owned()));
                    (key, self.variable(name))
                }
                (key, None) => {
                    let key = self.term(key)?;
                    let value = Node::Path(Box::new(Node::Identity), vec![(Step::Index(key.clone()), false)]);
                    (key, value)
                }
            };
            compiled.push(pair);
        }
        Ok(Node::Object(compiled))
    }

    fn binary(
        &mut self,
        left: &'a Term<&'s str>,
        op: &'a BinaryOp<&'s str>,
        right: &'a Term<&'s str>,
    ) -> Compiled<Node> {
        if let BinaryOp::Pipe(Some(pattern)) = op {
            let left = self.boxed(left)?;
            let pattern = self.pattern(pattern)?;
            return Ok(Node::Bind(left, pattern, self.boxed(right)?));
        }
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        Ok(match op {
            BinaryOp::Pipe(_) => Node::Pipe(left, right),
            BinaryOp::Comma => Node::Comma(left, right),
            BinaryOp::Alt => Node::Otherwise(left, right),
            BinaryOp::Or => Node::Or(left, right),
            BinaryOp::And => Node::And(left, right),
            BinaryOp::Math(math) => Node::Math(*math, left, right),
            BinaryOp::Cmp(cmp) => Node::Compare(*cmp, left, right),
            BinaryOp::Assign => Node::Assign(left, right),
            BinaryOp::Update => Node::Update(left, right),
            BinaryOp::UpdateMath(math) => Node::UpdateMath(*math, left, right),
            BinaryOp::UpdateAlt => Node::UpdateOtherwise(left, right),
        })
    }

    fn fold(
        &mut self,
        name: &'s str,
        items: &'a Term<&'s str>,
        pattern: &'a Parsed<&'s str>,
        arguments: &'a [Term<&'s str>],
    ) -> Compiled<Node> {
        let items = self.boxed(items)?;
        let [init, update, rest @ ..] = arguments else {
            return Err(self.at(name, format!("`{name}` needs a beginning and an update")));
        };
        let init = self.boxed(init)?;
        let pattern = self.pattern(pattern)?;
        let update = self.boxed(update)?;
        match (name, rest) {
            ("reduce", []) => Ok(Node::Reduce(items, pattern, init, update)),
            ("foreach", []) => Ok(Node::Foreach(items, pattern, init, update, None)),
            ("foreach", [extract]) => Ok(Node::Foreach(items, pattern, init, update, Some(self.boxed(extract)?))),
            _ => Err(self.at(name, format!("`{name}` does not take so many arguments"))),
        }
    }

    fn branches(
        &mut self,
        branches: &'a [(Term<&'s str>, Term<&'s str>)],
        otherwise: Option<&'a Term<&'s str>>,
    ) -> Compiled<Node> {
        let mut node = otherwise.map_or(Ok(Node::Identity), |otherwise| self.term(otherwise))?;
        for (condition, then) in branches.iter().rev() {
            node = Node::If(self.boxed(condition)?, self.boxed(then)?, Box::new(node));
        }
        Ok(node)
    }

    fn step(&mut self, part: &'a Part<Term<&'s str>>) -> Compiled<Step> {
        let optional =
            |this: &mut Self, term: &'a Option<Term<&'s str>>| term.as_ref().map(|it| this.term(it)).transpose();
        Ok(match part {
            Part::Index(index) => Step::Index(self.term(index)?),
            Part::Range(None, None) => Step::Each,
            Part::Range(from, to) => Step::Slice(optional(self, from)?, optional(self, to)?),
        })
    }

    fn pattern(&mut self, pattern: &'a Parsed<&'s str>) -> Compiled<Pattern> {
        Ok(match pattern {
            Parsed::Var(name) => {
                let slot = self.slot();
                self.scope.push(Meaning::Variable(name, slot));
                Pattern::Variable(slot)
            }
            Parsed::Arr(parts) => {
                let mut compiled = Vec::with_capacity(parts.len());
                for part in parts {
                    compiled.push(self.pattern(part)?);
                }
                Pattern::Array(compiled)
            }
            Parsed::Obj(members) => {
                let mut compiled = Vec::with_capacity(members.len());
                for (key, part) in members {
                    // `{$x}` takes the member `x`.
                    let key = match key {
                        Term::Var(name) => Node::Constant(Value::String(name.trim_start_matches('$').to_owned())),
                        key => self.term(key)?,
                    };
                    compiled.push((key, self.pattern(part)?));
                }
                Pattern::Object(compiled)
            }
        })
    }

    fn variable(&mut self, name: &str) -> Node {
        let local = self.scope.iter().rev().find_map(|meaning| match meaning {
            Meaning::Variable(known, slot) if *known == name => Some(*slot),
            _ => None,
        });
        if let Some(slot) = local {
            return Node::Local(slot);
        }
        let name = name.trim_start_matches('$');
        self.globals.insert(name.to_owned());
        Node::Global(name.to_owned())
    }

    fn label(&self, name: &str) -> Compiled<Node> {
        let known = self.scope.iter().rev().find_map(|meaning| match meaning {
            Meaning::Label(known, slot) if *known == name => Some(*slot),
            _ => None,
        });
        known.map(Node::Break).ok_or_else(|| self.at(name, format!("there is no label {name} here")))
    }

    fn call(&mut self, name: &'s str, arguments: &'a [Term<&'s str>]) -> Compiled<Node> {
        let place = self.scope.iter().rposition(|meaning| match meaning {
            Meaning::Definition(definition, _) => definition.name == name && definition.args.len() == arguments.len(),
            Meaning::Argument(known, _) => *known == name && arguments.is_empty(),
            _ => false,
        });
        match place.and_then(|place| self.scope.get(place).cloned()) {
            Some(Meaning::Argument(_, node)) => {
                self.nodes += 1;
                return Ok(node);
            }
            Some(Meaning::Definition(definition, below)) => return self.expand(definition, below, arguments),
            _ => {}
        }
        if let Some(format) = FORMATS.iter().find(|format| **format == name && arguments.is_empty()) {
            return Ok(Node::Text(Some(*format), vec![Piece::Computed(Node::Identity)]));
        }
        let Some(known) = functions::find(name, arguments.len()) else { return Err(self.refused(name)) };
        let mut compiled = Vec::with_capacity(arguments.len());
        for argument in arguments {
            compiled.push(self.term(argument)?);
        }
        Ok(Node::Call(known, compiled))
    }

    /// The body of a definition in place of its use. It sees what was visible where it stands, and not itself.
    fn expand(
        &mut self,
        definition: &'a Def<&'s str, Term<&'s str>>,
        below: usize,
        arguments: &'a [Term<&'s str>],
    ) -> Compiled<Node> {
        let mut compiled = Vec::with_capacity(arguments.len());
        for argument in arguments {
            compiled.push(self.term(argument)?);
        }
        let mut scope: Vec<Meaning<'a, 's>> = self.scope.iter().take(below).cloned().collect();
        let mut bound = Vec::new();
        for (name, node) in definition.args.iter().zip(compiled) {
            if name.starts_with('$') {
                let slot = self.slot();
                scope.push(Meaning::Variable(name, slot));
                // `def f($x)` lets both `$x` and `x` be used.
                scope.push(Meaning::Argument(name.trim_start_matches('$'), Node::Local(slot)));
                bound.push((slot, node));
            } else {
                scope.push(Meaning::Argument(name, node));
            }
        }
        let outside = std::mem::replace(&mut self.scope, scope);
        let body = self.term(&definition.body);
        self.scope = outside;
        let mut node = body?;
        for (slot, value) in bound.into_iter().rev() {
            node = Node::Bind(Box::new(value), Pattern::Variable(slot), Box::new(node));
        }
        Ok(node)
    }

    fn refused(&self, name: &str) -> BadExpression {
        let near = crate::workflow::nearest(name, NAMES.iter().map(|(known, _)| *known).chain(FORMATS));
        let why = match name {
            "now" | "localtime" | "gmtime" | "mktime" | "todate" | "fromdate" | "strftime" | "strptime" => {
                Some("an expression sees no clock".to_owned())
            }
            "env" | "input" | "inputs" | "debug" | "stderr" | "input_filename" | "halt" | "halt_error" => {
                Some("an expression sees nothing but its input and its variables".to_owned())
            }
            "test" | "match" | "capture" | "scan" | "sub" | "gsub" | "splits" | "ascii" => {
                Some("regular expressions are not offered; contains, startswith, split and ltrimstr are".to_owned())
            }
            _ => near.map(|near| format!("the nearest is `{near}`")),
        };
        BadExpression {
            hint: why,
            ..self.at(name, format!("there is no filter `{}` with so many arguments here", short(name)))
        }
    }
}
