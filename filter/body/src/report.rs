//! What was found in a body and what was done about it: counts, places and pseudonyms, never a value.

use crate::detect::DataType;

/// Places that a report names, at most; what goes beyond is counted in [`Report::fields_left_out`].
pub const FIELDS_MAX: usize = 64;

/// Fingerprints that a report holds, at most; what goes beyond is in [`Report::fingerprints_left_out`].
pub const FINGERPRINTS_MAX: usize = 32;

/// Bytes of a place as the report writes it, at most.
pub const PLACE_MAX: usize = 256;

/// What is known of a body so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Each data type that was found, in the order of first finding.
    pub types: Vec<TypeCount>,
    /// Each place with each data type found in it, or with none where a rule by field masked it.
    pub fields: Vec<Place>,
    /// Findings at places beyond [`FIELDS_MAX`].
    pub fields_left_out: u64,
    /// Keyed fingerprints of the values found, each once.
    pub fingerprints: Vec<Fingerprint>,
    /// Whether there may be more than [`FINGERPRINTS_MAX`] of them.
    pub fingerprints_left_out: bool,
    /// What each rule did, for rules that did something.
    pub rules: Vec<RuleCount>,
    /// How much was looked at.
    pub inspected: Inspected,
}

/// A data type and how often it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeCount {
    /// Which.
    pub data_type: DataType,
    /// Findings.
    pub found: u64,
    /// Of these, masked.
    pub masked: u64,
}

/// A place in bodies of this kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A path as rules write it, `$.items[*].phone`; keys that look like values are `*`.
    pub path: String,
    /// What was found there; none where a rule by field masked what nothing was found in.
    pub data_type: Option<DataType>,
    /// Findings.
    pub found: u64,
    /// Of these, masked.
    pub masked: u64,
}

/// A value's pseudonym under the plan's key, made otherwise than those that are written as masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// What the value is.
    pub data_type: DataType,
    /// The first 64 bits of the keyed hash.
    pub hash: u64,
}

/// What a rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleCount {
    /// Its number.
    pub rule: usize,
    /// Values that it masked.
    pub masked: u64,
    /// Values that it would have masked, were it in force.
    pub would_mask: u64,
}

/// How much of a body was looked at for data types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inspected {
    /// Nothing, for this reason.
    None(Why),
    /// All that came.
    #[default]
    Full,
    /// Some, for this reason (the first that arose).
    Partial(Why),
}

/// Why something was not looked at, or not as what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody asked.
    NotAsked,
    /// The limit of bytes to inspect was reached.
    Limit,
    /// A token was longer than the limit.
    Token,
    /// The nesting was deeper than the limit.
    Depth,
    /// The structure broke, and the rest was taken as text.
    Broken,
    /// A part is in a format that is not read.
    Format,
}

impl Why {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Limit => "limit",
            Self::Token => "token",
            Self::Depth => "depth",
            Self::Broken => "broken",
            Self::Format => "format",
        }
    }
}

impl Report {
    pub(crate) fn partial(&mut self, why: Why) {
        if self.inspected == Inspected::Full {
            self.inspected = Inspected::Partial(why);
        }
    }

    /// Counts a finding, or a value that a rule by field masked, at a place written by `path`.
    pub(crate) fn count(&mut self, data_type: Option<DataType>, masked: bool, path: &str) {
        let masked = u64::from(masked);
        if let Some(data_type) = data_type {
            match self.types.iter_mut().find(|count| count.data_type == data_type) {
                Some(count) => (count.found, count.masked) = (count.found + 1, count.masked + masked),
                None => self.types.push(TypeCount { data_type, found: 1, masked }),
            }
        }
        let room = self.fields.len() < FIELDS_MAX;
        match self.fields.iter_mut().find(|place| place.data_type == data_type && place.path == path) {
            Some(place) => (place.found, place.masked) = (place.found + 1, place.masked + masked),
            None if room => {
                self.fields.push(Place { path: path.to_owned(), data_type, found: 1, masked });
            }
            None => self.fields_left_out += 1,
        }
    }

    /// Counts what a rule did, or would have done.
    pub fn rule(&mut self, rule: usize, masked: bool) {
        let count = if let Some(at) = self.rules.iter().position(|count| count.rule == rule) {
            self.rules.get_mut(at)
        } else {
            self.rules.push(RuleCount { rule, masked: 0, would_mask: 0 });
            self.rules.last_mut()
        };
        if let Some(count) = count {
            *(if masked { &mut count.masked } else { &mut count.would_mask }) += 1;
        }
    }
}
