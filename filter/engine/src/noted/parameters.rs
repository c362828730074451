//! Parameters by place, name, type and format, and keyed fingerprints of the ids that were asked for.
//!
//! A name is shown where it looks like one; what may be a value in its place is `*`.

use super::{Noted, VALUE_MAX, credentials, find};
use crate::judge::{Judged, RequestHead};
use crate::path::CanonicalPath;
use crate::policy::Policy;
use crate::query::Parameter;
use ostiary_body::detect::form::{self, is_id_name, shown_name};
use ostiary_body::detect::{Context, Detectors, Found};

/// Parameters of one request that are noted.
const PARAMETERS_MAX: usize = 32;

/// Fingerprints of ids that were asked for.
pub const ASKED_MAX: usize = 8;

/// Headers that are a proxy's or a trace's affair, by how they begin.
const NOT_OF_NOTE: [&[u8]; 10] = [
    b"x-forwarded-",
    b"x-envoy-",
    b"x-request-id",
    b"x-b3-",
    b"x-real-ip",
    b"x-ostiary-",
    b"x-datadog-",
    b"x-amzn-trace-",
    b"x-cloud-trace-",
    b"x-correlation-id",
];

/// Headers without the `x-` of an application's own that are parameters all the same.
const OF_NOTE: [&[u8]; 5] = [b"idempotency-key", b"if-match", b"prefer", b"accept-version", b"api-version"];

/// What parameters are noted with.
struct Notebook<'n> {
    detectors: &'n Detectors,
    noted: &'n mut Noted,
}

impl Notebook<'_> {
    /// Notes one; `form` is `None` where the value's type is to be found out.
    fn add(&mut self, place: &str, name: &str, value: Option<&[u8]>) {
        self.add_known(place, name, value, None);
    }

    /// The same, where it may be known already what the value holds.
    fn add_known(&mut self, place: &str, name: &str, value: Option<&[u8]>, known: Option<&[Found]>) {
        let mut line = format!("{place} {name}");
        if let Some(value) = value {
            let value = value.get(..VALUE_MAX).unwrap_or(value);
            line.push(' ');
            line.push_str(form::of_text(value));
            let mut found = Vec::new();
            if known.is_none() {
                let context = if place == "path" { Context::NONE } else { self.detectors.context(name.as_bytes()) };
                find(self.detectors, value, context, &mut found);
            }
            if let Some(first) = known.unwrap_or(&found).first() {
                line.push(' ');
                line.push_str(self.detectors.name(first.data_type));
            }
        }
        if self.noted.parameters.contains(&line) {
        } else if self.noted.parameters.len() < PARAMETERS_MAX {
            self.noted.parameters.push(line);
        } else {
            self.noted.left_out += 1;
        }
    }

    fn ask(&mut self, policy: &Policy, value: &[u8]) {
        if policy.masking().key_id().is_some() && !value.is_empty() && self.noted.asked.len() < ASKED_MAX {
            let print = policy.masking().plan().fingerprint("object", value);
            if !self.noted.asked.contains(&print) {
                self.noted.asked.push(print);
            }
        }
    }
}

/// Notes the parameters of a request.
pub(super) fn note(
    policy: &Policy,
    head: &RequestHead<'_>,
    judged: &Judged,
    query: &[(Parameter<'_>, Vec<Found>)],
    noted: &mut Noted,
) {
    let mut book = Notebook { detectors: policy.masking().plan().detectors(), noted };
    path(policy, head, judged, &mut book);
    for (parameter, held) in query.iter().filter(|(parameter, _)| !parameter.doubtful) {
        let shown = name(&parameter.name);
        // By another name it may be told to be something else.
        let held = Some(&held[..]).filter(|_| shown.as_bytes() == &*parameter.name);
        book.add_known("query", &shown, Some(&parameter.value), held);
        if is_id_name(&parameter.name) {
            book.ask(policy, &parameter.value);
        }
    }
    let mut session = None;
    for (header, value) in head.lines {
        match header {
            b"cookie" => {
                for pair in value.split(|byte| *byte == b';').take(PARAMETERS_MAX) {
                    let pair = pair.trim_ascii();
                    let own = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
                    if !own.is_empty() {
                        book.add("cookie", &name(own), None);
                    }
                    if session.is_none() && credentials::is_session_cookie(own) {
                        session = Some(pair);
                    }
                }
            }
            // Who has a token goes by that.
            b"authorization" if !value.is_empty() => session = Some(value),
            // Keys are credentials, and told of as such.
            _ if is_of_note(header) && !credentials::is_key_header(header, policy.callers()) => {
                book.add("header", &name(header), Some(value))
            }
            _ => {}
        }
    }
    if policy.masking().key_id().is_some() {
        book.noted.session = session.map(|session| policy.masking().plan().fingerprint("session", session));
    }
}

/// Notes what stands in the path where its template has a parameter.
fn path(policy: &Policy, head: &RequestHead<'_>, judged: &Judged, book: &mut Notebook<'_>) {
    let Some(operation) = &judged.operation else { return };
    let template = operation.template(policy.catalog());
    if !template.contains(['{', '*']) {
        return;
    }
    let Ok(path) = CanonicalPath::read(head.path.unwrap_or(b"/"), &policy.requests().paths) else { return };
    let template = template.split('/').filter(|segment| !segment.is_empty());
    for ((at, segment), value) in (1..).zip(template).zip(path.segments().filter(|segment| !segment.is_empty())) {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let named = match inner {
            Some("…") => at.to_string(),
            Some(inner) => name(inner.as_bytes()),
            None if segment == "*" => at.to_string(),
            None if segment == "**" => return,
            None => continue,
        };
        book.add("path", &named, Some(value.as_bytes()));
        book.ask(policy, value.as_bytes());
    }
}

/// A name as a record may show it. `filter[price]` and `a.b` are names of several parts.
fn name(name: &[u8]) -> String {
    let parts: Vec<&[u8]> = name.split(|byte| b"[].".contains(byte)).filter(|part| !part.is_empty()).take(4).collect();
    if parts.is_empty() || name.len() > 64 {
        return "*".to_owned();
    }
    parts.iter().map(|part| shown_name(part)).collect::<Vec<_>>().join(".")
}

fn is_of_note(header: &[u8]) -> bool {
    let own = header.starts_with(b"x-") && !NOT_OF_NOTE.iter().any(|begin| header.starts_with(begin));
    own || OF_NOTE.contains(&header)
}
