//! `ostiary explain`: what a policy makes of one request, and why.

use crate::answer::Answer;
use crate::charges::{Charge, charges};
use crate::document;
use crate::find::{Found, policies};
use crate::masks::{Mask, masks};
use crate::request::{Request, RequestOptions};
use ostiary_engine::access::{Effect, Met, Verdict};
use ostiary_engine::catalog::{Known, Operation};
use ostiary_engine::config::Mode;
use ostiary_engine::edit::Change;
use ostiary_engine::host;
use ostiary_engine::judge::{Judged, Reasons, RequestHead, judge, reasons};
use ostiary_engine::pairs::serialized;
use ostiary_engine::path::CanonicalPath;
use ostiary_engine::policy::{Compiled, Policy};
use ostiary_engine::protocol::Way;
use ostiary_engine::refusal::Refusal;
use ostiary_filter::head::Head;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// What to explain.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The policy, or an Envoy or Istio file that holds it; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// Which policy of a file that holds several: a part of its place as `check` prints it, or its number from 1.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,

    #[command(flatten)]
    request: RequestOptions,
}

/// Explains a request.
///
/// # Errors
/// Why there is nothing to explain: no policy, a choice of several, one that is refused, or no request.
pub fn run(options: &Options) -> Result<Answer, String> {
    let file = options.policy.display();
    let found = chosen(policies(document::read(&options.policy)?), options)?;
    let Compiled { policy, .. } = Policy::from_json(&found.json)
        .map_err(|problems| format!("{file}: the policy is refused, `ostiary check` lists why: {problems}"))?;
    let request = Request::new(&options.request)?;
    let map = serialized(&request.pairs());
    let read = Head::new(&map);
    let head = read.request();
    // No body is given here; a GET has none, and what its query calls is read.
    let head = RequestHead { ends: matches!(head.method, b"GET" | b"HEAD"), ..head };
    let around = policy.surroundings(request.direction.unwrap_or(found.direction));
    let mut judged = judge(&policy, &head, &request.attributes);
    let refused_by =
        policy.masking().admit(&judged.masks, policy.callers(), &RequestHead { ends: true, ..head }).blocked;
    judged.count_in(refused_by.map(|_| Refusal::RequestBlocked), None);
    let explained = Explained {
        request: &request,
        place: &found.place,
        unreadable: unreadable(&policy, &head),
        id: judged.operation.as_ref().map(|operation| operation.id(policy.catalog(), &around).to_string()),
        rules: reasons(&policy, &head, &request.attributes).into_iter().map(Weighed::new).collect(),
        quotas: charges(&policy, &judged),
        masks: masks(&policy, &judged),
        refused_by: refused_by.and_then(|(rule, _)| policy.masking().rule(rule)).map(|rule| rule.name.to_string()),
        policy: &policy,
        judged,
    };
    Ok(Answer::good(explained.text(), explained.json()))
}

fn chosen(found: Vec<Found>, options: &Options) -> Result<Found, String> {
    let file = options.policy.display();
    let places: Vec<String> =
        found.iter().enumerate().map(|(index, policy)| format!("{} {}", index + 1, policy.place)).collect();
    let fits = |(index, policy): (usize, Found)| {
        let fits = options.at.as_ref().is_none_or(|at| policy.place.contains(at) || (index + 1).to_string() == *at);
        fits.then_some(policy)
    };
    let mut fitting: Vec<Found> = found.into_iter().enumerate().filter_map(fits).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(format!("{file}: several policies, choose one with `--at`: {}", places.join("; "))),
        (None, _) if places.is_empty() => Err(format!("{file}: no policy in it")),
        (None, _) => Err(format!("{file}: no policy at that place, there are: {}", places.join("; "))),
    }
}

/// Why path or host have no canonical form.
fn unreadable(policy: &Policy, head: &RequestHead<'_>) -> Option<String> {
    if host::canonical(head.authority).is_err() {
        return Some("the host is none: a name or an address, with a port or without".to_owned());
    }
    match head.path.map(|path| CanonicalPath::read(path, &policy.requests().paths)) {
        Some(Err(why)) => Some(format!("the path can be read in more than one way: {why}")),
        None if head.method != b"CONNECT" => Some("the request has no path".to_owned()),
        Some(Ok(_)) | None => None,
    }
}

/// A rule that has the request in its scope.
struct Weighed {
    name: String,
    effect: &'static str,
    origin: &'static str,
    shadow: bool,
    met: bool,
    conditions: Vec<(String, Met)>,
}

impl Weighed {
    fn new(reasons: Reasons<'_>) -> Self {
        let rule = reasons.considered.rule;
        Self {
            name: rule.name.to_string(),
            effect: match rule.effect {
                Effect::Deny => "deny",
                Effect::Allow => "allow",
            },
            origin: rule.origin.name(),
            shadow: rule.shadow,
            met: reasons.considered.weight.met,
            conditions: reasons.conditions,
        }
    }
}

/// Everything that was found out about a request.
struct Explained<'a> {
    request: &'a Request,
    place: &'a str,
    policy: &'a Policy,
    judged: Judged,
    id: Option<String>,
    unreadable: Option<String>,
    rules: Vec<Weighed>,
    quotas: Vec<Charge>,
    masks: Vec<Mask>,
    /// The masking rule that refuses the request for what its head holds.
    refused_by: Option<String>,
}

impl Explained<'_> {
    fn json(&self) -> Value {
        let catalog = self.policy.catalog();
        let operation = self.judged.operation.as_ref().map(|operation| {
            json!({
                "id": self.id,
                "api": operation.api(catalog),
                "declared": is_declared(operation),
                "protocol": operation.protocol.name(),
                "method": operation.method,
                "host": operation.host_pattern(catalog),
                "template": operation.template(catalog),
                "name": operation.name,
            })
        });
        let rule = |rule: &Weighed| {
            json!({
                "name": rule.name, "effect": rule.effect, "origin": rule.origin, "shadow": rule.shadow,
                "conditions_met": rule.met,
                "conditions": rule.conditions.iter().map(|(text, met)| json!({ "asks": text, "met": met.word() })).collect::<Vec<_>>(),
            })
        };
        json!({
            "policy": { "at": self.place, "revision": self.policy.revision().to_string(), "mode": self.policy.mode().word() },
            "operation": operation,
            "unreadable": self.unreadable,
            "body": self.body(),
            "caller": self.caller_json(),
            "changes": self.changes(),
            "rules": self.rules.iter().map(rule).collect::<Vec<_>>(),
            "quotas": self.quotas.iter().map(Charge::json).collect::<Vec<_>>(),
            "masking": self.masks.iter().map(Mask::json).collect::<Vec<_>>(),
            "blocked_by": self.refused_by,
            "enforced": self.verdict_json(self.judged.verdicts.enforced),
            "would_be": self.verdict_json(self.judged.verdicts.would_be),
        })
    }

    /// What becomes of the body, where it says what is called.
    fn body(&self) -> Option<&'static str> {
        match self.judged.way {
            Way::Unread => None,
            Way::Peeked => Some("looked at as it flows by, for the record"),
            Way::Held if self.judged.is_pending => {
                Some("held until it is whole: rules name what it calls, and decide then")
            }
            Way::Held => Some("held until it is whole: limits hold for what it calls"),
        }
    }

    fn caller_json(&self) -> Value {
        let caller = &self.judged.caller;
        json!({
            "ids": caller.identities().iter().map(|identity| &*identity.id).collect::<Vec<_>>(),
            "roles": caller.roles().iter().map(|role| &**role).collect::<Vec<_>>(),
            "credential": caller.credential().name(),
            "country": self.judged.country.map(|code| String::from_utf8_lossy(&code).into_owned()),
        })
    }

    /// What is changed before the upstream gets the request, without any value but the path's.
    fn changes(&self) -> Vec<String> {
        let told = |change: Change<'_>| match change {
            Change::Remove(name) => format!("remove {name}"),
            Change::Replace(":path", _) => "respell the path".to_owned(),
            Change::Replace(name, _) => format!("set {name}"),
        };
        self.judged.edits.changes().map(told).collect()
    }

    fn verdict_json(&self, verdict: Verdict) -> Value {
        let rule = verdict.rule.and_then(|number| self.policy.access().rule(number)).map(|rule| &*rule.name);
        match verdict.refusal.map(ostiary_engine::refusal::Refusal::telling) {
            None => json!({ "permitted": true, "rule": rule }),
            Some(telling) => {
                let own = self.policy.own_telling(verdict).cloned().unwrap_or_default();
                json!({
                    "permitted": false, "rule": rule, "code": telling.code,
                    "status": own.status.unwrap_or(telling.status),
                    "grpc_status": own.grpc_status.unwrap_or(telling.grpc_status),
                })
            }
        }
    }

    /// Writing to a string cannot fail, so results of `writeln!` are not looked at here.
    fn text(&self) -> String {
        let mut out = String::new();
        let from = self.request.from.map_or_else(String::new, |from| format!(" from {from}"));
        let path = self.request.path.as_deref().unwrap_or("");
        let _ = writeln!(out, "request    {} {}{path}{from}", self.request.method, self.request.host);
        let place = if self.place.is_empty() { String::new() } else { format!(", at {}", self.place) };
        let _ =
            writeln!(out, "policy     revision {}, mode {}{place}", self.policy.revision(), self.policy.mode().word());
        match (&self.judged.operation, &self.unreadable) {
            (Some(operation), _) => self.operation_text(operation, &mut out),
            (None, why) => {
                let why = why.as_deref().unwrap_or("the request cannot be read");
                let _ = writeln!(out, "operation  none: {why}");
            }
        }
        if let Some(body) = self.body() {
            let _ = writeln!(out, "body       {body}");
        }
        self.caller_text(&mut out);
        self.rules_text(&mut out);
        for (index, quota) in self.quotas.iter().enumerate() {
            let _ = writeln!(out, "{:10} {}", if index == 0 { "quotas" } else { "" }, quota.text());
        }
        for (index, mask) in self.masks.iter().enumerate() {
            let _ = writeln!(out, "{:10} {}", if index == 0 { "masking" } else { "" }, mask.text());
        }
        if let Some(rule) = &self.refused_by {
            let _ = writeln!(out, "{:10} {rule} finds it in the head of the request", "");
        }
        let enforced = self.judged.verdicts.enforced;
        let would_be = self.judged.verdicts.would_be;
        let _ = writeln!(out, "answer     {}", self.enforced_text());
        if enforced.permits() && !self.judged.edits.is_empty() {
            let _ = writeln!(out, "changes    {}", self.changes().join(", "));
        }
        if would_be != enforced {
            let _ = writeln!(out, "would be   {}", self.verdict_text(would_be));
        }
        out
    }

    fn operation_text(&self, operation: &Operation, out: &mut String) {
        let catalog = self.policy.catalog();
        let api = operation.api(catalog).map_or_else(|| "undocumented".to_owned(), |api| format!("api {api}"));
        let _ = writeln!(
            out,
            "operation  {api}: {} {}{} ({})",
            operation.method,
            operation.host_pattern(catalog),
            operation.template(catalog),
            operation.protocol.name()
        );
        if let Some(name) = &operation.name {
            let _ = writeln!(out, "calls      {name}");
        }
        let _ = writeln!(out, "id         {}", self.id.as_deref().unwrap_or(""));
    }

    fn caller_text(&self, out: &mut String) {
        if self.judged.operation.is_none() || self.policy.callers().is_empty() {
            return;
        }
        let caller = &self.judged.caller;
        let ids: Vec<&str> = caller.identities().iter().map(|identity| &*identity.id).collect();
        let roles: Vec<&str> = caller.roles().iter().map(|role| &**role).collect();
        let _ = match (ids.is_empty(), roles.is_empty()) {
            (true, _) => writeln!(out, "caller     none: credential {}", caller.credential().name()),
            (false, true) => writeln!(out, "caller     {}", ids.join(", ")),
            (false, false) => writeln!(out, "caller     {} with roles {}", ids.join(", "), roles.join(", ")),
        };
    }

    fn rules_text(&self, out: &mut String) {
        // What has no canonical form is held against no rule.
        if self.judged.operation.is_none() {
            return;
        }
        if self.rules.is_empty() {
            let _ = writeln!(out, "rules      none has it in its scope");
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let title = if index == 0 { "rules" } else { "" };
            let met = if rule.met { "conditions met" } else { "conditions not met" };
            let shadow = if rule.shadow { ", in shadow" } else { "" };
            let _ = writeln!(out, "{title:10} {} {}: {met}{shadow} ({})", rule.effect, rule.name, rule.origin);
            for (asks, met) in &rule.conditions {
                let _ = writeln!(out, "{:12} {asks}: {}", "", met.word());
            }
        }
        let unknown = self.rules.iter().flat_map(|rule| &rule.conditions).any(|(_, met)| *met == Met::Unknown);
        if unknown {
            let note = "what is unknown (no `--from`, no `time`) counts against the caller: it meets every deny rule and no allow rule";
            let _ = writeln!(out, "{:10} {note}", "");
        }
    }

    fn enforced_text(&self) -> String {
        // In shadow mode nothing is enforced, whatever the rules say.
        match self.policy.mode() {
            Mode::Shadow => "permitted: the policy is in shadow".to_owned(),
            Mode::Enforce => self.verdict_text(self.judged.verdicts.enforced),
        }
    }

    fn verdict_text(&self, verdict: Verdict) -> String {
        let rule = verdict.rule.and_then(|number| self.policy.access().rule(number));
        match (verdict.refusal, rule) {
            (None, Some(rule)) => format!("permitted by rule {}", rule.name),
            (None, None) if self.judged.is_pending => "depends on what the body calls".to_owned(),
            (None, None) => "permitted: no rule refuses it".to_owned(),
            (Some(refusal), rule) => {
                let own = self.policy.own_telling(verdict).cloned().unwrap_or_default();
                let telling = refusal.telling();
                let by = rule.map_or_else(String::new, |rule| format!(" by rule {}", rule.name));
                let code = telling.code;
                let status = own.status.unwrap_or(telling.status);
                let grpc = own.grpc_status.unwrap_or(telling.grpc_status);
                format!("refused{by}: {code}, status {status} (grpc {grpc})\n{:10} {}", "", telling.docs)
            }
        }
    }
}

const fn is_declared(operation: &Operation) -> bool {
    matches!(operation.known, Known::Declared(_))
}
