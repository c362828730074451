//! What the encoder guarantees: any OTLP implementation reads the bytes as we meant them.

use super::*;
use crate::attributes as a;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, any_value};
use proptest::prelude::*;
use prost::Message;

fn head(event: Event) -> Head {
    Head { event, time_ns: 1, observed_ns: 2, trace: None }
}

fn array(values: [any_value::Value; 2]) -> any_value::Value {
    let values = values.map(|value| AnyValue { value: Some(value) }).to_vec();
    any_value::Value::ArrayValue(ArrayValue { values })
}

/// A list of more items, or of longer ones, than the attribute takes is cut as a text is.
#[test]
fn a_list_is_bounded() {
    let long = "é".repeat(100);
    let mut out = Vec::new();
    let mut attributes = Attributes { out: &mut out, field: 1 };
    attributes.texts(&a::DATA_TYPES, &[long.as_str(); 100]);
    let pair = crate::protobuf::Fields::new(&out).next_field();
    let Ok(Some((1, crate::protobuf::Raw::Bytes(pair)))) = pair else { panic!("{pair:?}") };
    let value = opentelemetry_proto::tonic::common::v1::KeyValue::decode(pair).unwrap().value.unwrap().value;
    let Some(any_value::Value::ArrayValue(array)) = value else { panic!("{value:?}") };
    assert_eq!(array.values.len(), a::DATA_TYPES.items_max());
    let cut = any_value::Value::StringValue(format!("{}…", "é".repeat(30)));
    assert!(array.values.iter().all(|item| item.value.as_ref() == Some(&cut)));
}

/// An independent implementation (prost's structs) reads what we wrote, field by field.
#[test]
fn an_independent_reader_agrees() {
    let resource = Resource::new(|w| w.str(&a::STREAM_ID, "ab"));
    let mut batch = Batch::new();
    let trace = Trace::from_traceparent(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    batch.record(&Head { trace, ..head(Event::Request) }, |w| {
        w.str(&a::METHOD, "GET");
        w.int(&a::STATUS, 200);
        w.int(&a::RESPONSE_FLAGS, -1);
        w.bool(&a::REQUEST_SEEN, true);
        w.texts(&a::DATA_TYPES, &["iban", "email"]);
        w.counts(&a::DATA_TYPES_COUNTS, &[1, u64::MAX]);
    });
    batch.record(&head(Event::VmHeartbeat), |_| {});
    assert_eq!((batch.len(), batch.requests()), (2, 1));
    let bytes = batch.seal(&resource, Progress { made: 300, dropped: 0 });
    assert!(batch.is_empty() && batch.bytes() == 0);

    let request = ExportLogsServiceRequest::decode(&*bytes).unwrap();
    let logs = &request.resource_logs[0];
    assert_eq!(logs.resource.as_ref().unwrap().attributes[0].key, "ostiary.stream.id");
    let scope = logs.scope_logs[0].scope.as_ref().unwrap();
    assert_eq!(scope.name, SCOPE);
    assert_eq!(scope.attributes[0].value.as_ref().unwrap().value, Some(any_value::Value::IntValue(300)));
    let records = &logs.scope_logs[0].log_records;
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].event_name, "ostiary.request");
    assert_eq!((records[0].time_unix_nano, records[0].observed_time_unix_nano), (1, 2));
    assert_eq!(records[0].trace_id[..2], [0x0a, 0xf7]);
    assert_eq!(records[0].span_id.len(), 8);
    let values: Vec<_> = records[0].attributes.iter().map(|kv| kv.value.clone().unwrap().value.unwrap()).collect();
    assert_eq!(
        values,
        [
            any_value::Value::StringValue("GET".into()),
            any_value::Value::IntValue(200),
            any_value::Value::IntValue(-1),
            any_value::Value::BoolValue(true),
            array(["iban", "email"].map(|text| any_value::Value::StringValue(text.into()))),
            array([1, i64::MAX].map(any_value::Value::IntValue)),
        ]
    );
}

#[test]
fn a_traceparent_is_taken_only_when_it_is_one() {
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert!(Trace::from_traceparent(good.as_bytes()).is_some());
    assert!(Trace::from_traceparent(format!("01{}-more", &good[2..]).as_bytes()).is_some());
    for bad in [
        "",
        "00",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        assert_eq!(Trace::from_traceparent(bad.as_bytes()), None, "{bad}");
    }
}

fn one_value(write: impl FnOnce(&mut Attributes<'_>)) -> String {
    let mut batch = Batch::new();
    batch.record(&head(Event::Request), write);
    let bytes = batch.seal(&Resource::new(|_| {}), Progress::default());
    let request = ExportLogsServiceRequest::decode(&*bytes).unwrap();
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    match record.attributes[0].value.clone().unwrap().value.unwrap() {
        any_value::Value::StringValue(text) => text,
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// Whatever bytes a header holds, the batch stays readable, the value within its bound, and a
    /// cut shows.
    #[test]
    fn any_bytes_make_a_bounded_valid_string(value in prop::collection::vec(any::<u8>(), 0..600)) {
        let text = one_value(|w| w.text(&a::USER_AGENT, &value));
        prop_assert!(text.len() <= a::USER_AGENT.bytes_max());
        let lossless = String::from_utf8_lossy(&value);
        if lossless.len() <= a::USER_AGENT.bytes_max() {
            prop_assert_eq!(text, lossless);
        } else {
            prop_assert!(text.ends_with('…'));
            let kept = text.trim_end_matches('…').trim_end_matches(char::REPLACEMENT_CHARACTER);
            prop_assert!(lossless.starts_with(kept), "{}", kept);
        }
    }
}
