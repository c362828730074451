//! What the decoder guarantees: it reads what any OTLP sender writes, and nothing a stranger sends
//! costs more than its own length.

use super::*;
use crate::Event;
use crate::attributes as a;
use crate::encode::{Batch, Head, Progress, Resource};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue as Pair, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource as OtelResource;
use proptest::prelude::*;
use prost::Message;

#[derive(Default)]
struct Seen {
    resources: Vec<String>,
    scopes: Vec<String>,
    records: Vec<String>,
}

impl Visitor for Seen {
    fn resource(&mut self, attributes: &[KeyValue<'_>]) {
        self.resources.push(shown(attributes));
    }
    fn scope(&mut self, name: &str, attributes: &[KeyValue<'_>]) {
        self.scopes.push(format!("{name} {}", shown(attributes)));
    }
    fn record(&mut self, record: &Record<'_, '_>) {
        self.records.push(format!("{} {} {}", record.event_name, record.time_ns, shown(record.attributes)));
    }
}

/// Attributes with what their lists hold.
fn shown(attributes: &[KeyValue<'_>]) -> String {
    let lists =
        attributes.iter().filter_map(|(_, value)| if let Value::List(list) = value { Some(*list) } else { None });
    let items: Vec<Vec<_>> = lists.map(|list| list.items().collect()).collect();
    let plain: Vec<_> = attributes
        .iter()
        .map(|&(key, value)| (key, if let Value::List(_) = value { Value::List(List(&[])) } else { value }))
        .collect();
    format!("{plain:?} {items:?}")
}

fn read(message: &[u8]) -> Result<Seen, DecodeError> {
    let mut seen = Seen::default();
    request(message, &Limits::default(), &mut seen).map(|()| seen)
}

#[test]
fn what_we_write_we_read() {
    let resource = Resource::new(|w| w.str(&a::STREAM_ID, "ab"));
    let mut batch = Batch::new();
    batch.record(&Head { event: Event::Request, time_ns: 7, observed_ns: 8, trace: None }, |w| {
        w.str(&a::METHOD, "GET");
        w.int(&a::STATUS, -5);
        w.bool(&a::REQUEST_SEEN, false);
        w.texts(&a::DATA_TYPES, &["iban", "email"]);
        w.counts(&a::DATA_TYPES_COUNTS, &[1, 300]);
    });
    let seen = read(&batch.seal(&resource, Progress { made: 1, dropped: 2 })).unwrap();
    assert_eq!(seen.resources, [r#"[("ostiary.stream.id", Str("ab"))] []"#]);
    assert_eq!(
        seen.scopes,
        [r#"ostiary-filter [("ostiary.stream.made", Int(1)), ("ostiary.stream.dropped", Int(2))] []"#]
    );
    assert_eq!(
        seen.records,
        [
            r#"ostiary.request 7 [("http.request.method", Str("GET")), ("http.response.status_code", Int(-5)), ("ostiary.request.seen", Bool(false)), ("ostiary.data_types", List(List([]))), ("ostiary.data_types.counts", List(List([])))] [[Ok(Str("iban")), Ok(Str("email"))], [Ok(Int(1)), Ok(Int(300))]]"#
        ]
    );
}

#[test]
fn hostile_messages_end_in_a_named_error() {
    let attribute = [0x32, 0x00];
    let record = |content: &[u8]| {
        let mut out = Vec::new();
        crate::protobuf::put_bytes(&mut out, 2, content);
        let mut scope = Vec::new();
        crate::protobuf::put_bytes(&mut scope, 2, &out);
        let mut logs = Vec::new();
        crate::protobuf::put_bytes(&mut logs, 1, &scope);
        logs
    };
    let cases: [(&str, Vec<u8>, DecodeError); 8] = [
        ("one gigabyte claimed", vec![0x0a, 0x80, 0x80, 0x80, 0x80, 0x04], DecodeError::Truncated),
        (
            "a varint without end",
            vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            DecodeError::Malformed,
        ),
        ("a group", vec![0x0b], DecodeError::Malformed),
        ("field zero", vec![0x00, 0x00], DecodeError::Malformed),
        ("resource logs as a number", vec![0x08, 0x01], DecodeError::Malformed),
        ("a million attributes", record(&attribute.repeat(1_000_000)), DecodeError::TooManyAttributes),
        ("a key that is not text", record(&[0x32, 0x03, 0x0a, 0x01, 0xff]), DecodeError::NotUtf8),
        ("a time of the wrong type", record(&[0x08, 0x01]), DecodeError::Malformed),
    ];
    for (name, message, expected) in cases {
        assert_eq!(read(&message).err(), Some(expected), "{name}");
    }
    let many = [0x12, 0x00].repeat(65_537);
    let mut scope = Vec::new();
    crate::protobuf::put_bytes(&mut scope, 2, &many);
    let mut logs = Vec::new();
    crate::protobuf::put_bytes(&mut logs, 1, &scope);
    assert_eq!(read(&logs).err(), Some(DecodeError::TooManyRecords));
}

#[test]
fn a_response_says_what_was_rejected() {
    assert_eq!(response_rejected(&[]), Ok(0));
    assert_eq!(response_rejected(&[0x0a, 0x02, 0x08, 0x07]), Ok(7));
    assert_eq!(response_rejected(b"garbage!").ok(), None);
}

fn any_value_strategy() -> impl Strategy<Value = Option<AnyValue>> {
    prop::option::of(prop_oneof![
        ".{0,8}".prop_map(any_value::Value::StringValue),
        any::<bool>().prop_map(any_value::Value::BoolValue),
        any::<i64>().prop_map(any_value::Value::IntValue),
        prop::collection::vec(prop::option::of(".{0,4}"), 0..4).prop_map(|texts| {
            let item = |text: Option<String>| AnyValue { value: text.map(any_value::Value::StringValue) };
            any_value::Value::ArrayValue(ArrayValue { values: texts.into_iter().map(item).collect() })
        }),
    ])
    .prop_map(|value| value.map(|value| AnyValue { value: Some(value) }))
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    let pair = (".{0,8}", any_value_strategy()).prop_map(|(key, value)| Pair { key, value, ..Default::default() });
    prop::collection::vec(pair, 0..4)
}

fn expected(given: &[Pair]) -> String {
    let pairs: Vec<(&str, Value<'_>)> = given
        .iter()
        .map(|pair| {
            let value = match pair.value.as_ref().and_then(|any| any.value.as_ref()) {
                Some(any_value::Value::StringValue(text)) => Value::Str(text),
                Some(any_value::Value::BoolValue(bit)) => Value::Bool(*bit),
                Some(any_value::Value::IntValue(int)) => Value::Int(*int),
                Some(any_value::Value::ArrayValue(_)) => Value::List(List(&[])),
                _ => Value::Other,
            };
            (pair.key.as_str(), value)
        })
        .collect();
    let item = |any: &AnyValue| match &any.value {
        Some(any_value::Value::StringValue(text)) => format!("Ok(Str({text:?}))"),
        _ => "Ok(Other)".to_owned(),
    };
    let lists = given.iter().filter_map(|pair| match pair.value.as_ref()?.value.as_ref()? {
        any_value::Value::ArrayValue(array) => Some(array.values.iter().map(item).collect::<Vec<_>>().join(", ")),
        _ => None,
    });
    let lists: Vec<String> = lists.map(|items| format!("[{items}]")).collect();
    format!("{pairs:?} [{}]", lists.join(", "))
}

proptest! {
    /// What an independent encoder writes, we read the same.
    #[test]
    fn an_independent_writer_is_read(resource in pairs(), scope in pairs(), records in prop::collection::vec(pairs(), 0..3)) {
        let message = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(OtelResource { attributes: resource.clone(), ..Default::default() }),
                scope_logs: vec![ScopeLogs {
                    scope: Some(InstrumentationScope { name: "s".into(), attributes: scope.clone(), ..Default::default() }),
                    log_records: records
                        .iter()
                        .map(|attributes| LogRecord { attributes: attributes.clone(), event_name: "e".into(), time_unix_nano: 3, ..Default::default() })
                        .collect(),
                    ..Default::default()
                }],
                ..Default::default()
            }],
        };
        let seen = read(&message.encode_to_vec()).unwrap();
        prop_assert_eq!(seen.resources, vec![expected(&resource)]);
        prop_assert_eq!(seen.scopes, vec![format!("s {}", expected(&scope))]);
        prop_assert_eq!(seen.records, records.iter().map(|r| format!("e 3 {}", expected(r))).collect::<Vec<_>>());
    }

    /// Any bytes at all end in a value or an error.
    #[test]
    fn any_bytes_are_survived(message in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&message);
        let _ = response_rejected(&message);
    }
}
