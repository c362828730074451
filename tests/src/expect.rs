//! Compares what was seen with what was expected, and says where they differ by the path in the scenario file.
//!
//! One comparison serves every ring: a ring with its own idea of "equal" would make the shared scenarios worthless.

use crate::notation::OrNone;
use crate::octets::Octets;
use crate::record::Record;
use crate::ring::{Arrival, Observation, Response, Sight};
use crate::scenario::{Body, Expect, Headers, Reached, RecordExpect, Scenario};
use serde_json::Value;
use std::collections::BTreeMap;

/// What comparing came to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Differences, each with its path in the scenario file.
    pub differences: Vec<String>,
    /// Expectations the ring could not look at, each with its path and the reason.
    pub unobservable: Vec<String>,
    /// How many expectations were looked at.
    pub checked: usize,
}

/// What headers have to be, by name.
type Wanted = BTreeMap<String, Octets>;
/// A header that was seen.
type Line = (String, Vec<u8>);

/// Compares all exchanges of one scenario.
pub fn scenario(scenario: &Scenario, observations: &[Observation]) -> Verdict {
    let mut verdict = Verdict::default();
    if observations.len() != scenario.exchanges.len() {
        verdict.differ("exchanges", &scenario.exchanges.len(), &format!("{} observations", observations.len()));
    }
    for (index, (exchange, seen)) in scenario.exchanges.iter().zip(observations).enumerate() {
        verdict.exchange(&format!("exchanges[{index}].expect"), &exchange.expect, seen);
    }
    verdict
}

// === impl Verdict ===

impl Verdict {
    /// Compares one exchange; `at` is its path in the scenario file.
    pub fn exchange(&mut self, at: &str, expect: &Expect, seen: &Observation) {
        self.response(at, expect, &seen.response);
        if let Some(upstream) = &expect.upstream {
            let at = format!("{at}.upstream");
            if let Some(arrival) = self.sight(&at, &seen.upstream) {
                self.arrival(&at, upstream, arrival.as_ref());
            }
        }
        if let Some(record) = &expect.record {
            let at = format!("{at}.record");
            match self.sight(&at, &seen.record) {
                Some(Some(seen)) => self.record(&at, record, seen),
                Some(None) => self.differ(&at, &"a record", &"none was made"),
                None => {}
            }
        }
        if let Some(details) = &expect.details {
            let at = format!("{at}.details");
            if let Some(seen) = self.sight(&at, &seen.details) {
                self.equal(&at, &Some(details), &seen.as_ref());
            }
        }
    }

    fn response(&mut self, at: &str, expect: &Expect, seen: &Sight<Option<Response>>) {
        let wanted = expect.status.is_some()
            || !expect.headers.is_empty()
            || !expect.body.is_empty()
            || expect.grpc_status.is_some()
            || expect.grpc_message.is_some();
        if !wanted {
            return;
        }
        let Some(seen) = self.sight(at, seen) else {
            return;
        };
        let status = seen.as_ref().map(|response| response.status);
        match expect.status {
            Some(OrNone::None) => self.equal(&format!("{at}.status"), &None, &status),
            Some(OrNone::Some(wanted)) => self.equal(&format!("{at}.status"), &Some(wanted), &status),
            None => {}
        }
        let Some(response) = seen else { return };
        // HTTP/2 has trailers in header blocks too; a scenario tells them apart by their names.
        let lines: Vec<_> = response.headers.iter().chain(&response.trailers).cloned().collect();
        self.headers(&format!("{at}.headers"), &expect.headers, &lines);
        self.at_once(&format!("{at}.headers.at_once"), &expect.headers.at_once, (&lines, response.real_time));
        self.body(&format!("{at}.body"), &expect.body, &response.body);
        if let Some(wanted) = expect.grpc_status {
            let have = response.header("grpc-status").map(|value| String::from_utf8_lossy(value).into_owned());
            self.equal(&format!("{at}.grpc_status"), &Some(wanted.to_string()), &have);
        }
        if let Some(wanted) = &expect.grpc_message {
            let have = percent_decoded(response.header("grpc-message").unwrap_or_default());
            self.contains(&format!("{at}.grpc_message"), wanted.as_bytes(), &have);
        }
    }

    fn arrival(&mut self, at: &str, expect: &OrNone<Reached>, seen: Option<&Arrival>) {
        match (expect, seen) {
            (OrNone::None, None) => self.checked += 1,
            (OrNone::None, Some(arrival)) => {
                self.differ(at, &"none", &format!("{} {}", arrival.method, Octets::shown(&arrival.path)))
            }
            (OrNone::Some(_), None) => self.differ(at, &"a request", &"none reached it"),
            (OrNone::Some(expect), Some(arrival)) => {
                if let Some(method) = &expect.method {
                    self.equal(&format!("{at}.method"), method, &arrival.method);
                }
                if let Some(path) = &expect.path {
                    self.octets(&format!("{at}.path"), &path.0, &arrival.path);
                }
                if let Some(authority) = &expect.authority {
                    self.octets(&format!("{at}.authority"), &authority.0, &arrival.authority);
                }
                self.headers(&format!("{at}.headers"), &expect.headers, &arrival.headers);
                self.body(&format!("{at}.body"), &expect.body, &arrival.body);
            }
        }
    }

    fn headers(&mut self, at: &str, expect: &Headers, seen: &[(String, Vec<u8>)]) {
        let values = |name: &str| -> Vec<&[u8]> {
            seen.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice()).collect()
        };
        for name in &expect.present {
            self.holds(!values(name).is_empty(), &format!("{at}.present.{name}"), &"the header", &"it is absent");
        }
        for name in &expect.absent {
            let have = values(name);
            let shown = have.first().map(|value| Octets::shown(value)).unwrap_or_default();
            self.holds(have.is_empty(), &format!("{at}.absent.{name}"), &"no such header", &shown);
        }
        self.lines(&format!("{at}.equal"), &expect.equal, seen, |value, wanted| value == wanted);
        self.lines(&format!("{at}.begins"), &expect.begins, seen, |value, wanted| value.starts_with(wanted));
        for (name, wanted) in &expect.count {
            self.equal(&format!("{at}.count.{name}"), wanted, &values(name).len());
        }
    }

    /// What holds only as long as no time passes by itself.
    fn at_once(&mut self, at: &str, expect: &Wanted, (seen, real_time): (&[Line], bool)) {
        if real_time {
            self.unobservable.extend(expect.keys().map(|name| format!("{at}.{name}: time passes")));
        } else {
            self.lines(at, expect, seen, |value, wanted| value == wanted);
        }
    }

    /// One value of each of these headers has to be as it is wanted.
    fn lines(&mut self, at: &str, expect: &Wanted, seen: &[Line], is: impl Fn(&[u8], &[u8]) -> bool) {
        for (name, wanted) in expect {
            let of_name = seen.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name));
            let have: Vec<&[u8]> = of_name.map(|(_, value)| value.as_slice()).collect();
            let shown: Vec<String> = have.iter().map(|value| Octets::shown(value)).collect();
            self.holds(have.iter().any(|value| is(value, &wanted.0)), &format!("{at}.{name}"), wanted, &shown);
        }
    }

    fn body(&mut self, at: &str, expect: &Body, seen: &[u8]) {
        if let Some(wanted) = &expect.equal {
            self.octets(&format!("{at}.equal"), &wanted.0, seen);
        }
        for (index, part) in expect.contains.iter().enumerate() {
            self.contains(&format!("{at}.contains[{index}]"), &part.0, seen);
        }
        for (index, part) in expect.lacks.iter().enumerate() {
            let absent = !holds_part(seen, &part.0);
            self.holds(absent, &format!("{at}.lacks[{index}]"), &format!("no {part:?}"), &Octets::shown(seen));
        }
        if expect.json.is_empty() && expect.json_present.is_empty() {
            return;
        }
        let json: Value = match serde_json::from_slice(seen) {
            Ok(json) => json,
            Err(error) => {
                return self.differ(
                    &format!("{at}.json"),
                    &"a json body",
                    &format!("{error} in {}", Octets::shown(seen)),
                );
            }
        };
        for (name, wanted) in &expect.json {
            self.equal(&format!("{at}.json.{name}"), &Some(wanted), &json.get(name));
        }
        for name in &expect.json_present {
            let have = json.get(name).and_then(Value::as_str).unwrap_or_default();
            self.holds(!have.is_empty(), &format!("{at}.json_present.{name}"), &"a non-empty string", &json);
        }
    }

    fn record(&mut self, at: &str, expect: &RecordExpect, seen: &Record) {
        for (name, wanted) in &expect.equal {
            self.equal(&format!("{at}.equal.{name}"), &Some(wanted), &seen.get(name));
        }
        for name in &expect.present {
            self.holds(seen.get(name).is_some(), &format!("{at}.present.{name}"), &"the attribute", &"it is absent");
        }
        for name in &expect.absent {
            let have = seen.get(name);
            self.holds(have.is_none(), &format!("{at}.absent.{name}"), &"no such attribute", &have);
        }
        if let Some(wanted) = &expect.trace_id {
            self.equal(&format!("{at}.trace_id"), wanted, &seen.trace_id);
        }
        if let Some(wanted) = &expect.span_id {
            self.equal(&format!("{at}.span_id"), wanted, &seen.span_id);
        }
        let whole = format!("{seen:?}");
        for (index, text) in expect.lacks.iter().enumerate() {
            self.holds(
                !whole.contains(text.as_str()),
                &format!("{at}.lacks[{index}]"),
                &format!("no {text:?}"),
                &whole,
            );
        }
    }

    fn sight<'a, T>(&mut self, at: &str, sight: &'a Sight<T>) -> Option<&'a T> {
        match sight {
            Sight::Seen(seen) => Some(seen),
            Sight::Unobservable(reason) => {
                self.unobservable.push(format!("{at}: {reason}"));
                None
            }
        }
    }

    fn octets(&mut self, at: &str, wanted: &[u8], have: &[u8]) {
        self.holds(wanted == have, at, &Octets::shown(wanted), &Octets::shown(have));
    }

    fn contains(&mut self, at: &str, part: &[u8], whole: &[u8]) {
        self.holds(holds_part(whole, part), at, &format!("a part {}", Octets::shown(part)), &Octets::shown(whole));
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, at: &str, wanted: &T, have: &T) {
        self.holds(wanted == have, at, wanted, have);
    }

    fn holds(&mut self, holds: bool, at: &str, wanted: &dyn std::fmt::Debug, have: &dyn std::fmt::Debug) {
        match holds {
            true => self.checked += 1,
            false => self.differ(at, wanted, have),
        }
    }

    fn differ(&mut self, at: &str, wanted: &dyn std::fmt::Debug, have: &dyn std::fmt::Debug) {
        self.checked += 1;
        self.differences.push(format!("{at}: expected {wanted:?}, got {have:?}"));
    }
}

fn holds_part(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let hex = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            (other, _) => {
                decoded.push(*other);
                rest = after;
            }
        }
    }
    decoded
}

// === impl Headers ===

impl Headers {
    fn is_empty(&self) -> bool {
        self.present.is_empty()
            && self.absent.is_empty()
            && self.equal.is_empty()
            && self.begins.is_empty()
            && self.at_once.is_empty()
            && self.count.is_empty()
    }
}

// === impl Body ===

impl Body {
    fn is_empty(&self) -> bool {
        self.equal.is_none()
            && self.contains.is_empty()
            && self.lacks.is_empty()
            && self.json.is_empty()
            && self.json_present.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(yaml: &str) -> Expect {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn answered(status: u16, body: &str) -> Observation {
        let response = Response { status, body: body.as_bytes().to_vec(), ..Response::default() };
        Observation { response: Sight::Seen(Some(response)), ..Observation::unobservable("not here") }
    }

    #[test]
    fn a_difference_names_its_path_in_the_file() {
        let mut verdict = Verdict::default();
        verdict.exchange(
            "exchanges[1].expect",
            &expect("{ status: 403, body: { json: { status: 403 } } }"),
            &answered(200, "{\"status\":200}"),
        );
        assert_eq!(verdict.differences.len(), 2);
        assert!(verdict.differences[0].starts_with("exchanges[1].expect.status:"), "{:?}", verdict.differences);
        assert!(
            verdict.differences[1].starts_with("exchanges[1].expect.body.json.status:"),
            "{:?}",
            verdict.differences
        );
    }

    #[test]
    fn what_a_ring_cannot_see_is_counted_and_not_passed_off_as_checked() {
        let mut verdict = Verdict::default();
        verdict.exchange("at", &expect("{ status: 200, upstream: none, details: d }"), &answered(200, ""));
        assert_eq!((verdict.differences.len(), verdict.unobservable.len(), verdict.checked), (0, 2, 1));
    }

    #[test]
    fn a_missing_record_is_a_difference() {
        let mut verdict = Verdict::default();
        let seen = Observation { record: Sight::Seen(None), ..Observation::unobservable("not here") };
        verdict.exchange("at", &expect("{ record: { present: [a] } }"), &seen);
        assert_eq!(verdict.differences, ["at.record: expected \"a record\", got \"none was made\""]);
    }
}
