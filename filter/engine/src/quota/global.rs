//! Quotas that a rate limit service counts: what it is asked, and the file of limits that it reads.
//!
//! A descriptor begins with the quota's name, for a calendar period goes on with the period itself
//! (`2026-11@Asia/Shanghai`), and then has an entry for each part of the key. So a period ends when the
//! calendar says, although the service's own months have 30 days: the next month is another descriptor.
//! Its limit is per year, the longest unit there is; once in 365 days, when the service's year ends
//! within a period, that period's count begins anew (2026-12-18T00:00:00Z is such a time).

use super::measure::{Measure, Period, SECOND_NS};
use super::{Allowed, Due, Limit, On, Quota, Quotas};

/// The service's unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// 365 days.
    Year,
}

impl Unit {
    /// Its name in the service's file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Year => "year",
        }
    }
}

/// A descriptor's entries, and the limit where it is not the quota's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Keys and values.
    pub entries: Vec<(String, String)>,
    /// The limit of an override.
    pub limit: Option<(u32, Unit)>,
    /// Units to charge.
    pub hits: u64,
}

/// The key of a descriptor's first entry.
const QUOTA: &str = "quota";
/// The key of the period's entry.
const PERIOD: &str = "period";

// === impl Quota ===

impl Quota {
    /// The value of a descriptor's first entry: what is in shadow has counts of its own.
    fn descriptor_name(&self) -> String {
        if self.shadow { format!("shadow:{}", self.name) } else { self.name.to_string() }
    }

    fn limit(&self, limit: u16) -> Option<&Limit> {
        self.limits.get(usize::from(limit))
    }
}

// === impl Quotas ===

impl Quotas {
    /// What the service is asked for a quota that a request falls under; `None` for one that is counted
    /// here.
    #[must_use]
    pub fn descriptor(&self, due: &Due, now_ns: u64) -> Option<Descriptor> {
        let quota = self.get(due.quota).filter(|quota| quota.on != On::Here)?;
        let limit = quota.limit(due.limit)?;
        let mut entries = vec![(QUOTA.to_owned(), quota.descriptor_name())];
        let Allowed::InTime(measure) = &limit.allowed else { return None };
        if let Some(period) = period(measure, now_ns) {
            entries.push((PERIOD.to_owned(), period));
        }
        let values = due.key.values().map(|value| match value {
            None => "-".to_owned(),
            // A value that looks like none, or like an escaped one, gets one dash more.
            Some(value) if value.iter().all(|byte| *byte == b'-') => format!("-{}", String::from_utf8_lossy(value)),
            Some(value) => String::from_utf8_lossy(value).into_owned(),
        });
        entries.extend(quota.parts.iter().map(super::Part::name).zip(values));
        let own = limit.whom.is_some().then(|| units(measure)).flatten();
        Some(Descriptor { entries, limit: own, hits: due.cost })
    }

    /// The file of limits for envoyproxy/ratelimit, in YAML; `None` when no quota is global.
    #[must_use]
    pub fn service_file(&self) -> Option<String> {
        let global: Vec<&Quota> = self.list.iter().filter(|quota| quota.on != On::Here).collect();
        if global.is_empty() {
            return None;
        }
        let mut out = format!("domain: {}\ndescriptors:\n", self.domain);
        for quota in global {
            let Some(base) = quota.limits.last() else { continue };
            let Allowed::InTime(measure) = &base.allowed else { continue };
            let Some((limit, unit)) = units(measure) else { continue };
            let mut indent = "  ".to_owned();
            out.push_str(&format!("{indent}- key: {QUOTA}\n{indent}  value: \"{}\"\n", quota.descriptor_name()));
            let calendar = matches!(measure, Measure::Window { .. }).then(|| PERIOD.to_owned());
            for key in calendar.into_iter().chain(quota.parts.iter().map(super::Part::name)) {
                out.push_str(&format!("{indent}  descriptors:\n{indent}    - key: \"{key}\"\n"));
                indent.push_str("    ");
            }
            out.push_str(&format!(
                "{indent}  rate_limit:\n{indent}    unit: {}\n{indent}    requests_per_unit: {limit}\n",
                unit.name()
            ));
        }
        Some(out)
    }
}

/// The period that holds a time, as a name.
fn period(measure: &Measure, now_ns: u64) -> Option<String> {
    let Measure::Window { period, zone, .. } = measure else { return None };
    let now_s = i64::try_from(now_ns / SECOND_NS).unwrap_or(i64::MAX);
    let date = match period {
        Period::Day | Period::Month => zone.date(now_s),
        // A week is named by its Monday; noon of it is in it whatever clocks do.
        Period::Week => zone.date(zone.week(now_s).start_s + 43_200),
    };
    Some(match period {
        Period::Month => format!("{}-{:02}@{}", date.year, date.month, zone.name()),
        Period::Day => format!("{}-{:02}-{:02}@{}", date.year, date.month, date.day, zone.name()),
        Period::Week => format!("week-{}-{:02}-{:02}@{}", date.year, date.month, date.day, zone.name()),
    })
}

/// A limit in the service's words; `None` for one that it has none for, which no policy holds.
pub(crate) fn units(measure: &Measure) -> Option<(u32, Unit)> {
    match measure {
        Measure::Window { limit, .. } => Some((u32::try_from(*limit).ok()?, Unit::Year)),
        Measure::Rate(rate) => {
            let unit = match rate.period_ns / SECOND_NS {
                1 => Unit::Second,
                60 => Unit::Minute,
                3_600 => Unit::Hour,
                86_400 => Unit::Day,
                _ => return None,
            };
            Some((u32::try_from(rate.limit).ok()?, unit))
        }
    }
}
