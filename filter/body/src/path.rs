//! Which fields a rule names: `$.items[*].phone`, `$..phone`, `$.a['b c']`, `$..*_token`.
//!
//! The language is a part of JSONPath (RFC 9535) that can be decided while a body streams by: no
//! filters, no slices, no union. An asterisk within a name stands for any run of characters, so
//! `*_token` is a pattern; in quotes it is itself. For XML an element is a key, its attributes are keys
//! that begin with `@`, and prefixes of namespaces are left out: `$.order.customer.@id`. A form's fields
//! and the parts of a multipart body are keys of one object.

use std::fmt;

/// Steps of one path, at most.
pub const STEPS_MAX: usize = 32;

/// Bytes of one path as written, at most.
pub const PATH_MAX: usize = 512;

/// A path to fields of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    pub(crate) steps: Vec<Step>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Any number of levels may be skipped before this one: `..`.
    pub(crate) descend: bool,
    pub(crate) label: Label,
}

/// What a step asks of the child that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// A member of this name, compared decoded and byte by byte.
    Name(String),
    /// A member whose name fits; each `*` stands for any run of characters.
    Pattern(String),
    /// Any member or element.
    Any,
    /// The element of this number, from 0.
    Index(u32),
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPathError {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for FieldPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: write {}", self.at, self.expected)
    }
}

impl std::error::Error for FieldPathError {}

impl FieldPath {
    /// Reads a path.
    ///
    /// # Errors
    /// The first place that does not parse, with what should stand there.
    pub fn parse(text: &str) -> Result<Self, FieldPathError> {
        if text.len() > PATH_MAX {
            return Err(FieldPathError { at: PATH_MAX, expected: "a path of at most 512 bytes" });
        }
        let mut reader = Reader { text, at: 0 };
        reader.take("$").ok_or(reader.error("a path that begins with `$`, such as `$.phone` or `$..phone`"))?;
        let mut steps = Vec::new();
        while reader.at < text.len() {
            steps.push(reader.step()?);
            if steps.len() > STEPS_MAX {
                return Err(reader.error("a path of at most 32 steps"));
            }
        }
        Ok(Self { steps })
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    const fn error(&self, expected: &'static str) -> FieldPathError {
        FieldPathError { at: self.at, expected }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest().starts_with(token).then(|| self.at += token.len())
    }

    fn step(&mut self) -> Result<Step, FieldPathError> {
        let descend = self.take("..").is_some();
        let label = if self.take("[").is_some() {
            self.bracket()?
        } else if descend || self.take(".").is_some() {
            self.name()?
        } else {
            return Err(self.error("`.name`, `..name`, `[*]`, `[0]` or `['name']`"));
        };
        Ok(Step { descend, label })
    }

    fn name(&mut self) -> Result<Label, FieldPathError> {
        let rest = self.rest();
        let name = rest.get(..rest.find(['.', '[']).unwrap_or(rest.len())).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(self.error("a field's name"));
        }
        if name.contains(['\'', '"', ']', ' ']) {
            return Err(self.error("a name with such characters in brackets and quotes: `['a name']`"));
        }
        self.at += name.len();
        Ok(match name.as_str() {
            "*" => Label::Any,
            _ if name.contains('*') => Label::Pattern(name),
            _ => Label::Name(name),
        })
    }

    fn bracket(&mut self) -> Result<Label, FieldPathError> {
        let label = if self.take("*").is_some() {
            Label::Any
        } else if self.rest().starts_with(['\'', '"']) {
            self.quoted()?
        } else {
            let rest = self.rest();
            let digits = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
            let index = rest.get(..digits).and_then(|digits| digits.parse().ok());
            let index = index.ok_or(self.error("`*`, an index or a quoted name in the brackets"))?;
            self.at += digits;
            Label::Index(index)
        };
        self.take("]").ok_or(self.error("`]`"))?;
        Ok(label)
    }

    fn quoted(&mut self) -> Result<Label, FieldPathError> {
        let mut characters = self.rest().chars();
        let quote = characters.next();
        let mut name = String::new();
        let mut taken = 1;
        loop {
            let next = characters.next();
            taken += next.map_or(0, char::len_utf8);
            match next {
                None => return Err(self.error("a closing quote")),
                next if next == quote => break,
                Some('\\') => match characters.next() {
                    Some(escaped @ ('\\' | '\'' | '"')) => {
                        name.push(escaped);
                        taken += 1;
                    }
                    _ => return Err(self.error(r"`\\`, `\'` or `\x22` after a backslash")),
                },
                Some(other) => name.push(other),
            }
        }
        self.at += taken;
        Ok(Label::Name(name))
    }
}

/// Whether a name fits a pattern, in time linear in the name for each part of the pattern.
pub(crate) fn fits(pattern: &str, name: &[u8]) -> bool {
    let mut parts = pattern.split('*').map(str::as_bytes);
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for part in parts {
        // The earliest place leaves the most for what follows.
        match rest.windows(part.len().max(1)).position(|window| window == part) {
            _ if part.is_empty() => {}
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, Label, fits};

    /// What may be written, as the steps it stands for.
    #[test]
    fn paths_are_read() {
        let shown = |text: &str| {
            let path = FieldPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let step = |step: &super::Step| {
                let label = match &step.label {
                    Label::Name(name) => format!("={name}"),
                    Label::Pattern(pattern) => format!("~{pattern}"),
                    Label::Any => "*".to_owned(),
                    Label::Index(index) => format!("#{index}"),
                };
                format!("{}{label}", if step.descend { ".." } else { "" })
            };
            path.steps.iter().map(step).collect::<Vec<_>>().join(" ")
        };
        for (text, steps) in [
            ("$", ""),
            ("$.items[*].phone", "=items * =phone"),
            ("$..phone", "..=phone"),
            ("$.a['b c']", "=a =b c"),
            (r"$['it\'s'][3]", "=it's #3"),
            ("$..*_token", "..~*_token"),
            ("$..['*_token']", "..=*_token"),
            ("$.*.@id", "* =@id"),
            ("$..[*]", "..*"),
            ("$.生日", "=生日"),
        ] {
            assert_eq!(shown(text), steps, "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("phone", 0),
            ("$phone", 1),
            ("$.", 2),
            ("$..", 3),
            ("$[", 2),
            ("$[x]", 2),
            ("$['a'", 5),
            ("$['a", 2),
            ("$[1", 3),
            ("$.a b", 2),
            ("$.a[-1]", 4),
            ("$[99999999999]", 2),
            (r"$['\n']", 2),
        ] {
            assert_eq!(FieldPath::parse(text).map_err(|error| error.at), Err(at), "{text}");
        }
        assert!(FieldPath::parse(&format!("${}", ".a".repeat(33))).is_err());
    }

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, fit) in [
            ("*_token", "access_token", true),
            ("*_token", "token", false),
            ("*_token", "access_tokens", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("*x*", "axb", true),
            ("*x*", "ab", false),
            ("a*", "a", true),
        ] {
            assert_eq!(fits(pattern, name.as_bytes()), fit, "{pattern} {name}");
        }
    }
}
