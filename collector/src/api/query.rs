//! Query parameters, strictly: each declared with its type, given once, of bounded length, and of the form
//! that is asked for. The declarations are what the OpenAPI document says too.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::problem::Problem;
use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::facts::OperationId;

/// The longest query string, in bytes: every parameter at its longest, escaped.
const QUERY_BYTES_MAX: usize = 32 * 1024;

/// The longest text, in characters.
const TEXT_CHARS_MAX: usize = 256;

/// The longest cursor, in bytes.
const CURSOR_BYTES_MAX: usize = 4096;

/// The largest number that every reader of JSON holds exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Any text without control characters.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A number of rows.
    Limit,
    /// One of several words.
    Word(&'static [&'static str]),
    /// The id of an operation.
    Id,
    /// Where the page before ended.
    Cursor,
    /// The id of a stream.
    Stream,
}

/// One parameter of a question.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub form: Form,
    /// What it does.
    pub about: &'static str,
}

/// Declares parameters in a line each.
pub(super) const fn parameter(name: &'static str, form: Form, about: &'static str) -> Parameter {
    Parameter { name, form, about }
}

// === impl Form ===

impl Form {
    /// The form as JSON Schema.
    pub(super) fn schema(self) -> Value {
        match self {
            // What the general category "control" holds.
            Self::Text => {
                json!({ "type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$" })
            }
            Self::Flag => json!({ "type": "boolean" }),
            Self::Number => json!({ "type": "integer", "minimum": 0, "maximum": MAX_NUMBER }),
            Self::Limit => {
                json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT })
            }
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::Id => json!({ "type": "string", "pattern": "^([0-9a-f]{32}|other)$" }),
            // What has this form and was never given out leads nowhere, which is told by 404.
            Self::Cursor => json!({ "type": "string", "maxLength": CURSOR_BYTES_MAX, "pattern": "^([0-9a-f]{2})+$" }),
            Self::Stream => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
        }
    }
}

/// The parameters of one question.
#[derive(Debug)]
pub struct Query {
    values: BTreeMap<&'static str, String>,
}

// === impl Query ===

impl Query {
    /// Reads the query string; only the `known` names may occur.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn read(query: Option<&str>, known: &[Parameter]) -> Result<Self, Problem> {
        let query = query.unwrap_or("");
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::bad(format!("the query is longer than {QUERY_BYTES_MAX} bytes")));
        }
        let mut values = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            let Some(parameter) = known.iter().find(|known| known.name == name) else {
                let names: Vec<&str> = known.iter().map(|known| known.name).collect();
                return Err(Problem::bad(format!("the parameter {name:?} is not known here"))
                    .hint(format!("known are {}", names.join(", "))));
            };
            let value = decode(value)?;
            bounded(parameter, &value)?;
            if values.insert(parameter.name, value).is_some() {
                return Err(Problem::bad(format!("{name} is given twice")));
            }
        }
        Ok(Self { values })
    }

    /// A text, where one was given.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.values.get(name) {
            Some(value) if value.is_empty() => {
                Err(Problem::bad(format!("{name} is empty")).hint("leave it out to ask for all"))
            }
            given => Ok(given.cloned()),
        }
    }

    /// The id of an operation, where one was given.
    pub(super) fn id(&self, name: &'static str) -> Result<Option<OperationId>, Problem> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        OperationId::parse(value).map(Some).ok_or_else(|| bad_id(name, value))
    }

    /// `true` or `false`, where one was given.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        self.choice(name, &[("true", true), ("false", false)])
            .map_err(|_| Problem::bad(format!("{name} is neither")).hint("it is true or false"))
    }

    /// A whole number, where one was given.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        let is_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| is_digits && *number <= MAX_NUMBER);
        number.map(Some).ok_or_else(|| {
            Problem::bad(format!("{name} is {value:?}")).hint(format!("it is a whole number from 0 to {MAX_NUMBER}"))
        })
    }

    /// The number of rows that are asked for.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let Some(limit) = self.number("limit")? else {
            return Ok(LIMIT_DEFAULT);
        };
        let limit = u32::try_from(limit).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| Problem::bad("limit is out of range").hint(format!("it is 1 to {LIMIT_MAX}")))
    }

    /// One of several words, where one was given.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        let found = choices.iter().find(|(word, _)| word == value).map(|&(_, choice)| choice);
        found.map(Some).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            Problem::bad(format!("{name} is {value:?}")).hint(format!("it is one of {}", words.join(", ")))
        })
    }
}

/// That an id is none.
pub(super) fn bad_id(name: &str, value: &str) -> Problem {
    Problem::bad(format!("{name} is {value:?}"))
        .hint("an operation's id is 32 hexadecimal digits in lower case, or other")
}

fn bounded(parameter: &Parameter, value: &str) -> Result<(), Problem> {
    let (length, most) = match parameter.form {
        Form::Cursor => (value.len(), CURSOR_BYTES_MAX),
        Form::Text | Form::Flag | Form::Number | Form::Limit | Form::Word(_) | Form::Id | Form::Stream => {
            (value.chars().count(), TEXT_CHARS_MAX)
        }
    };
    if length > most {
        return Err(Problem::bad(format!("{} is longer than {most}", parameter.name)));
    }
    Ok(())
}

/// Undoes form encoding; what is not valid is refused rather than guessed.
fn decode(text: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut input = text.as_bytes();
    while let Some((&byte, rest)) = input.split_first() {
        input = rest;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = input.split_at_checked(2).and_then(|(digits, rest)| {
                    input = rest;
                    std::str::from_utf8(digits).ok()
                });
                let is_hex = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let value = digits.filter(is_hex).and_then(|hex| u8::from_str_radix(hex, 16).ok());
                value.ok_or_else(|| {
                    Problem::bad("a percent sign is not followed by two hexadecimal digits")
                        .hint("write a percent sign as %25")
                })?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::bad("a parameter is not utf-8"))?;
    if text.chars().any(char::is_control) {
        return Err(Problem::bad("a parameter holds a control character"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn form_encoding_is_undone_or_refused() {
        for (text, want) in [("a+b", Some("a b")), ("%2Fv1%2f", Some("/v1/")), ("%C3%A9", Some("é")), ("", Some(""))] {
            assert_eq!(decode(text).ok().as_deref(), want);
        }
        for text in ["%", "%2", "%zz", "%+1", "%ff", "%00", "%0a"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_an_answer_or_a_problem(query in ".{0,80}") {
            let known = [parameter("limit", Form::Limit, ""), parameter("q", Form::Text, "")];
            let _ = Query::read(Some(&query), &known).map(|query| {
                let _ = query.limit();
                let _ = query.text("q");
                let _ = query.flag("q");
                let _ = query.id("q");
            });
        }
    }
}
