//! What an answer says of quotas: `RateLimit-Policy` and `RateLimit` as revision 9 of the IETF draft
//! `draft-ietf-httpapi-ratelimit-headers` has them, and `Retry-After` (RFC 9110, section 10.2.3).
//!
//! Both are lists of structured fields (RFC 9651). A name of ours holds nothing that a string would
//! have to escape.

use super::measure::{Measure, Period, Reading, SECOND_NS};
use super::{Allowed, Quota};
use crate::config::quota_values::Cost;
use std::fmt::Write;

/// A quota and where a client stands with it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The quota.
    pub quota: &'a Quota,
    /// What it allows the client.
    pub allowed: &'a Allowed,
    /// The same as it stands in `RateLimit-Policy`.
    pub policy: &'a str,
    /// Where the client stands.
    pub reading: Reading,
}

/// The value of `RateLimit-Policy`: for each quota what it allows.
#[must_use]
pub fn policy<'a>(told: impl Iterator<Item = Told<'a>>) -> String {
    list(told, |out, Told { policy, .. }| out.push_str(policy))
}

/// What a limit allows, as an item of that list. Of a month, whose length differs, no window is said.
pub(super) fn policy_item(name: &str, cost: &Cost, allowed: &Allowed) -> String {
    let mut out = String::new();
    let (limit, window_s) = match allowed {
        Allowed::InTime(Measure::Rate(rate)) => (rate.limit, rate.period_ns / SECOND_NS),
        Allowed::InTime(Measure::Window { limit, period: Period::Day, .. }) => (*limit, 86_400),
        Allowed::InTime(Measure::Window { limit, period: Period::Week, .. }) => (*limit, 604_800),
        Allowed::InTime(Measure::Window { limit, period: Period::Month, .. }) => (*limit, 0),
        Allowed::AtATime(most) => (u64::from(*most), 0),
    };
    let _ = write!(out, "\"{name}\";q={limit}");
    if matches!(cost, Cost::RequestBytes | Cost::ResponseBytes) {
        out.push_str(";qu=\"content-bytes\"");
    }
    if matches!(allowed, Allowed::AtATime(_)) {
        out.push_str(";qu=\"concurrent-requests\"");
    }
    if window_s > 0 {
        let _ = write!(out, ";w={window_s}");
    }
    out
}

/// The value of `RateLimit`: for each quota what is left, and in how many seconds all is back.
#[must_use]
pub fn state<'a>(told: impl Iterator<Item = Told<'a>>) -> String {
    list(told, |out, Told { quota, allowed, reading, .. }| {
        let _ = write!(out, "\"{}\";r={}", quota.name, reading.remaining);
        // When a request under way will end is known to nobody.
        if matches!(allowed, Allowed::InTime(_)) {
            let _ = write!(out, ";t={}", reading.reset_ns.div_ceil(SECOND_NS));
        }
    })
}

/// The value of `Retry-After`: whole seconds, at least one, after which the same request would pass.
#[must_use]
pub fn retry_after_s(retry_ns: u64) -> u64 {
    retry_ns.div_ceil(SECOND_NS).max(1)
}

fn list<'a>(told: impl Iterator<Item = Told<'a>>, mut item: impl FnMut(&mut String, Told<'a>)) -> String {
    let mut out = String::new();
    for told in told {
        if !out.is_empty() {
            out.push_str(", ");
        }
        item(&mut out, told);
    }
    out
}
