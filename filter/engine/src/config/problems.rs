//! What is wrong with a configuration: every problem at once, each with its path.

use std::fmt;

/// Something in the configuration that is wrong, or that the author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `quotas[2].limit`; empty for the document itself.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Problems listed at most; the rest is only counted. A log line has to stay readable.
pub const PROBLEMS_MAX: usize = 50;

/// Problems as they are found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    beyond: usize,
}

impl Problems {
    /// Adds one; beyond [`PROBLEMS_MAX`] it is only counted.
    pub fn push(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(Problem { path: path.into(), message: message.into() });
        } else {
            self.beyond += 1;
        }
    }

    /// One problem with the document as a whole.
    #[must_use]
    pub fn one(message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.push("", message);
        problems
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, those only counted included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len() + self.beyond
    }

    /// Those listed.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.beyond += other.beyond;
        for problem in other.list {
            self.push(problem.path, problem.message);
        }
    }
}

impl fmt::Display for Problems {
    /// All on one line, `; ` between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        if self.beyond > 0 {
            write!(f, "; and {} more", self.beyond)?;
        }
        Ok(())
    }
}
