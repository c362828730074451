//! What `explain` says of masking: which rules hold for a request and its answer. What they find is in bodies,
//! which are not a part of what is explained; a status may still leave a rule out.

use ostiary_engine::judge::Judged;
use ostiary_engine::policy::Policy;
use serde_json::{Value, json};

/// A masking rule that a request falls under.
pub struct Mask {
    name: String,
    on: &'static str,
    shadow: bool,
    statuses: bool,
}

/// The masking rules that a request falls under: those about requests, then those about responses.
pub fn masks(policy: &Policy, judged: &Judged) -> Vec<Mask> {
    let of = |on, number| {
        let rule = policy.masking().rule(number)?;
        Some(Mask { name: rule.name.to_string(), on, shadow: rule.shadow, statuses: rule.asks_for_status() })
    };
    let requests = judged.masks.requests.iter().filter_map(|number| of("request", number));
    requests.chain(judged.masks.rules.iter().filter_map(|number| of("response", number))).collect()
}

impl Mask {
    /// As a line.
    pub fn text(&self) -> String {
        let does = if self.on == "request" { "refuses the request" } else { "masks the response" };
        let statuses = if self.statuses { ", by its status" } else { "" };
        let shadow = if self.shadow { ", in shadow" } else { "" };
        format!("{}: {does} where it holds what the rule names{statuses}{shadow}", self.name)
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "on": self.on, "shadow": self.shadow, "asks_for_status": self.statuses })
    }
}
