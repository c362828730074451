//! What is asked of the value of a header or a query parameter.
//!
//! A field may stand in several lines, and a line may hold several values by commas; which of them
//! the upstream takes is its own affair (RFC 9110, section 5.3; Envoy's CVE-2026-26308 was a matter
//! of joining them). So each line is matched alone. Where all match, the answer is yes; where none
//! does, not even as a member of a list, it is no; otherwise it cannot be known.

use super::conditions::Met;
use crate::config::access as written;
use crate::config::read::Problems;
use crate::query::{self, Parameter};
use regex_lite::Regex;

#[derive(Debug, Clone)]
enum Wanted {
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Regex(Pattern),
    Present(bool),
}

/// A pattern that the whole value matches.
#[derive(Debug, Clone)]
struct Pattern {
    written: Box<str>,
    whole: Regex,
}

impl Pattern {
    fn new(written: &str) -> Result<Self, regex_lite::Error> {
        // By itself first: within the anchors, brackets that do not pair could close them.
        Regex::new(written)?;
        // Anchored, because a pattern that matches anywhere is a usual way around a rule; and a dot is any
        // character, because a line feed in front is another.
        Ok(Self { written: written.into(), whole: Regex::new(&format!("^(?s:{written})$"))? })
    }
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
            (Wanted::Regex(a), Wanted::Regex(b)) => a.written == b.written,
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
            match Pattern::new(pattern.as_str()) {
                Ok(pattern) => wanted.push(Wanted::Regex(pattern)),
                Err(error) => {
                    problems.push(format!("{path}.regex"), format!("no pattern: {error}"));
                    wanted.push(Wanted::Present(true));
                }
            }
        }
        if wanted.len() != 1 {
            problems.push(path, "must have exactly one of `exact`, `prefix`, `suffix`, `regex` and `present`");
        }
        let wanted = wanted.pop().unwrap_or(Wanted::Present(true));
        if secret && !matches!(wanted, Wanted::Present(_)) {
            problems.push(path, "is a credential, whose value no rule sees: say under `callers` whom it stands for");
        }
        Self { name: name.into(), wanted }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the field must be there; `None` when something is asked of its value.
    pub(crate) const fn presence(&self) -> Option<bool> {
        match self.wanted {
            Wanted::Present(wanted) => Some(wanted),
            Wanted::Exact(_) | Wanted::Prefix(_) | Wanted::Suffix(_) | Wanted::Regex(_) => None,
        }
    }

    /// Whether both ask for one whole value, and not for the same.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        match (&self.wanted, &other.wanted) {
            (Wanted::Exact(own), Wanted::Exact(other)) => own != other,
            _ => false,
        }
    }

    /// What is asked, in the policy's own words.
    pub(super) fn words(&self) -> String {
        match &self.wanted {
            Wanted::Exact(text) => format!("exact `{text}`"),
            Wanted::Prefix(text) => format!("prefix `{text}`"),
            Wanted::Suffix(text) => format!("suffix `{text}`"),
            Wanted::Regex(pattern) => format!("regex `{}`", pattern.written),
            Wanted::Present(true) => "present".to_owned(),
            Wanted::Present(false) => "absent".to_owned(),
        }
    }

    /// Whether the lines of the header are as wanted; each with whether only some readers see it there.
    pub(super) fn in_header<'v>(&self, values: impl Iterator<Item = (&'v [u8], bool)>) -> Met {
        if let Wanted::Present(wanted) = self.wanted {
            return present(values.map(|(_, doubtful)| doubtful), wanted);
        }
        each(values.map(|(value, doubtful)| surely(listed(value, |value| self.holds(value)), doubtful)))
    }

    /// Whether the parameters of that name are as wanted.
    pub(super) fn in_query(&self, parameters: &[Parameter<'_>]) -> Met {
        let own = parameters.iter().filter_map(|parameter| {
            let doubtful = query::names(&parameter.name, &self.name)? || parameter.doubtful;
            Some((&*parameter.value, doubtful))
        });
        if let Wanted::Present(wanted) = self.wanted {
            return present(own.map(|(_, doubtful)| doubtful), wanted);
        }
        each(own.map(|(value, doubtful)| surely(self.holds(value), doubtful)))
    }

    /// `None` when the value is no text and a pattern is asked of it.
    fn holds(&self, value: &[u8]) -> Option<bool> {
        Some(match &self.wanted {
            Wanted::Exact(text) => value == text.as_bytes(),
            Wanted::Prefix(text) => value.starts_with(text.as_bytes()),
            Wanted::Suffix(text) => value.ends_with(text.as_bytes()),
            Wanted::Regex(pattern) => pattern.whole.is_match(std::str::from_utf8(value).ok()?),
            Wanted::Present(wanted) => *wanted,
        })
    }
}

/// Whether one is there, or is wanted not to be; each with whether only some readers see it.
fn present(doubtful: impl Iterator<Item = bool>, wanted: bool) -> Met {
    let (mut some, mut sure) = (false, false);
    for doubtful in doubtful {
        some = true;
        sure |= !doubtful;
    }
    match (some, sure) {
        (true, false) => Met::Unknown,
        (some, _) => Met::known(some == wanted),
    }
}

/// What only some readers see cannot be held to be so.
const fn surely(holds: Option<bool>, doubtful: bool) -> Option<bool> {
    match holds {
        Some(true) if doubtful => None,
        holds => holds,
    }
}

/// Whether a line holds; `None` where only a member of it does, as a list by commas: Envoy joins some
/// headers that stand twice, and some upstreams take a line apart.
pub(super) fn listed(line: &[u8], holds: impl Fn(&[u8]) -> Option<bool>) -> Option<bool> {
    match holds(line) {
        Some(false) if line.split(|byte| *byte == b',').any(|part| holds(part.trim_ascii()) != Some(false)) => None,
        held => held,
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
