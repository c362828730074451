//! What `explain` says of quotas: which a request falls under, with which key, what it costs there, and when.

use ostiary_engine::config::quota_values::Part;
use ostiary_engine::judge::Judged;
use ostiary_engine::policy::Policy;
use ostiary_engine::quota::measure::{Measure, Period};
use ostiary_engine::quota::{Allowed, Charge as When, Counted, Due, On, Quota};
use serde_json::{Value, json};

/// A quota that a request falls under.
pub struct Charge {
    name: String,
    shadow: bool,
    global: bool,
    allows: String,
    key: Vec<(String, Option<String>)>,
    cost: String,
    when: &'static str,
}

/// The quotas that a request is charged for, in the order in which they are charged.
pub fn charges(policy: &Policy, judged: &Judged) -> Vec<Charge> {
    let refused = !judged.verdicts.enforced.permits();
    let counts = |quota: &Quota| match quota.count {
        Counted::Passed => !refused,
        Counted::Refused => refused,
        Counted::All => true,
    };
    let all = judged.due.iter().filter_map(|due| Some((due, policy.quotas().get(due.quota)?)));
    // What passes is held against an allowance that only refusals use up; what is refused asks for none.
    let (mut first, mut later): (Vec<_>, Vec<_>) =
        all.filter(|(_, quota)| !refused || counts(quota)).partition(|(_, quota)| !quota.reads_body);
    // Those that are counted here come before those that a service is asked about.
    first.sort_by_key(|(_, quota)| quota.on != On::Here);
    first.append(&mut later);
    first.into_iter().filter_map(|(due, quota)| Charge::new(due, quota, counts(quota))).collect()
}

impl Charge {
    fn new(due: &Due, quota: &Quota, counts: bool) -> Option<Self> {
        let mut values = due.key.values();
        let mut value = |part: &Part| match part {
            // The body is not a part of what is explained.
            Part::Body(_) => Some("(from the body)".to_owned()),
            _ => values.next().flatten().map(|value| String::from_utf8_lossy(value).into_owned()),
        };
        let allowed = quota.allowed(due.limit)?;
        Some(Self {
            name: quota.name.to_string(),
            shadow: quota.shadow,
            global: quota.on != On::Here,
            allows: allows(allowed),
            key: quota.parts.iter().map(|part| (part.name(), value(part))).collect(),
            cost: match quota.charge {
                When::AtOnce => due.cost.to_string(),
                When::Afterwards => quota.cost.to_string(),
            },
            when: match (counts, quota.charge, allowed) {
                (false, _, _) => "not charged: only what is refused counts",
                (true, _, Allowed::AtATime(_)) => "held until it ends",
                (true, When::AtOnce, Allowed::InTime(_)) if quota.reads_body => "when its body is there",
                (true, When::AtOnce, Allowed::InTime(_)) => "at once",
                (true, When::Afterwards, Allowed::InTime(_)) if quota.statuses.is_some() => {
                    "when it is answered with a status that counts"
                }
                (true, When::Afterwards, Allowed::InTime(_)) => "when it is answered",
            },
        })
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name, "shadow": self.shadow, "scope": if self.global { "global" } else { "local" },
            "allows": self.allows, "cost": self.cost, "charged": self.when,
            "key": self.key.iter().map(|(part, value)| json!({ "part": part, "value": value })).collect::<Vec<_>>(),
        })
    }

    /// For people, one line.
    pub fn text(&self) -> String {
        let key: Vec<String> = self
            .key
            .iter()
            .map(|(part, value)| {
                format!("{part} {}", value.as_deref().unwrap_or("(none, a key shared by all that have none)"))
            })
            .collect();
        let key = if key.is_empty() { "one count for all".to_owned() } else { key.join(", ") };
        let marks = match (self.global, self.shadow) {
            (false, false) => "",
            (true, false) => ", global",
            (false, true) => ", in shadow",
            (true, true) => ", global, in shadow",
        };
        format!("{}: {key}; {}, cost {}, {}{marks}", self.name, self.allows, self.cost, self.when)
    }
}

fn allows(allowed: &Allowed) -> String {
    match allowed {
        Allowed::AtATime(most) => format!("{most} at a time"),
        Allowed::InTime(Measure::Rate(rate)) => {
            let period = std::time::Duration::from_nanos(rate.period_ns);
            let burst = if rate.burst == rate.limit { String::new() } else { format!(", burst {}", rate.burst) };
            format!("{} in {period:?}{burst}", rate.limit)
        }
        Allowed::InTime(Measure::Window { limit, period, zone }) => {
            let period = match period {
                Period::Day => "day",
                Period::Week => "week",
                Period::Month => "month",
            };
            format!("{limit} in a {period} of {}", zone.name())
        }
    }
}
