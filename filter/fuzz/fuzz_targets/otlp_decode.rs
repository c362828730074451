//! OTLP as strangers send it: read within its limits or refused, and read twice the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_wire::decode::{KeyValue, Limits, Record, Value, Visitor, request, response_rejected};

const LIMITS: Limits = Limits { records_max: 64, attributes_max: 16 };

#[derive(Default, Debug, PartialEq)]
struct Seen {
    resources: usize,
    scopes: usize,
    records: usize,
    bytes: usize,
}

impl Seen {
    fn attributes(&mut self, attributes: &[KeyValue<'_>]) {
        assert!(attributes.len() <= LIMITS.attributes_max);
        self.bytes += attributes.iter().map(|(key, _)| key.len()).sum::<usize>();
        for (_, value) in attributes {
            if let Value::List(list) = value {
                assert!(list.items().count() <= list.bytes_len());
            }
        }
    }
}

impl Visitor for Seen {
    fn resource(&mut self, attributes: &[KeyValue<'_>]) {
        self.resources += 1;
        self.attributes(attributes);
    }
    fn scope(&mut self, name: &str, attributes: &[KeyValue<'_>]) {
        self.scopes += 1;
        self.bytes += name.len();
        self.attributes(attributes);
    }
    fn record(&mut self, record: &Record<'_, '_>) {
        self.records += 1;
        assert!(self.records <= LIMITS.records_max);
        self.bytes += record.event_name.len() + record.trace_id.len() + record.span_id.len();
        self.attributes(record.attributes);
    }
}

fuzz_target!(|message: &[u8]| {
    let read = || {
        let mut seen = Seen::default();
        let outcome = request(message, &LIMITS, &mut seen);
        (seen, outcome)
    };
    let (seen, outcome) = read();
    assert!(seen.bytes <= message.len() && seen.resources <= message.len());
    assert_eq!((seen, outcome), read());
    let _ = response_rejected(message);
});
