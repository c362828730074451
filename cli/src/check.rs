//! `ostiary check`: whether the filter would take a policy, everything that is wrong with it, and which of its
//! rules do nothing.

use crate::answer::{Answer, problems_json};
use crate::document;
use crate::find::{Found, policies};
use ostiary_engine::config::read::Problems;
use ostiary_engine::config::values::Timestamp;
use ostiary_engine::policy::{Compiled, Policy};
use ostiary_engine::review::review;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Policies (YAML or JSON), or Envoy and Istio files that hold some; `-` reads standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// The time at which rules may have expired, such as `2026-12-31T09:00:00Z`; now when left out.
    #[arg(long, value_parser = time)]
    time: Option<i64>,
}

fn time(text: &str) -> Result<i64, String> {
    Timestamp::parse(text).map(Timestamp::unix_s).ok_or_else(|| "no instant: write `2026-12-31T09:00:00Z`".to_owned())
}

/// Seconds since 1970; none by a clock that stands before.
fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Checks every policy of every file.
pub fn run(options: &Options) -> Answer {
    let mut text = String::new();
    let mut files = Vec::new();
    let mut good = true;
    let now_s = options.time.or_else(now);
    for file in &options.files {
        let checked = check(file, now_s);
        good &= checked.good;
        text.push_str(&checked.text);
        files.push(checked.json);
    }
    Answer { good, ..Answer::good(text, json!({ "good": good, "files": files })) }
}

fn check(file: &Path, now_s: Option<i64>) -> Answer {
    let name = file.display();
    let found = match document::read(file) {
        Ok(documents) => policies(documents),
        Err(error) => return bad(&format!("{error}\n"), json!({ "file": name.to_string(), "error": error })),
    };
    if found.is_empty() {
        let error =
            "no policy in it: one is the file itself, the `configuration` of a wasm plugin, or a `pluginConfig`";
        return bad(&format!("{name}: {error}\n"), json!({ "file": name.to_string(), "error": error }));
    }
    let mut text = String::new();
    let mut list = Vec::new();
    let mut good = true;
    for found in &found {
        let mut outcome = Policy::from_json(&found.json);
        if let Ok(Compiled { policy, warnings }) = &mut outcome {
            warnings.append(review(policy, now_s));
            if policy.quotas().holds_headers() && found.shows_held_bodies == Some(false) {
                let key = if policy.holds_headers() { "hold_headers" } else { "counting.hold_headers" };
                warnings.push(key, HOLDS_FOR_EVER);
            }
        }
        good &= outcome.is_ok();
        tell(&mut text, &name.to_string(), found, &outcome);
        list.push(told(found, &outcome));
    }
    Answer { good, ..Answer::good(text, json!({ "file": name.to_string(), "policies": list })) }
}

/// What a policy relies on that its plugin does not say.
const HOLDS_FOR_EVER: &str = "needs `allow_on_headers_stop_iteration: true` beside the plugin's `configuration`: without it a request whose head is held waits until a timeout ends it";

fn bad(text: &str, json: Value) -> Answer {
    Answer { good: false, ..Answer::good(text.to_owned(), json) }
}

/// Writing to a string cannot fail, so results of `writeln!` are not looked at here.
fn tell(out: &mut String, file: &str, policy: &Found, outcome: &Result<Compiled, Problems>) {
    let place = if policy.place.is_empty() { String::new() } else { format!(" at {}", policy.place) };
    match outcome {
        Ok(Compiled { policy, warnings }) => {
            let _ = writeln!(out, "{file}: accepted{place}: {}", summary(policy));
            list(out, "warning", warnings);
        }
        Err(problems) => {
            let _ = writeln!(out, "{file}: refused{place}: {}", counted(problems.len(), "error"));
            list(out, "error", problems);
        }
    }
}

fn list(out: &mut String, kind: &str, problems: &Problems) {
    for problem in problems.iter() {
        let _ = writeln!(out, "  {kind}: {problem}");
    }
    let beyond = problems.len().saturating_sub(problems.iter().count());
    if beyond > 0 {
        let _ = writeln!(out, "  and {} more", counted(beyond, kind));
    }
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn rules(policy: &Policy) -> usize {
    (0..).map_while(|number| policy.access().rule(number)).count()
}

fn summary(policy: &Policy) -> String {
    let collector = policy.reporting().cluster.as_deref();
    format!(
        "revision {}, mode {}, {} with {}, {}, {}",
        policy.revision(),
        policy.mode().word(),
        counted(policy.catalog().api_names().count(), "api"),
        counted(policy.catalog().len(), "operation"),
        counted(rules(policy), "rule"),
        collector.map_or_else(|| "no collector: nothing is reported".to_owned(), |name| format!("collector {name}"))
    )
}

fn told(found: &Found, outcome: &Result<Compiled, Problems>) -> Value {
    match outcome {
        Ok(Compiled { policy, warnings }) => json!({
            "at": found.place,
            "accepted": true,
            "revision": policy.revision().to_string(),
            "mode": policy.mode().word(),
            "apis": policy.catalog().api_names().count(),
            "operations": policy.catalog().len(),
            "rules": rules(policy),
            "collector": policy.reporting().cluster,
            "warnings": problems_json(warnings),
        }),
        Err(problems) => json!({ "at": found.place, "accepted": false, "errors": problems_json(problems) }),
    }
}
