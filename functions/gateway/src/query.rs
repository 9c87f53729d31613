//! Query parameters. All of them are numbers, each with a range, and what is not known is refused: a misspelt limit that
//! is quietly ignored answers another question than the one asked.

use kernel::reject::Code;
use ports::Problem;
use ports::problem::Kind;

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Number {
    /// Its name.
    pub name: &'static str,
    /// The least it may be.
    pub least: u64,
    /// The most it may be.
    pub most: u64,
    /// What it is when the request does not say.
    pub usually: u64,
    /// What it means.
    pub meaning: &'static str,
}

/// What a request says of the parameters of its route.
#[derive(Debug, Default)]
pub struct Given {
    values: Vec<(&'static str, u64)>,
}

impl Given {
    /// The parameter's value.
    pub fn number(&self, parameter: &Number) -> u64 {
        self.said(parameter).unwrap_or(parameter.usually)
    }

    /// The parameter's value, when the request says one.
    pub fn said(&self, parameter: &Number) -> Option<u64> {
        self.values.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| *value)
    }
}

/// Read `query` as parameters of `known`.
pub fn read(query: Option<&str>, known: &'static [&'static Number]) -> Result<Given, Problem> {
    let mut given = Given::default();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            return Err(invalid(unknown(known)));
        };
        if given.values.iter().any(|(before, _)| *before == parameter.name) {
            return Err(invalid(format!("{} is given twice", parameter.name)));
        }
        given.values.push((parameter.name, parameter.read(value)?));
    }
    Ok(given)
}

impl Number {
    /// Read `text` as a value of this parameter.
    pub fn read(&self, text: &str) -> Result<u64, Problem> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = if digits { text.parse().ok() } else { None };
        value.filter(|value| (self.least..=self.most).contains(value)).ok_or_else(|| {
            invalid(format!("{} must be a whole number from {} to {}", self.name, self.least, self.most))
        })
    }
}

fn unknown(known: &[&Number]) -> String {
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
    if names.is_empty() {
        return "this path has no query parameters".to_owned();
    }
    format!("the query parameters of this path are {}", names.join(" and "))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Rejected(Code::InvalidArgument), detail)
}
