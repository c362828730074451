//! What a call is, where its path does not say it: GraphQL, SOAP and JSON-RPC have one path for all that they
//! do, and what is called stands in the body.
//!
//! A body is read whole, within a bound, by readers that know what the upstream's reader may know beside: what
//! has more than one reading is [`Unreadable`], and so is what is too deep, too much or broken off. What a
//! call is told by are names that callers choose from what a server offers; no value is kept.

pub(crate) mod content;
pub mod graphql;
pub mod json_rpc;
pub(crate) mod plan;
mod reading;
mod requests;
pub mod soap;

use crate::Protocol;
pub use reading::{Body, Way};

/// Requests that may come as one, at most; a policy may permit fewer.
const BATCH_MAX: usize = 128;

/// What is called by one request, at most: members of all requests of a batch.
const MEMBERS_MAX: usize = 256;

/// Names of one request that are told in its record.
const NAMES_MAX: usize = 16;

/// The longest name that is told, in bytes.
const NAME_BYTES_MAX: usize = 120;

/// Why a body cannot be read as what its API speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// There is none.
    Missing,
    /// Its content type is none that the protocol has.
    Kind,
    /// It is compressed, or not in UTF-8.
    Coding,
    /// It is longer than is read.
    TooLarge,
    /// It is not what it says to be, or it breaks off.
    Syntax,
    /// It is nested more deeply than is followed.
    TooDeep,
    /// It has more parts than are followed.
    TooMany,
    /// Its fragments go round in a circle.
    Cycle,
    /// It can be read in more than one way.
    Ambiguous,
}

impl Unreadable {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Kind => "kind",
            Self::Coding => "coding",
            Self::TooLarge => "too_large",
            Self::Syntax => "syntax",
            Self::TooDeep => "too_deep",
            Self::TooMany => "too_many",
            Self::Cycle => "cycle",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// One thing that a request calls: a rule that names operations is asked about each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// The names that it goes by, such as `mutation Pay` and `mutation {pay}`.
    pub labels: Vec<Box<str>>,
    /// Whether it may go by others: what a persisted document calls stands elsewhere.
    pub is_doubtful: bool,
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// What it speaks.
    pub protocol: Protocol,
    /// What the inventory calls it: the different names of its requests, in their order, the first of them.
    pub names: Vec<Box<str>>,
    /// What it calls, each once.
    pub members: Vec<Member>,
    /// Requests that came as one.
    pub requests: u32,
    /// Whether they came as a list.
    pub is_batch: bool,
    /// What it asks for, of GraphQL.
    pub measures: Option<graphql::Measures>,
    /// The id that an answer has to carry, as JSON, of a single JSON-RPC request.
    pub id: Option<Box<str>>,
}

impl Said {
    /// The name of the operation; `None` where it calls nothing.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.names[..] {
            [] => None,
            [name] => Some(name),
            _ => Some("batch"),
        }
    }

    fn call(&mut self, name: &str, member: Member) -> Result<(), Unreadable> {
        self.name_it(name);
        self.add(member)
    }

    fn name_it(&mut self, name: &str) {
        let name = cut(name);
        if self.names.len() < NAMES_MAX && !self.names.iter().any(|known| **known == *name) {
            self.names.push(name.into());
        }
    }

    fn add(&mut self, member: Member) -> Result<(), Unreadable> {
        if !self.members.contains(&member) {
            if self.members.len() == MEMBERS_MAX {
                return Err(Unreadable::TooMany);
            }
            self.members.push(member);
        }
        Ok(())
    }
}

/// A name as far as it is told.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// Whether a text that a client sends can stand in an inventory as a name. What cannot be one is told as
/// `_OTHER`: else anything could be written there.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b'$');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// A number, if it is whole and every reader has it alike. Writing others costs the module 20 KB.
pub(crate) fn whole(number: f64) -> Option<i64> {
    // From 2^53 on not every whole number has a double of its own.
    #[allow(clippy::cast_possible_truncation)] // Within the bounds.
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// A name, or what stands for all that cannot be one.
fn plain(name: &str) -> &str {
    if is_plain(name) { name } else { crate::catalog::operation::OTHER }
}
