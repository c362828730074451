//! `ostiary explain`: what a policy makes of one request, and why.

use crate::answer::Answer;
use crate::document;
use crate::find::{Found, policies};
use ostiary_engine::access::{Call, Client, Considered, Effect, Verdict};
use ostiary_engine::catalog::{Known, Operation};
use ostiary_engine::config::Mode;
use ostiary_engine::judge::{Judged, RequestHead, judge};
use ostiary_engine::path::CanonicalPath;
use ostiary_engine::policy::{Compiled, Policy};
use ostiary_engine::{Direction, address, host};
use ostiary_filter::head::Head;
use ostiary_filter::pairs::serialized;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::IpAddr;
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

    /// The request's method.
    #[arg(long, default_value = "GET")]
    method: String,

    /// The request's `:authority`, with or without a port.
    #[arg(long, default_value = "")]
    host: String,

    /// The request's path as it is sent, with its escapes and its query; left out for a plain CONNECT.
    #[arg(long)]
    path: Option<String>,

    /// The client's address as Envoy knows it.
    #[arg(long, value_name = "ADDRESS", value_parser = client)]
    from: Option<IpAddr>,

    /// A header of the request, `name: value`; may be given more than once.
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,

    /// Which way the listener's traffic goes; taken from the file when it says so.
    #[arg(long, value_parser = direction)]
    direction: Option<Direction>,
}

fn client(text: &str) -> Result<IpAddr, String> {
    address::parse(text).ok_or_else(|| "no address: write `192.0.2.7` or `2001:db8::7`".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("no header: write `name: value`")?;
    // Envoy hands names over in lower case.
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn direction(text: &str) -> Result<Direction, String> {
    let all = [Direction::Inbound, Direction::Outbound, Direction::Unspecified];
    let found = all.into_iter().find(|direction| direction.name() == text);
    found.ok_or_else(|| "one of inbound, outbound, unspecified".to_owned())
}

/// Explains a request.
///
/// # Errors
/// Why there is nothing to explain: no policy, a choice of several, or one that is refused.
pub fn run(options: &Options) -> Result<Answer, String> {
    let file = options.policy.display();
    let found = chosen(policies(document::read(&options.policy)?), options)?;
    let Compiled { policy, .. } = Policy::from_json(&found.json)
        .map_err(|problems| format!("{file}: the policy is refused, `ostiary check` lists why: {problems}"))?;
    let pairs = options.pairs();
    let map = serialized(&pairs);
    let head = Head::new(&map).request();
    let around = policy.surroundings(options.direction.unwrap_or(found.direction));
    let judged = judge(&policy, &head, || options.from);
    let explained = Explained {
        options,
        place: &found.place,
        unreadable: unreadable(&head),
        id: judged.operation.as_ref().map(|operation| operation.id(policy.catalog(), &around).to_string()),
        rules: rules(&policy, &head, &judged, options.from),
        policy: &policy,
        judged,
    };
    Ok(Answer::good(explained.text(), explained.json()))
}

impl Options {
    /// The request's head as Envoy would hand it over.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = vec![(":method".to_owned(), self.method.clone()), (":authority".to_owned(), self.host.clone())];
        pairs.extend(self.path.iter().map(|path| (":path".to_owned(), path.clone())));
        pairs.extend(self.headers.iter().cloned());
        pairs
    }
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
fn unreadable(head: &RequestHead<'_>) -> Option<String> {
    if host::canonical(head.authority).is_err() {
        return Some("the host is none: a name or an address, with a port or without".to_owned());
    }
    match head.path.map(CanonicalPath::new) {
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
}

/// The rules in scope, in the order in which they were written.
fn rules(policy: &Policy, head: &RequestHead<'_>, judged: &Judged, client: Option<IpAddr>) -> Vec<Weighed> {
    let Some(operation) = &judged.operation else { return Vec::new() };
    let (Ok(path), Ok(method)) = (CanonicalPath::new(head.path.unwrap_or(b"/")), std::str::from_utf8(head.method))
    else {
        return Vec::new();
    };
    let api = policy.catalog().api_governing(operation, &path);
    let find = || client;
    let client = Client::new(&find);
    let call = Call { api, host: &operation.host, method, path: &path, client: &client };
    let mut considered: Vec<Considered<'_>> = policy.access().in_scope(&call).collect();
    considered.sort_by_key(|considered| considered.number);
    let weighed = considered.into_iter().map(|Considered { rule, met, .. }| Weighed {
        name: rule.name.to_string(),
        effect: match rule.effect {
            Effect::Deny => "deny",
            Effect::Allow => "allow",
        },
        origin: rule.origin.name(),
        shadow: rule.shadow,
        met,
    });
    weighed.collect()
}

/// Everything that was found out about a request.
struct Explained<'a> {
    options: &'a Options,
    place: &'a str,
    policy: &'a Policy,
    judged: Judged,
    id: Option<String>,
    unreadable: Option<String>,
    rules: Vec<Weighed>,
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
            })
        });
        let rule = |rule: &Weighed| {
            json!({
                "name": rule.name, "effect": rule.effect, "origin": rule.origin, "shadow": rule.shadow,
                "conditions_met": rule.met,
            })
        };
        json!({
            "policy": { "at": self.place, "revision": self.policy.revision().to_string(), "mode": self.policy.mode().word() },
            "operation": operation,
            "unreadable": self.unreadable,
            "rules": self.rules.iter().map(rule).collect::<Vec<_>>(),
            "enforced": self.verdict_json(self.judged.verdicts.enforced),
            "would_be": self.verdict_json(self.judged.verdicts.would_be),
        })
    }

    fn verdict_json(&self, verdict: Verdict) -> Value {
        let rule = verdict.rule.and_then(|number| self.policy.access().rule(number)).map(|rule| &*rule.name);
        match verdict.refusal.map(ostiary_engine::refusal::Refusal::telling) {
            None => json!({ "permitted": true, "rule": rule }),
            Some(telling) => json!({
                "permitted": false, "rule": rule, "code": telling.code, "status": telling.status,
                "grpc_status": telling.grpc_status,
            }),
        }
    }

    /// Writing to a string cannot fail, so results of `writeln!` are not looked at here.
    fn text(&self) -> String {
        let mut out = String::new();
        let from = self.options.from.map_or_else(String::new, |from| format!(" from {from}"));
        let path = self.options.path.as_deref().unwrap_or("");
        let _ = writeln!(out, "request    {} {}{path}{from}", self.options.method, self.options.host);
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
        self.rules_text(&mut out);
        let enforced = self.judged.verdicts.enforced;
        let would_be = self.judged.verdicts.would_be;
        let _ = writeln!(out, "answer     {}", self.enforced_text());
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
        let _ = writeln!(out, "id         {}", self.id.as_deref().unwrap_or(""));
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
        }
        if self.options.from.is_none() && self.policy.access().needs_client() && !self.rules.is_empty() {
            let note = "no `--from`: an unknown address meets every deny rule and no allow rule that asks for one";
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
            (None, None) => "permitted: no rule refuses it".to_owned(),
            (Some(refusal), rule) => {
                let telling = refusal.telling();
                let by = rule.map_or_else(String::new, |rule| format!(" by rule {}", rule.name));
                let (code, status, grpc) = (telling.code, telling.status, telling.grpc_status);
                format!("refused{by}: {code}, status {status} (grpc {grpc})\n{:10} {}", "", telling.docs)
            }
        }
    }
}

const fn is_declared(operation: &Operation) -> bool {
    matches!(operation.known, Known::Declared(_))
}
