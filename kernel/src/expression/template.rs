//! Any JSON in which some texts are expressions.

use super::{BadExpression, Expression, ExpressionError, Variables};
use serde_json::{Map, Value};

/// Where in a template an expression is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTemplate {
    /// JSON pointer within the template.
    pub pointer: String,
    /// What is wrong there.
    pub error: BadExpression,
}

/// JSON in which a text `${ … }` is an expression.
#[derive(Debug, Clone)]
pub struct Template(Shape);

#[derive(Debug, Clone)]
enum Shape {
    Constant(Value),
    Expression(Expression),
    Array(Vec<Shape>),
    Object(Vec<(String, Shape)>),
}

impl Template {
    /// Any JSON; texts of the form `${ … }` are expressions.
    pub fn parse(value: &Value) -> Result<Self, BadTemplate> {
        shape(value, &mut String::new()).map(Self)
    }

    /// A text is an expression with or without `${ }`; other JSON is as in [`Template::parse`].
    pub fn parse_expression(value: &Value) -> Result<Self, BadTemplate> {
        let Value::String(text) = value else { return Self::parse(value) };
        let source = inner(text).unwrap_or(text);
        let expression = Expression::parse(source);
        expression.map(|it| Self(Shape::Expression(it))).map_err(|error| BadTemplate { pointer: String::new(), error })
    }

    /// What it comes to.
    pub fn evaluate(&self, input: &Value, variables: &Variables<'_>) -> Result<Value, ExpressionError> {
        filled(&self.0, input, variables)
    }

    /// Whether an expression in it mentions the variable `$name`.
    pub fn mentions(&self, name: &str) -> bool {
        mentions(&self.0, name)
    }

    /// The value itself, when there is no expression in it.
    pub fn constant(&self) -> Option<&Value> {
        match &self.0 {
            Shape::Constant(value) => Some(value),
            _ => None,
        }
    }
}

fn mentions(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Constant(_) => false,
        Shape::Expression(expression) => expression.mentions(name),
        Shape::Array(items) => items.iter().any(|it| mentions(it, name)),
        Shape::Object(members) => members.iter().any(|(_, it)| mentions(it, name)),
    }
}

/// What stands between `${` and `}`.
fn inner(text: &str) -> Option<&str> {
    text.trim().strip_prefix("${")?.strip_suffix('}')
}

/// The byte of `text` at which the expression in it begins.
pub fn expression_begin(text: &str) -> usize {
    inner(text).map_or(0, |_| text.len() - text.trim_start().len() + "${".len())
}

fn shape(value: &Value, pointer: &mut String) -> Result<Shape, BadTemplate> {
    match value {
        Value::String(text) => match inner(text) {
            None => Ok(Shape::Constant(value.clone())),
            Some(source) => {
                let expression = Expression::parse(source);
                expression.map(Shape::Expression).map_err(|error| BadTemplate { pointer: pointer.clone(), error })
            }
        },
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let shapes =
                items.map(|(nth, item)| below(item, pointer, &nth.to_string())).collect::<Result<Vec<_>, _>>()?;
            let all_constant = shapes.iter().all(|it| matches!(it, Shape::Constant(_)));
            Ok(if all_constant { Shape::Constant(value.clone()) } else { Shape::Array(shapes) })
        }
        Value::Object(members) => {
            let mut shapes = Vec::with_capacity(members.len());
            for (name, member) in members {
                let part = name.replace('~', "~0").replace('/', "~1");
                shapes.push((name.clone(), below(member, pointer, &part)?));
            }
            let all_constant = shapes.iter().all(|(_, it)| matches!(it, Shape::Constant(_)));
            Ok(if all_constant { Shape::Constant(value.clone()) } else { Shape::Object(shapes) })
        }
        other => Ok(Shape::Constant(other.clone())),
    }
}

fn below(value: &Value, pointer: &mut String, part: &str) -> Result<Shape, BadTemplate> {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(part);
    let shape = shape(value, pointer);
    pointer.truncate(length);
    shape
}

fn filled(shape: &Shape, input: &Value, variables: &Variables<'_>) -> Result<Value, ExpressionError> {
    match shape {
        Shape::Constant(value) => Ok(value.clone()),
        Shape::Expression(expression) => expression.evaluate(input, variables),
        Shape::Array(items) => items.iter().map(|it| filled(it, input, variables)).collect(),
        Shape::Object(members) => {
            let members = members.iter().map(|(name, it)| Ok((name.clone(), filled(it, input, variables)?)));
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}
