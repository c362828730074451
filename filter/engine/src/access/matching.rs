//! What is asked of the value of a header or a query parameter.
//!
//! A field may stand in several lines, and a line may hold several values by commas; which of them
//! the upstream takes is its own affair (RFC 9110, section 5.3; Envoy's CVE-2026-26308 was a matter
//! of joining them). So each line is matched alone. Where all match, the answer is yes; where none
//! does, not even as a member of a list, it is no; otherwise it cannot be known.

use super::conditions::Met;
use crate::config::access as written;
use crate::config::read::Problems;
use crate::query::Parameter;
use regex_lite::Regex;

#[derive(Debug, Clone)]
enum Wanted {
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Regex(Regex),
    Present(bool),
}

/// A header or parameter and what is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    name: Box<str>,
    wanted: Wanted,
}

impl PartialEq for Match {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.wanted, &other.wanted) {
            (Wanted::Exact(a), Wanted::Exact(b))
            | (Wanted::Prefix(a), Wanted::Prefix(b))
            | (Wanted::Suffix(a), Wanted::Suffix(b)) => a == b,
            (Wanted::Regex(a), Wanted::Regex(b)) => a.as_str() == b.as_str(),
            (Wanted::Present(a), Wanted::Present(b)) => a == b,
            _ => false,
        };
        same && self.name == other.name
    }
}

impl Eq for Match {}

impl Match {
    /// Compiles what was written at `path`; `secret` says that the value is a credential.
    pub(super) fn compile(
        path: &str,
        name: String,
        written: written::Match,
        secret: bool,
        problems: &mut Problems,
    ) -> Self {
        let text = |line: crate::config::types::Line| line.as_str().into();
        let mut wanted: Vec<Wanted> = Vec::new();
        wanted.extend(written.exact.map(|line| Wanted::Exact(text(line))));
        wanted.extend(written.prefix.map(|line| Wanted::Prefix(text(line))));
        wanted.extend(written.suffix.map(|line| Wanted::Suffix(text(line))));
        wanted.extend(written.present.map(Wanted::Present));
        if let Some(pattern) = written.regex {
            // Anchored: a pattern that matches anywhere is a usual way around a rule.
            match Regex::new(&format!("^(?:{})$", pattern.as_str())) {
                Ok(regex) => wanted.push(Wanted::Regex(regex)),
                Err(error) => problems.push(format!("{path}.regex"), format!("no pattern: {error}")),
            }
        } else if wanted.len() != 1 {
            problems.push(path, "must have exactly one of `exact`, `prefix`, `suffix`, `regex` and `present`");
        }
        if wanted.len() > 1 {
            problems.push(path, "must have exactly one of `exact`, `prefix`, `suffix`, `regex` and `present`");
        }
        let wanted = wanted.pop().unwrap_or(Wanted::Present(true));
        if secret && !matches!(wanted, Wanted::Present(_)) {
            problems.push(path, "is a credential, whose value no rule sees: say under `callers` whom it stands for");
        }
        Self { name: name.into(), wanted }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What is asked, in the policy's own words.
    pub(super) fn words(&self) -> String {
        match &self.wanted {
            Wanted::Exact(text) => format!("exact `{text}`"),
            Wanted::Prefix(text) => format!("prefix `{text}`"),
            Wanted::Suffix(text) => format!("suffix `{text}`"),
            Wanted::Regex(regex) => format!("regex `{}`", regex.as_str()),
            Wanted::Present(true) => "present".to_owned(),
            Wanted::Present(false) => "absent".to_owned(),
        }
    }

    /// Whether the lines of the header are as wanted.
    pub(super) fn in_header<'v>(&self, values: impl Iterator<Item = &'v [u8]>) -> Met {
        if let Wanted::Present(wanted) = self.wanted {
            return Met::known((values.count() > 0) == wanted);
        }
        each(values.map(|value| match self.holds(value) {
            Some(false) if value.contains(&b',') => {
                // As a member of a list it may be what the upstream looks for.
                let listed = value.split(|byte| *byte == b',').any(|part| self.holds(part.trim_ascii()) != Some(false));
                if listed { None } else { Some(false) }
            }
            holds => holds,
        }))
    }

    /// Whether the parameters of that name are as wanted.
    pub(super) fn in_query<'v>(&self, parameters: impl Iterator<Item = Parameter<'v>>) -> Met {
        let own = parameters.filter(|parameter| *parameter.name == *self.name.as_bytes());
        if let Wanted::Present(wanted) = self.wanted {
            let doubtful: Vec<bool> = own.map(|parameter| parameter.doubtful).collect();
            return match doubtful.iter().all(|doubtful| *doubtful) {
                true if !doubtful.is_empty() => Met::Unknown,
                _ => Met::known(doubtful.is_empty() != wanted),
            };
        }
        each(own.map(|parameter| match self.holds(&parameter.value) {
            Some(true) if parameter.doubtful => None,
            holds => holds,
        }))
    }

    /// `None` when the value is no text and a pattern is asked of it.
    fn holds(&self, value: &[u8]) -> Option<bool> {
        Some(match &self.wanted {
            Wanted::Exact(text) => value == text.as_bytes(),
            Wanted::Prefix(text) => value.starts_with(text.as_bytes()),
            Wanted::Suffix(text) => value.ends_with(text.as_bytes()),
            Wanted::Regex(regex) => regex.is_match(std::str::from_utf8(value).ok()?),
            Wanted::Present(wanted) => *wanted,
        })
    }
}

/// One answer from those for each value; no value is no.
pub(super) fn each(values: impl Iterator<Item = Option<bool>>) -> Met {
    let (mut yes, mut no, mut unknown) = (false, false, false);
    for value in values {
        match value {
            Some(true) => yes = true,
            Some(false) => no = true,
            None => unknown = true,
        }
    }
    match (yes, no, unknown) {
        (true, false, false) => Met::Yes,
        (false, _, false) => Met::No,
        _ => Met::Unknown,
    }
}
