//! A request's record to a [`Call`]. This runs for every call that passes any proxy, so each attribute
//! is looked up once, what records of one batch share is shared, and the whole record is copied only
//! where it is kept.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ostiary_wire::attributes::{self as names, Attribute, Place};
use ostiary_wire::decode::{KeyValue, Record, Value};

use super::findings::Findings;
use super::json;
use super::notes::{self, Notes};
use super::operations::{self, Descriptions, Operations};
use super::parties::{self, Parties};
use super::read::{Unusable, count, fits, nanos, owned};
use super::sampler::Sampler;
use crate::facts::{
    Call, IN_REQUESTS, Kept, OpenCall, Operation, OperationId, Party, Reason, Rule, Source, Vantage, Verdict,
};
use crate::sketch::ONE;

/// The most calls that one record may stand for.
const WEIGHT_MAX: u64 = 1_000_000 * ONE;

/// Fingerprints of one call that are indexed; further ones stand in the record alone.
const FINGERPRINTS_MAX: usize = 32;

/// The longest fingerprint that is indexed, in bytes.
const FINGERPRINT_BYTES_MAX: usize = 64;

/// Declares which attributes a call is made of, each with its place in [`Values`].
macro_rules! wanted {
    ($($index:literal $ident:ident),* $(,)?) => {
        $(const $ident: usize = $index;)*
        static WANTED: &[(usize, &Attribute)] = &[$(($index, &names::$ident)),*];
    };
}

wanted! {
    0 STREAM_SEQ, 1 REQUEST_ID, 2 RECORD_WEIGHT, 3 REQUEST_SEEN, 4 OPERATION_ID, 5 OPERATION_DECLARED,
    6 OPERATION_PROTOCOL, 7 OPERATION_HOST, 8 API_NAME, 9 METHOD, 10 TEMPLATE, 11 CLIENT_ADDRESS, 12 CALLER_ID,
    13 CREDENTIAL_KIND, 14 COUNTRY, 15 FINGERPRINTS, 16 STATUS, 17 GRPC_STATUS, 18 REQUEST_BODY_SIZE,
    19 RESPONSE_BODY_SIZE, 20 DURATION, 21 VERDICT, 22 REFUSAL, 23 RULE_NAME, 24 RULE_ORIGIN, 25 WOULD_VERDICT,
    26 WOULD_REFUSAL, 27 WOULD_RULE_NAME, 28 DATA_TYPES, 29 DATA_TYPES_COUNTS,
    30 CREDENTIAL_STATE, 31 QUOTA_NAME, 32 WOULD_QUOTA_NAME, 33 REQUEST_DATA_TYPES, 34 REQUEST_DATA_TYPES_COUNTS,
    35 OPERATION_NAME, 36 SIGNS, 37 CREDENTIALS, 38 CREDENTIALS_VERIFIED, 39 PARAMETERS, 40 RESPONSE_FIELDS,
    41 RESPONSE_SHAPE, 42 CALL_DIRECTION,
}

/// How many values a call is made of.
const VALUES: usize = 43;

/// What is known of a name.
#[derive(Clone, Copy)]
struct Known {
    attribute: &'static Attribute,
    slot: Option<usize>,
}

/// The attributes of one record by their places; of a name that stands twice the last, as JSON has it.
struct Values<'a>([Option<Value<'a>>; VALUES]);

/// Reads the calls of one message.
pub(super) struct Calls<'s> {
    sampler: &'s Sampler,
    now_ns: u64,
    /// The name that stood at each position of the last record, with what is known of it: records of
    /// one filter have the same names in the same order.
    order: Vec<(String, Option<Known>)>,
    operations: Operations<'s>,
    rules: Vec<Arc<Rule>>,
    parties: Parties,
    findings: Findings,
    notes: Notes,
}

// === impl Calls ===

impl<'s> Calls<'s> {
    pub(super) fn new(sampler: &'s Sampler, descriptions: &'s Descriptions, now_ns: u64) -> Self {
        Self {
            sampler,
            now_ns,
            order: Vec::new(),
            operations: Operations::new(descriptions),
            rules: Vec::new(),
            parties: Parties::default(),
            findings: Findings::default(),
            notes: Notes::default(),
        }
    }

    /// Reads one record.
    pub(super) fn read(&mut self, source: &Source, record: &Record<'_, '_>) -> Result<Call, Unusable> {
        let (values, fit) = self.values(record.attributes);
        let unplaced = |reason| Unusable { seq: None, reason };
        let seq = count(values.get(STREAM_SEQ)).and_then(|seq| seq.ok_or(Reason::NoSeq)).map_err(unplaced)?;
        let call = if fit { self.call(source, seq, record, &values) } else { Err(Reason::BadValue) };
        call.map_err(|reason| Unusable { seq: Some(seq), reason })
    }

    /// Reads what is said of a call that is open.
    pub(super) fn read_open(&mut self, source: &Source, record: &Record<'_, '_>) -> Result<OpenCall, Reason> {
        let (values, fit) = self.values(record.attributes);
        if !fit {
            return Err(Reason::BadValue);
        }
        let (direction, looks_from) = directed(source, &values);
        let operation = self.operation(source, direction, &values)?.map(|(_, number)| number);
        let status = count(values.get(STATUS))?.unwrap_or(0);
        Ok(OpenCall { operation, looks_from, succeeded: succeeded(status, values.text(GRPC_STATUS)) })
    }

    /// What was called and who called, by the numbers that the calls have.
    pub(super) fn into_lists(self) -> (Vec<Arc<Operation>>, Vec<Party>) {
        (self.operations.into_list(), self.parties.into_list())
    }

    fn call(
        &mut self,
        source: &Source,
        seq: u64,
        record: &Record<'_, '_>,
        values: &Values<'_>,
    ) -> Result<Call, Reason> {
        let seen = values.flag(REQUEST_SEEN).unwrap_or(true);
        let status = count(values.get(STATUS))?.unwrap_or(0);
        let weight = count(values.get(RECORD_WEIGHT))?.unwrap_or(ONE);
        if weight > WEIGHT_MAX {
            return Err(Reason::BadValue);
        }
        let verdict = match (values.text(VERDICT), values.text(WOULD_VERDICT)) {
            ("deny", _) => Verdict::Deny,
            (_, "deny") => Verdict::WouldDeny,
            _ => Verdict::Permit,
        };
        let (direction, looks_from) = directed(source, values);
        let size = |slot| count(values.get(slot)).map(Option::unwrap_or_default);
        let operation = if seen { self.operation(source, direction, values)? } else { None };
        let mut findings = self.findings.read("", values.get(DATA_TYPES), values.get(DATA_TYPES_COUNTS))?;
        let (types, counts) = (values.get(REQUEST_DATA_TYPES), values.get(REQUEST_DATA_TYPES_COUNTS));
        findings.extend(self.findings.read(IN_REQUESTS, types, counts)?);
        let mut call = Call {
            seq,
            looks_from,
            seen,
            operation: operation.map(|(_, number)| number),
            status,
            succeeded: succeeded(status, values.text(GRPC_STATUS)),
            duration_ns: nanos(values.get(DURATION))?,
            weight,
            bytes: [size(REQUEST_BODY_SIZE)?, size(RESPONSE_BODY_SIZE)?],
            verdict,
            rules: self.rules(values),
            party: self.parties.number(party(values)),
            findings,
            notes: self.notes.read(&notes(values, status))?,
            kept: None,
        };
        // A refusal or a finding is more than a sample.
        let is_notable = verdict != Verdict::Permit || !call.findings.is_empty();
        let id = operation.map_or(OperationId::OTHER, |(id, _)| id);
        if self.sampler.wants(id, status, is_notable, self.now_ns) {
            call.kept = Some(Box::new(Kept {
                notable: is_notable,
                request_id: owned(values.text(REQUEST_ID)),
                attributes: json::record(record),
                fingerprints: fingerprints(values.text(FINGERPRINTS)),
            }));
        }
        Ok(call)
    }

    /// The values by their places, and whether every one is of its declared type and bound.
    fn values<'a>(&mut self, attributes: &[KeyValue<'a>]) -> (Values<'a>, bool) {
        let mut values = Values([None; VALUES]);
        let mut fit = true;
        for (position, &(name, value)) in attributes.iter().enumerate() {
            let Some(known) = self.known(position, name) else {
                continue;
            };
            if !fits(known.attribute, value) {
                fit = false;
            }
            if let Some(place) = known.slot.and_then(|slot| values.0.get_mut(slot)) {
                *place = Some(value);
            }
        }
        (values, fit)
    }

    fn known(&mut self, position: usize, name: &str) -> Option<Known> {
        match self.order.get_mut(position) {
            Some((expected, known)) if expected == name => *known,
            Some(place) => {
                let known = table().get(name).copied();
                *place = (name.to_owned(), known);
                known
            }
            None => {
                let known = table().get(name).copied();
                if position == self.order.len() && position < VALUES.saturating_mul(4) {
                    self.order.push((name.to_owned(), known));
                }
                known
            }
        }
    }

    fn operation(
        &mut self,
        source: &Source,
        direction: &str,
        values: &Values<'_>,
    ) -> Result<Option<(OperationId, usize)>, Reason> {
        let id = values.text(OPERATION_ID);
        if id.is_empty() {
            return Ok(None);
        }
        let id = OperationId::parse(id).filter(|id| *id != OperationId::OTHER).ok_or(Reason::BadValue)?;
        let said = operations::Said {
            id,
            environment: &source.environment,
            direction,
            host: values.text(OPERATION_HOST),
            protocol: values.text(OPERATION_PROTOCOL),
            method: values.text(METHOD),
            template: values.text(TEMPLATE),
            api: values.text(API_NAME),
            declared: values.flag(OPERATION_DECLARED).unwrap_or(false),
            name: values.text(OPERATION_NAME),
        };
        Ok(Some((id, self.operations.number(&said))))
    }

    /// The rule or the quota that refused, and the one that would have.
    fn rules(&mut self, values: &Values<'_>) -> [Option<Arc<Rule>>; 2] {
        let enforced = (values.text(VERDICT) == "deny").then(|| Rule {
            name: owned(values.either(RULE_NAME, QUOTA_NAME)),
            refusal: owned(values.text(REFUSAL)),
            origin: owned(values.text(RULE_ORIGIN)),
            would_be: false,
        });
        // What is enforced would be enforced too: it is a hit of the second kind only where it is the only one.
        let would = (values.text(WOULD_VERDICT) == "deny" && enforced.is_none()).then(|| Rule {
            name: owned(values.either(WOULD_RULE_NAME, WOULD_QUOTA_NAME)),
            refusal: owned(values.text(WOULD_REFUSAL)),
            origin: String::new(),
            would_be: true,
        });
        [enforced, would].map(|rule| rule.map(|rule| self.shared(rule)))
    }

    fn shared(&mut self, rule: Rule) -> Arc<Rule> {
        const SHARED_MAX: usize = 16;
        if let Some(known) = self.rules.iter().find(|known| ***known == rule) {
            return Arc::clone(known);
        }
        let rule = Arc::new(rule);
        if self.rules.len() < SHARED_MAX {
            self.rules.push(Arc::clone(&rule));
        }
        rule
    }
}

// === impl Values ===

impl<'a> Values<'a> {
    fn get(&self, slot: usize) -> Option<Value<'a>> {
        self.0.get(slot).copied().flatten()
    }

    fn text(&self, slot: usize) -> &'a str {
        match self.get(slot) {
            Some(Value::Str(text)) => text,
            Some(Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::List(_) | Value::Other) | None => "",
        }
    }

    /// The first of two texts that is there.
    fn either(&self, slot: usize, other: usize) -> &'a str {
        match self.text(slot) {
            "" => self.text(other),
            text => text,
        }
    }

    fn flag(&self, slot: usize) -> Option<bool> {
        match self.get(slot) {
            Some(Value::Bool(flag)) => Some(flag),
            Some(Value::Str(_) | Value::Int(_) | Value::Double(_) | Value::List(_) | Value::Other) | None => None,
        }
    }
}

/// Which way a call went, and from where it was seen: listeners that share a stream may go another way than it says.
fn directed<'a>(source: &'a Source, values: &Values<'a>) -> (&'a str, Vantage) {
    match values.text(CALL_DIRECTION) {
        "" => (&source.direction, source.looks_from),
        direction => (direction, Vantage::of(&source.vantage, direction)),
    }
}

fn party<'a>(values: &Values<'a>) -> parties::Said<'a> {
    parties::Said {
        caller: values.text(CALLER_ID),
        address: values.text(CLIENT_ADDRESS),
        country: values.text(COUNTRY),
        credential: (values.text(CREDENTIAL_KIND), values.text(CREDENTIAL_STATE)),
    }
}

fn notes<'a>(values: &Values<'a>, status: u64) -> notes::Said<'a> {
    notes::Said {
        lists: [
            ("sign", values.get(SIGNS)),
            ("verified", values.get(CREDENTIALS_VERIFIED)),
            ("parameter", values.get(PARAMETERS)),
            ("field", values.get(RESPONSE_FIELDS)),
        ],
        credentials: values.get(CREDENTIALS),
        shape: values.text(RESPONSE_SHAPE),
        status,
    }
}

/// Whether the client got what it asked for; a gRPC failure may stand behind status 200.
fn succeeded(status: u64, grpc_status: &str) -> bool {
    (status == 101 || (200..400).contains(&status)) && matches!(grpc_status, "" | "OK")
}

fn fingerprints(text: &str) -> Vec<String> {
    let words = text.split([' ', ',']).filter(|word| (1..=FINGERPRINT_BYTES_MAX).contains(&word.len()));
    let mut words: Vec<String> = words.take(FINGERPRINTS_MAX).map(owned).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn table() -> &'static HashMap<&'static str, Known> {
    static TABLE: OnceLock<HashMap<&'static str, Known>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = HashMap::new();
        for attribute in names::ALL.iter().filter(|attribute| attribute.place == Place::Request) {
            let wanted = WANTED.iter().find(|(_, wanted)| std::ptr::eq(*wanted, *attribute)).map(|&(slot, _)| slot);
            table.insert(attribute.name, Known { attribute, slot: wanted });
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grpc_failure_behind_status_200_is_no_success() {
        for (status, grpc_status, want) in [
            (200, "", true),
            (200, "OK", true),
            (101, "", true),
            (200, "UNAVAILABLE", false),
            (403, "", false),
            (0, "", false),
        ] {
            assert_eq!(succeeded(status, grpc_status), want, "{status} {grpc_status}");
        }
    }

    #[test]
    fn fingerprints_are_bounded_and_each_stands_once() {
        let many: Vec<String> = (0..100).map(|n| format!("f{n}")).collect();
        assert_eq!(fingerprints(&many.join(" ")).len(), FINGERPRINTS_MAX);
        assert_eq!(fingerprints("b,a b  a"), ["a", "b"]);
        assert!(fingerprints(&"x".repeat(65)).is_empty());
    }

    #[test]
    fn every_wanted_attribute_has_its_own_place() {
        let places: std::collections::BTreeSet<usize> = WANTED.iter().map(|&(slot, _)| slot).collect();
        assert_eq!((places.len(), WANTED.len()), (VALUES, VALUES));
    }
}
