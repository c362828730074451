//! How often: quotas that are exact and take a fixed amount of memory.
//!
//! The engine says what a quota's count becomes; the shell reads and writes the counts. A count lives in
//! a [`bucket`] of a [`table`] in the host's shared data, under a keyed hash ([`siphash`]) of what the
//! quota counts by ([`key`]), and what its numbers mean is the quota's [`measure`]. Requests that are
//! under way are [`leases`] in such a table. A quota may leave the counting to a rate limit service instead.
//!
//! Several quotas on a request are charged in their order, and those charged are refunded when a later
//! one refuses: so a request may be refused early, and never is too much admitted.

pub mod body;
pub mod bucket;
pub mod fields;
pub mod global;
pub mod key;
pub mod leases;
pub mod measure;
pub(crate) mod plan;
pub mod siphash;
pub mod table;

use crate::access::{Call, Conditions, Met, Scope, glob_matches};
use crate::config::quota_values::{Cost, Part, StatusSet};
pub use crate::config::quotas::{Counted, OnError};
use key::{Key, Source};
use measure::{Measure, Reading};
use table::Table;

/// All quotas of a policy.
#[derive(Debug, Default)]
pub struct Quotas {
    list: Vec<Quota>,
    service: Option<Service>,
    domain: Box<str>,
    headers: bool,
    body_bytes_max: usize,
    holds_headers: bool,
}

/// A rate limit service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its Envoy cluster.
    pub cluster: Box<str>,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
}

/// One quota.
#[derive(Debug)]
pub struct Quota {
    /// Its name.
    pub name: Box<str>,
    /// Whether it counts and does not act.
    pub shadow: bool,
    /// What its key is made of.
    pub parts: Vec<Part>,
    /// Who counts.
    pub on: On,
    /// Which requests count.
    pub count: Counted,
    /// When they do.
    pub charge: Charge,
    /// Which answers count; `None` for all.
    pub statuses: Option<Vec<StatusSet>>,
    /// For how long a key is refused that has used its allowance up, in nanoseconds.
    pub block_ns: Option<u64>,
    /// What a request costs.
    pub cost: Cost,
    /// Whether it counts by a field of the body.
    pub reads_body: bool,
    /// Where its counts are.
    pub table: Table,
    scope: Scope,
    conditions: Conditions,
    limits: Vec<Limit>,
}

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// This Envoy.
    Here,
    /// The rate limit service, and what holds when it does not answer.
    Service(OnError),
}

/// When a request is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// When it comes.
    AtOnce,
    /// When its answer is known; until then there only has to be something left.
    Afterwards,
}

/// A limit and for whom it is.
#[derive(Debug)]
struct Limit {
    whom: Option<Whom>,
    allowed: Allowed,
    /// What it allows, in the words of an answer.
    told: Box<str>,
}

/// What a limit allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// So many units in a time.
    InTime(Measure),
    /// So many requests under way at a time; not 0.
    AtATime(u32),
}

/// Callers for whom another limit holds.
#[derive(Debug)]
struct Whom {
    callers: Option<Vec<Box<str>>>,
    roles: Option<Vec<Box<str>>>,
}

/// A quota that a request falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The quota's number.
    pub quota: u16,
    /// The number of its limit that holds.
    pub limit: u16,
    /// Under what it is counted.
    pub key: Key,
    /// What it costs, as far as that is known from its head.
    pub cost: u64,
}

// === impl Quotas ===

impl Quotas {
    /// A quota by its number.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&Quota> {
        self.list.get(usize::from(number))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Quota> {
        self.list.iter()
    }

    /// The rate limit service.
    #[must_use]
    pub const fn service(&self) -> Option<&Service> {
        self.service.as_ref()
    }

    /// The name of the counts.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether answers carry `RateLimit` and `RateLimit-Policy`.
    #[must_use]
    pub const fn headers(&self) -> bool {
        self.headers
    }

    /// Bytes of a body that are read at most.
    #[must_use]
    pub const fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// Whether Envoy holds a request's headers until its body was read.
    #[must_use]
    pub const fn holds_headers(&self) -> bool {
        self.holds_headers
    }

    /// The same with heads held too where the policy says so for all.
    pub(crate) const fn with_held_headers(mut self, holds: bool) -> Self {
        self.holds_headers |= holds;
        self
    }

    /// The quotas that a call falls under, in their order.
    pub(crate) fn due(&self, from: &Source<'_>) -> Vec<Due> {
        let all = (0..).zip(&self.list);
        all.filter_map(|(number, quota)| {
            let limit = quota.limit_for(from.call)?;
            let cost = match &quota.cost {
                Cost::RequestHeader(name) => number_in(key::own_lines(from.call.around, name)),
                Cost::One | Cost::RequestBytes | Cost::ResponseBytes | Cost::ResponseHeader(_) => 1,
            };
            Some(Due { quota: number, limit, key: Key::new(&quota.parts, from), cost })
        })
        .collect()
    }
}

/// The number in a header: the sum of all its lines, and one where it says none. It is never less than
/// one: a request that says it costs nothing would be free.
#[must_use]
pub fn number_in<'v>(values: impl Iterator<Item = &'v [u8]>) -> u64 {
    let numbers = values.filter_map(|value| std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok());
    numbers.fold(0, u64::saturating_add).max(1)
}

// === impl Quota ===

impl Quota {
    /// What a limit allows, by its number.
    #[must_use]
    pub fn allowed(&self, limit: u16) -> Option<&Allowed> {
        self.limits.get(usize::from(limit)).map(|limit| &limit.allowed)
    }

    /// Where a client stands with it, to be told in an answer; `limit` is the number of the limit that holds.
    #[must_use]
    pub fn told(&self, limit: u16, reading: Reading) -> Option<fields::Told<'_>> {
        let limit = self.limits.get(usize::from(limit))?;
        Some(fields::Told { quota: self, allowed: &limit.allowed, policy: &limit.told, reading })
    }

    /// Whether it counts requests that are under way.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.limits.iter().any(|limit| matches!(limit.allowed, Allowed::AtATime(_)))
    }

    /// Whether an answer of this status counts.
    #[must_use]
    pub fn counts(&self, status: u16) -> bool {
        self.statuses.as_ref().is_none_or(|sets| sets.iter().any(|set| set.holds(status)))
    }

    /// The limit that holds for a call; `None` when it does not fall under the quota. What cannot be
    /// known counts against the caller, so it falls under it.
    fn limit_for(&self, call: &Call<'_>) -> Option<u16> {
        let falls = self.scope.holds(call) != Met::No && self.conditions.met(call.around) != Met::No;
        if !falls {
            return None;
        }
        let caller = call.around.caller();
        let holds = |limit: &Limit| {
            limit.whom.as_ref().is_none_or(|whom| {
                let is_named = |globs: &Vec<Box<str>>| {
                    caller.identities().iter().any(|identity| globs.iter().any(|glob| glob_matches(glob, &identity.id)))
                };
                let has_role =
                    |roles: &Vec<Box<str>>| caller.roles().iter().any(|role| roles.iter().any(|name| **name == **role));
                whom.callers.as_ref().is_none_or(is_named) && whom.roles.as_ref().is_none_or(has_role)
            })
        };
        (0..).zip(&self.limits).find(|(_, limit)| holds(limit)).map(|(number, _)| number)
    }
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod reference_tests;
