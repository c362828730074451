//! `quotas` and `counting`: how often, and how that is counted.

use super::access::{Conditions, Scope};
use super::object::{config_choice, config_object};
use super::quota_values::{Cost, Limit, Part, StatusSet};
use super::types::{Cluster, Duration, Name, NonEmpty, Size};
use super::values::{CallerGlob, Whole};
use crate::zone::Zone;

config_choice! {
    /// Who counts.
    pub enum Reach {
        /// This Envoy: all its workers together, in memory that they share.
        Local = "local",
        /// A rate limit service that several Envoys ask.
        Global = "global",
    }
}

config_choice! {
    /// Which requests count.
    pub enum Counted {
        /// Those that pass.
        Passed = "passed",
        /// Those that the policy refuses: a client that is refused too often is refused everything.
        Refused = "refused",
        /// All.
        All = "all",
    }
}

config_choice! {
    /// What happens when the rate limit service does not answer in time.
    pub enum OnError {
        /// The request passes.
        Allow = "allow",
        /// The request is refused.
        Deny = "deny",
        /// The request is counted here, by the same limit.
        Local = "local",
    }
}

config_object! {
    /// How quotas are counted.
    pub struct Counting {
        /// Name of the counts, `ostiary` by default: filters of one Envoy whose domains differ count apart, and a rate limit service finds its limits by it.
        domain: Name, optional;
        /// Whether answers carry `RateLimit` and `RateLimit-Policy`; they do by default.
        headers: bool, optional;
        /// Bytes of a JSON body that are read for a quota that counts by a field of it, at most; 16KiB by default. Of a longer one it has no field.
        body: Size<64, 1_048_576>, optional;
        /// The same as `hold_headers` of the policy, for quotas alone.
        hold_headers: bool, optional;
        /// Whom quotas with `scope: global` ask: anything that speaks Envoy's RateLimitService.
        service: Service, optional;
    }
}

config_object! {
    /// A rate limit service.
    pub struct Service {
        /// Its Envoy cluster.
        cluster: Cluster, required;
        /// How long an answer may take; 20ms by default.
        timeout: Duration<1, 60_000>, optional;
    }
}

config_object! {
    /// What happens to a key that has used its allowance up.
    pub struct Then {
        /// It is refused for so long, whatever comes back in the meantime; then it has its whole allowance again.
        block_for: Duration<1_000, 2_592_000_000>, required;
    }
}

config_object! {
    /// Which answers count.
    pub struct CountWhen {
        /// Status codes and classes: `401`, `"4xx"`.
        status: NonEmpty<StatusSet>, required;
    }
}

config_object! {
    /// Another limit for some callers; of several that fit, the first holds.
    pub struct Override {
        /// Callers by id: `api_key:acme`, `jwt:*`.
        callers: NonEmpty<CallerGlob>, optional;
        /// Roles; one of them is enough.
        roles: NonEmpty<Name>, optional;
        /// Their limit.
        limit: Limit, optional;
        /// Their limit of requests under way at a time.
        concurrency: Whole<1, 1_000_000>, optional;
        /// Their burst; the limit by default.
        burst: Whole<1, 1_000_000_000>, optional;
    }
}

config_object! {
    /// A quota: how often the calls in its scope that meet its conditions may come. What cannot be known of a condition counts as met.
    pub struct Quota {
        /// Its name, which records, counters and answers use.
        name: Name, required;
        /// What it counts by; left out, all calls are one count. A call that has no such thing counts with all others that have none.
        per: Vec<Part>, default;
        /// So much in a time: `100/1m`, `10MiB/1h`, or in a calendar period: `1000/day`, `week`, `month`.
        limit: Limit, optional;
        /// In the place of `limit`: so many requests may be under way at a time.
        concurrency: Whole<1, 1_000_000>, optional;
        /// How much may come at once; the limit by default. Not for calendar periods.
        burst: Whole<1, 1_000_000_000>, optional;
        /// The IANA zone of calendar periods; `UTC` by default.
        zone: Zone, optional;
        /// Who counts: `local` (the default), or `global`: the service under `counting`.
        scope: Reach, optional;
        /// What happens when that service does not answer: `allow` (the default), `deny`, or `local`.
        on_error: OnError, optional;
        /// Other limits for some callers.
        overrides: Vec<Override>, default;
        /// Which requests count: `passed` (the default), `refused` or `all`.
        count: Counted, optional;
        /// Count only requests that are answered so. They are charged when the answer is there, so the request that uses the allowance up is the last that passes.
        count_when: CountWhen, optional;
        /// What a request costs: `1` (the default), `request.bytes`, `response.bytes`, `request.header:NAME` or `response.header:NAME`. What is known only with the answer is charged then, and refused at the next request.
        cost: Cost, optional;
        /// What happens to a key that has used its allowance up.
        then: Then, optional;
        /// Keys that are counted apart at a time, about; 100000 by default.
        keys: Whole<8, 10_000_000>, optional;
        /// Count in cells of its own and record what it would refuse, but do not act.
        shadow: bool, optional;
        /// What is called.
        called: Scope, shared;
        /// Who calls, from where, when, with what.
        conditions: Conditions, shared;
    }
}

impl Quota {
    /// Whether it asks for the client's address.
    pub(crate) fn asks_for_addresses(&self) -> bool {
        self.conditions.from.is_some() || self.per.iter().any(|part| matches!(part, Part::Address { .. }))
    }
}
