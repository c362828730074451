//! All rules of a policy, compiled once and shared by the bodies that begin under it.

use crate::automaton::{Automaton, BITS_MAX};
use crate::detect::{Detectors, Gate, Types};
use crate::encoding::Encoding;
use crate::json::Pool;
use crate::mask::Masked;
use crate::pseudonym::Secret;
use crate::rule::{Mask, RULES_MAX, Rule, RuleSet};
use std::fmt;
use std::rc::Rc;

/// The rules, their paths as one automaton, the detectors, and the key of pseudonyms.
#[derive(Debug)]
pub struct Plan {
    pub(crate) rules: Vec<Rule>,
    pub(crate) automaton: Automaton,
    pub(crate) detectors: Rc<Detectors>,
    /// Of the detectors: finding it out takes longer than to look at a small body.
    pub(crate) gate: Gate,
    pub(crate) secret: Secret,
    /// What bodies that are over knew of their values.
    pub(crate) classes: Pool,
}

/// Why rules make no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanError {
    /// There are more than [`RULES_MAX`].
    Rules,
    /// Their paths have too many steps together.
    Steps,
}

/// What is in force for one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Active {
    /// Rules that mask.
    pub enforced: RuleSet,
    /// Rules that are only counted: what they would have masked. One that is enforced too is enforced.
    pub shadow: RuleSet,
    /// Data types to look for and report, masked or not.
    pub inspect: Types,
    /// What else is looked for.
    pub look: Look,
}

/// What a body is looked at for beside data types: see [`crate::seen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Signs of weakness.
    pub signs: bool,
    /// Its shape and its fields.
    pub shapes: bool,
    /// Fingerprints of the ids at its top.
    pub ids: bool,
    /// Whether it is a request's, in which URLs matter and faults do not.
    pub of_request: bool,
}

impl Look {
    /// Whether for anything.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.signs || self.shapes
    }
}

/// Bounds of one body, each with its named outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a token as written: beyond it, a rule's `oversize`.
    pub token: usize,
    /// Levels of nesting, from 1 to 128: beyond it, a rule's `oversize`.
    pub depth: usize,
    /// Bytes of a body that are inspected where no rule masks data types; the report says `partial` beyond it.
    pub inspect: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token: 64 * 1024, depth: 128, inspect: 1024 * 1024 }
    }
}

// === impl Limits ===

impl Limits {
    /// Bytes of a body in JSON that wait at once, at most: white space, a key, white space twice more and a value. Beside them a
    /// body takes a copy of its longest token, its nesting (some dozen bytes a level), 56 KiB at most for what it knows of its keys
    /// and values and twice as much where field paths have 2048 steps together, and a report of bounded size; a text takes a window of
    /// 16 KiB. What is known is lent by the plan to one body after the other, and kept four times.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.token.saturating_mul(5).saturating_add(64)
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules => write!(f, "too many masking rules: write at most {RULES_MAX}"),
            Self::Steps => write!(
                f,
                "the fields of all masking rules have too many steps: write paths of at most {BITS_MAX} steps and \
                 beginnings together"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// Compiles rules. `key` is what pseudonyms and fingerprints are made under; the detectors have to know every data type
    /// that a rule names or that is inspected.
    ///
    /// # Errors
    /// There are too many rules, or their paths are too long together.
    pub fn new(rules: Vec<Rule>, detectors: Rc<Detectors>, key: &[u8]) -> Result<Self, PlanError> {
        if rules.len() > RULES_MAX {
            return Err(PlanError::Rules);
        }
        let mut paths = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            paths.extend(rule.fields.iter().map(|path| (path, number, false)));
            paths.extend(rule.keep_only.iter().map(|path| (path, number, true)));
        }
        let automaton = Automaton::new(&paths).ok_or(PlanError::Steps)?;
        let gate = detectors.gate();
        Ok(Self { automaton, gate, detectors, secret: Secret::new(key), classes: Pool::default(), rules })
    }

    /// A text outside of any body, such as a header's value, masked whole: as the field of a body is.
    #[must_use]
    pub fn masked(&self, mask: &Mask, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let encoding = Encoding::Plain;
        Masked { secret: &self.secret, encoding, raw: text, text, data_type: "" }.text(mask, &mut out);
        out
    }

    /// The fingerprint of a value under the plan's key: the first 64 bits of the keyed hash. What it is for tells
    /// fingerprints of equal values apart.
    #[must_use]
    pub fn fingerprint(&self, purpose: &str, value: &[u8]) -> u64 {
        self.secret.short(purpose, "", value)
    }

    /// The rules, by their numbers.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What tells data types by number.
    #[must_use]
    pub fn detectors(&self) -> &Detectors {
        &self.detectors
    }
}
