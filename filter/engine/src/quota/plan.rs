//! A quota as it was written becomes one that runs.

use super::fields;
use super::measure::{Measure, Rate};
use super::table::Table;
use super::{Allowed, Charge, Limit, On, Quota, Quotas, Service, Whom};
use crate::access::{Around, Scope};
use crate::config::quota_values::{Cost, Limit as Written, Part, Per};
use crate::config::quotas::{Counted, Counting, OnError, Override, Reach};
use crate::config::read::Problems;
use crate::config::values::Whole;
use crate::config::{self, Digested, Mode};
use crate::hash;
use crate::zone::Zone;

/// Quotas of a policy, at most.
pub const QUOTAS_MAX: usize = 64;
/// Overrides of a quota, at most.
const OVERRIDES_MAX: usize = 1_000;
/// Bytes of a body that are read where the policy does not say.
const BODY_BYTES_MAX: usize = 16_384;
/// The name of the counts where the policy states none.
const DOMAIN: &str = "ostiary";
/// How long the rate limit service has where the policy does not say, in milliseconds.
const TIMEOUT_MS: u64 = 20;

/// Compiles all quotas of a policy.
pub(crate) fn compile(
    written: Vec<Digested<config::Quota>>,
    counting: Option<&Counting>,
    mode: Mode,
    around: &Around<'_>,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Quotas {
    let domain = counting.and_then(|counting| counting.domain.as_ref()).map_or(DOMAIN, |domain| domain.as_str());
    let service = counting.and_then(|counting| counting.service.as_ref()).map(|service| Service {
        cluster: service.cluster.as_str().into(),
        timeout_ms: service.timeout.map_or(TIMEOUT_MS, config::types::Duration::ms),
    });
    let body_bytes_max = counting.and_then(|counting| counting.body).map_or(BODY_BYTES_MAX, config::types::Size::bytes);
    if written.len() > QUOTAS_MAX {
        problems.push("quotas", format!("{} quotas, at most {QUOTAS_MAX} are taken", written.len()));
        return Quotas::default();
    }
    let mut names = hash::Names::default();
    let mut list = Vec::new();
    for (index, quota) in written.into_iter().enumerate() {
        let path = format!("quotas[{index}]");
        if names.take(quota.value.name.as_str(), index).is_some() {
            problems.push(format!("{path}.name"), "another quota has this name: counters and answers go by it");
        }
        if quota.value.scope == Some(Reach::Global) && service.is_none() {
            problems
                .push(format!("{path}.scope"), "needs a rate limit service: name its cluster under `counting.service`");
        }
        let calendar = quota.value.limit.is_some_and(|limit| matches!(limit.per, Per::Calendar(_)));
        if quota.value.scope != Some(Reach::Global) && calendar {
            warnings.push(
                format!("{path}.limit"),
                "this envoy counts a calendar period, and its counts end with its process: `scope: global` keeps them",
            );
        }
        list.extend(one(quota, &path, (domain, mode), around, problems));
    }
    if list.iter().any(|quota| quota.reads_body) && list.iter().any(|quota| quota.on != On::Here) {
        problems.push(
            "quotas",
            "a policy counts by a body's field or asks a rate limit service: envoy cannot hold a body behind headers that it held for an answer",
        );
    }
    Quotas {
        list,
        service,
        domain: domain.into(),
        headers: counting.and_then(|counting| counting.headers).unwrap_or(true) && mode == Mode::Enforce,
        body_bytes_max,
        holds_headers: counting.and_then(|counting| counting.hold_headers).unwrap_or(false),
    }
}

fn one(
    Digested { value: mut written, digest }: Digested<config::Quota>,
    path: &str,
    (domain, mode): (&str, Mode),
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<Quota> {
    let shadow = written.shadow.unwrap_or(false) || mode == Mode::Shadow;
    // A quota in shadow has cells of its own.
    let identity = digest ^ u64::from(shadow);
    check(&written, path, around, problems);
    let scope = Scope::compile(path, written.called, around.catalog, around.paths, problems);
    let conditions = around.ground.conditions(path, written.conditions, None, problems);
    let zone = written.zone.clone().unwrap_or_else(Zone::utc);
    let global = written.scope == Some(Reach::Global);
    let cost = written.cost.take().unwrap_or_default();
    let limit = |whom, allowed| Limit {
        told: fields::policy_item(written.name.as_str(), &cost, &allowed).into(),
        whom,
        allowed,
    };
    let mut limits = Vec::new();
    for (index, other) in written.overrides.iter().enumerate() {
        let path = format!("{path}.overrides[{index}]");
        let stated = Stated { limit: other.limit, burst: other.burst, concurrency: other.concurrency };
        let allowed = stated.allowed(&zone, global, &path, problems);
        limits.extend(allowed.map(|allowed| limit(Some(whom(other)), allowed)));
    }
    let stated = Stated { limit: written.limit, burst: written.burst, concurrency: written.concurrency };
    limits.extend(stated.allowed(&zone, global, path, problems).map(|allowed| limit(None, allowed)));
    let on = match written.scope.unwrap_or(Reach::Local) {
        Reach::Local => On::Here,
        Reach::Global => On::Service(written.on_error.unwrap_or(OnError::Allow)),
    };
    let count = written.count.unwrap_or(Counted::Passed);
    let known_at_once = matches!(cost, Cost::One | Cost::RequestHeader(_));
    let charge = if known_at_once && written.count_when.is_none() && count != Counted::Refused {
        Charge::AtOnce
    } else {
        Charge::Afterwards
    };
    Some(Quota {
        name: written.name.as_str().into(),
        shadow,
        scope,
        conditions,
        reads_body: reads_body(&written.per),
        parts: written.per,
        limits,
        on,
        count,
        charge,
        statuses: written.count_when.map(|when| when.status.0),
        block_ns: written.then.map(|then| then.block_for.ms().saturating_mul(1_000_000)),
        cost,
        table: Table::new(domain, identity, written.keys.map_or(100_000, |keys| keys.get())),
    })
}

fn whom(other: &Override) -> Whom {
    let texts = |list: Vec<&str>| list.into_iter().map(Into::into).collect();
    Whom {
        callers: other.callers.as_ref().map(|list| texts(list.0.iter().map(|glob| glob.as_str()).collect())),
        roles: other.roles.as_ref().map(|list| texts(list.0.iter().map(|role| role.as_str()).collect())),
    }
}

/// A limit as it was written, of a quota or of an override.
struct Stated {
    limit: Option<Written>,
    burst: Option<Whole<1, 1_000_000_000>>,
    concurrency: Option<Whole<1, 1_000_000>>,
}

impl Stated {
    fn allowed(&self, zone: &Zone, global: bool, path: &str, problems: &mut Problems) -> Option<Allowed> {
        let burst = self.burst.map(Whole::get);
        match (self.limit, self.concurrency) {
            (Some(limit), None) => measure(limit, burst, zone, global, path, problems).map(Allowed::InTime),
            (None, Some(most)) => {
                if burst.is_some() {
                    problems.push(
                        format!("{path}.burst"),
                        "belongs to a rate: `concurrency` is itself what may come at once",
                    );
                }
                Some(Allowed::AtATime(most.get()))
            }
            (Some(_), Some(_)) | (None, None) => {
                problems.push(path, "needs one of `limit`, such as `100/1m`, and `concurrency`, such as `10`");
                None
            }
        }
    }
}

fn measure(
    limit: Written,
    burst: Option<u32>,
    zone: &Zone,
    global: bool,
    path: &str,
    problems: &mut Problems,
) -> Option<Measure> {
    if global && u32::try_from(limit.units).is_err() {
        problems.push(format!("{path}.limit"), "a rate limit service counts up to 4294967295");
    }
    match limit.per {
        Per::Calendar(period) => {
            if burst.is_some() {
                problems.push(format!("{path}.burst"), "a calendar period has no burst: all of it may be used at once");
            }
            Some(Measure::Window { limit: limit.units, period, zone: zone.clone() })
        }
        Per::Time(ms) => {
            if global && ![1_000, 60_000, 3_600_000, 86_400_000].contains(&ms) {
                problems.push(
                    format!("{path}.limit"),
                    "a rate limit service counts per `1s`, `1m`, `1h` or `1d`, or in a calendar period",
                );
            }
            if global && burst.is_some() {
                problems
                    .push(format!("{path}.burst"), "a rate limit service counts in fixed windows and knows no burst");
            }
            let rate = Rate::new(limit.units, ms.saturating_mul(1_000_000), burst.map_or(limit.units, u64::from));
            if rate.is_none() {
                problems.push(
                    format!("{path}.limit"),
                    "the period divided by the units is too fine a fraction of a nanosecond: round one of them",
                );
            }
            rate.map(Measure::Rate)
        }
    }
}

/// What does not go with `concurrency`.
fn check_at_a_time(written: &config::Quota, path: &str, problems: &mut Problems) {
    for (given, key) in [
        (written.scope == Some(Reach::Global), "scope"),
        (written.count_when.is_some(), "count_when"),
        (written.then.is_some(), "then"),
        (written.cost.as_ref().is_some_and(|cost| *cost != Cost::One), "cost"),
        (written.count.is_some_and(|count| count != Counted::Passed), "count"),
    ] {
        if given {
            let text = "needs `limit`: `concurrency` counts the requests that are under way in this envoy";
            problems.push(format!("{path}.{key}"), text);
        }
    }
}

/// What fits no other key of the quota.
fn check(written: &config::Quota, path: &str, around: &Around<'_>, problems: &mut Problems) {
    if written.concurrency.is_some() {
        check_at_a_time(written, path, problems);
    }
    let mut wrong = |key: &str, text: String| problems.push(format!("{path}.{key}"), text);
    let mut limits = written.overrides.iter().filter_map(|other| other.limit).chain(written.limit);
    if written.zone.is_some() && !limits.any(|limit| matches!(limit.per, Per::Calendar(_))) {
        wrong("zone", "is for calendar periods: `1000/day`, `week` or `month`".to_owned());
    }
    if written.overrides.len() > OVERRIDES_MAX {
        wrong("overrides", format!("{} overrides, at most {OVERRIDES_MAX} are taken", written.overrides.len()));
    }
    for (index, other) in written.overrides.iter().enumerate() {
        if other.concurrency.is_some() != written.concurrency.is_some() {
            wrong(
                &format!("overrides[{index}]"),
                "counts otherwise than its quota: both `limit`, or both `concurrency`".to_owned(),
            );
        }
        if other.callers.is_none() && other.roles.is_none() {
            wrong(&format!("overrides[{index}]"), "says for nobody: give `callers` or `roles`".to_owned());
        }
        if around.ground.callers.is_empty() {
            wrong(&format!("overrides[{index}]"), NO_CALLERS.to_owned());
        }
    }
    if written.scope != Some(Reach::Global) && written.on_error.is_some() {
        wrong("on_error", "belongs to `scope: global`".to_owned());
    }
    if written.scope == Some(Reach::Global) {
        let later = matches!(
            written.cost,
            Some(Cost::RequestBytes | Cost::ResponseBytes | Cost::Complexity | Cost::ResponseHeader(_))
        );
        for (given, key) in [
            (written.count_when.is_some(), "count_when"),
            (written.then.is_some(), "then"),
            (later, "cost"),
            (written.count.is_some_and(|count| count != Counted::Passed), "count"),
        ] {
            if given {
                wrong(key, "needs `scope: local`: a rate limit service is asked before the request goes on".to_owned());
            }
        }
    }
    if reads_body(&written.per) && written.count.is_some_and(|count| count != Counted::Passed) {
        wrong("count", "the body of a request that is refused is not read: count `passed`".to_owned());
    }
    for (index, part) in written.per.iter().enumerate() {
        if let Some(text) = wrong_part(part, around) {
            wrong(&format!("per[{index}]"), text);
        }
    }
}

fn reads_body(per: &[Part]) -> bool {
    per.iter().any(|part| matches!(part, Part::Body(_)))
}

const NO_CALLERS: &str = "this policy knows no callers: say under `callers` which credentials stand for whom";

fn wrong_part(part: &Part, around: &Around<'_>) -> Option<String> {
    let ground = &around.ground;
    match part {
        Part::Caller | Part::Role if ground.callers.is_empty() => Some(NO_CALLERS.to_owned()),
        Part::Country if !ground.clients.knows_countries() => Some(
            "nothing says where a country is found: state `client_country`, the header that envoy's geoip filter sets"
                .to_owned(),
        ),
        Part::Header(name) if ground.callers.is_credential_header(name) => {
            Some("is a credential: count by `caller.id`, and say under `callers` whom it stands for".to_owned())
        }
        Part::Query(name) if ground.callers.is_credential_parameter(name) => {
            Some("is a credential: count by `caller.id`".to_owned())
        }
        Part::Path(name) if !around.catalog.declares_parameter(name) => {
            Some(format!("no declared path has a parameter `{{{name}}}`"))
        }
        _ => None,
    }
}
