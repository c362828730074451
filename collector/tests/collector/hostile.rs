//! What a hostile or broken sender gets: an error or a partial success, and a
//! collector that still counts right.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use ostiary_collector::fold::Books;
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::intake::{Descriptions, Sampler};
use proptest::prelude::*;
use prost::Message;
use serde_json::Value as Json;
use tonic::Code;

use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, now_ns, req};
use crate::support::send::Sender;

/// What a collector that meets one hostile message after another may hold at most.
const MEMORY_MIB_MAX: u64 = 200;

const SECOND_NS: u64 = 1_000_000_000;

fn text(name: &str, value: &str) -> KeyValue {
    pair(name, Value::StringValue(value.to_owned()))
}

fn int(name: &str, value: i64) -> KeyValue {
    pair(name, Value::IntValue(value))
}

fn pair(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A record that would be taken, with `change` applied.
fn record(seq: i64, change: impl FnOnce(&mut LogRecord)) -> LogRecord {
    let mut record = LogRecord {
        time_unix_nano: now_ns(),
        event_name: "ostiary.request".to_owned(),
        attributes: vec![
            int("ostiary.stream.seq", seq),
            text("ostiary.operation.id", &id(7)),
            int("http.response.status_code", 200),
        ],
        ..LogRecord::default()
    };
    change(&mut record);
    record
}

fn message(resource: Vec<KeyValue>, records: Vec<LogRecord>) -> Vec<u8> {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes: resource, ..Resource::default() }),
            scope_logs: vec![ScopeLogs { log_records: records, ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }],
    }
    .encode_to_vec()
}

fn ours(stream: u64, records: Vec<LogRecord>) -> Vec<u8> {
    let resource = vec![text("service.name", "ostiary-filter"), text("ostiary.stream.id", &id(stream))];
    message(resource, records)
}

/// Each case: its name, the message, and what the partial success says.
fn rejected() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let changed = |change: &dyn Fn(&mut LogRecord)| ours(1, vec![record(0, change)]);
    let replaced = |name: &'static str, value: Value| {
        changed(&|record| {
            record.attributes.retain(|pair| pair.key != name);
            record.attributes.push(pair(name, value.clone()));
        })
    };
    let items = |count: usize, item: Value| {
        Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(item) }; count] })
    };
    let word = |length: usize| Value::StringValue("x".repeat(length));
    vec![
        ("sequence as text", replaced("ostiary.stream.seq", Value::StringValue("1".into())), "bad_value 1"),
        ("sequence below zero", replaced("ostiary.stream.seq", Value::IntValue(-1)), "bad_value 1"),
        ("sequence without end", replaced("ostiary.stream.seq", Value::IntValue(i64::MAX)), "bad_value 1"),
        ("no sequence", changed(&|record| drop(record.attributes.remove(0))), "no_sequence 1"),
        ("status as text", replaced("http.response.status_code", Value::StringValue("200".into())), "bad_value 1"),
        ("status below zero", replaced("http.response.status_code", Value::IntValue(-5)), "bad_value 1"),
        ("operation as list", replaced("ostiary.operation.id", items(0, word(1))), "bad_value 1"),
        ("operation not an id", replaced("ostiary.operation.id", Value::StringValue("orders".into())), "bad_value 1"),
        ("seen as number", replaced("ostiary.request.seen", Value::IntValue(1)), "bad_value 1"),
        ("template beyond its bound", replaced("url.template", Value::StringValue("/x".repeat(400))), "bad_value 1"),
        ("data types as text", replaced("ostiary.data_types", word(5)), "bad_value 1"),
        ("too many data types", replaced("ostiary.data_types", items(33, word(1))), "bad_value 1"),
        ("a data type beyond its bound", replaced("ostiary.data_types", items(1, word(65))), "bad_value 1"),
        ("a data type as number", replaced("ostiary.data_types", items(1, Value::IntValue(1))), "bad_value 1"),
        ("a data type as list", replaced("ostiary.data_types", items(1, items(1, word(1)))), "bad_value 1"),
        ("a count as text", replaced("ostiary.data_types.counts", items(1, word(1))), "bad_value 1"),
        (
            "a count below zero",
            changed(&|record| {
                record.attributes.push(pair("ostiary.data_types", items(1, word(1))));
                record.attributes.push(pair("ostiary.data_types.counts", items(1, Value::IntValue(-1))));
            }),
            "bad_value 1",
        ),
        ("clock in 1970", changed(&|record| record.time_unix_nano = 5 * SECOND_NS), "too_old 1"),
        ("clock in 2100", changed(&|record| record.time_unix_nano = 4_102_444_800 * SECOND_NS), "too_new 1"),
        ("clock at its end", changed(&|record| record.time_unix_nano = u64::MAX), "too_new 1"),
        ("unknown event", changed(&|record| record.event_name = "ostiary.dance".into()), "unknown_event 1"),
        ("not ours", message(vec![text("service.name", "shop")], vec![record(0, |_| {}); 3]), "foreign 3"),
        ("no resource", message(vec![], vec![record(0, |_| {})]), "foreign 1"),
        ("no stream", message(vec![text("service.name", "ostiary-filter")], vec![record(0, |_| {})]), "no_stream 1"),
        (
            "stream not an id",
            message(
                vec![text("service.name", "ostiary-filter"), text("ostiary.stream.id", "ABC")],
                vec![record(0, |_| {})],
            ),
            "no_stream 1",
        ),
    ]
}

#[tokio::test]
async fn a_bad_record_costs_itself_alone_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    for (name, message, says) in rejected() {
        let reply = sender.send(message).await.unwrap_or_else(|status| panic!("{name}: {status}"));
        assert_eq!(reply.message, format!("records not taken: {says}"), "{name}");
    }
    // A call that took nine days and ended now is not late; one without a clock happened now.
    let long = record(0, |record| {
        record.time_unix_nano = now_ns() - 9 * 86_400 * SECOND_NS;
        record.attributes.push(int("ostiary.request.duration", 9 * 86_400 * 1_000_000_000));
    });
    let clockless = record(1, |record| record.time_unix_nano = 0);
    assert_eq!(sender.send(ours(3, vec![long, clockless])).await.unwrap().rejected, 0);
    // A good record between two bad ones is counted.
    let mixed = vec![
        record(10, |record| record.time_unix_nano = 1),
        record(11, |_| {}),
        record(12, |record| record.attributes.push(int("http.response.status_code", -1))),
    ];
    let reply = sender.send(ours(2, mixed)).await.unwrap();
    assert_eq!((reply.rejected, reply.message.as_str()), (2, "records not taken: bad_value 1, too_old 1"));
    let loss = ask::get(collector.http, "/v1/loss");
    let stream = loss["streams"].as_array().unwrap().iter().find(|s| s["stream"] == id(2)).unwrap();
    // Numbers 0 to 9 never came; 10 and 12 came and could not be taken.
    for (name, want) in [("made", 13), ("received", 1), ("rejected", 2), ("missing", 10)] {
        assert_eq!(stream[name], want, "{name} of {stream}");
    }
    assert_eq!(calls(&collector), 3);
    let metrics = ask::get_with(collector.http, "/metrics", "").body;
    assert!(metrics.contains("ostiary_collector_rejected_total{reason=\"foreign\"} 4\n"), "{metrics}");
}

#[tokio::test]
async fn what_is_no_message_is_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    let whole = records::requests(&id(1), &(0..50).map(req).collect::<Vec<_>>());
    let many = |count: usize| ours(1, vec![record(0, |record| record.attributes.extend(vec![int("x", 1); count]))]);
    let mut cases = vec![
        ("truncated", whole[..whole.len() - 7].to_vec()),
        ("a gigabyte claimed", vec![0x0a, 0x80, 0x80, 0x80, 0x80, 0x04]),
        ("a length beyond 64 bits", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        ("noise", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("a hundred thousand attributes", many(100_000)),
        ("too many records", ours(1, vec![LogRecord::default(); 20_001])),
        ("larger than the bound", vec![0; 4 * 1024 * 1024 + 1]),
    ];
    cases.push(("a million attributes", many(1_000_000)));
    for (name, message) in cases {
        let status = sender.send(message).await.expect_err(name);
        assert_eq!(status.code(), Code::InvalidArgument, "{name}: {status}");
        assert!(!status.message().is_empty(), "{name}");
    }
    let elsewhere = sender.send_to("/opentelemetry.proto.collector.trace.v1.TraceService/Export", vec![]).await;
    assert_eq!(elsewhere.unwrap_err().code(), Code::Unimplemented);
    // Nothing of a refused message is counted, and the next one is.
    assert_eq!(calls(&collector), 0);
    sender.send(whole).await.unwrap();
    assert_eq!(calls(&collector), 50);
    assert!(collector.peak_mib() < MEMORY_MIB_MAX, "{} MiB", collector.peak_mib());
}

#[tokio::test]
async fn compressed_messages_are_taken_and_bombs_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await.gzip();
    sender.send(records::requests(&id(1), &(0..100).map(req).collect::<Vec<_>>())).await.unwrap();
    assert_eq!(calls(&collector), 100);
    // A gigabyte of zeros would be a megabyte on the way; 64 MiB already shows it.
    let status = sender.send(vec![0; 64 * 1024 * 1024]).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    // Within the limits it is unpacked: two million empty resources hold nothing of ours.
    let reply = sender.send([0x0a, 0x00].repeat(2_000_000)).await.unwrap();
    assert_eq!(reply.rejected, 0);
    // The most that fits of empty records is taken apart, and every one is told.
    let reply = sender.send(ours(3, vec![LogRecord::default(); 20_000])).await.unwrap();
    assert_eq!(reply.rejected, 20_000);
    // As many findings as fit, each of another name: all are counted, few by their names.
    let name = |n: usize| AnyValue { value: Some(Value::StringValue(format!("{n:x}"))) };
    let found = |seq: usize| {
        let values = (seq * 32..seq * 32 + 32).map(name).collect();
        record(seq as i64, |record| {
            record.attributes.push(pair("ostiary.data_types", Value::ArrayValue(ArrayValue { values })))
        })
    };
    let reply = sender.send(ours(4, (0..9_000).map(found).collect())).await.unwrap();
    assert_eq!((reply.rejected, calls(&collector)), (0, 9_100));
    let types = ask::get(collector.http, &format!("/v1/operations/{}", id(7)))["data_types"].clone();
    let values = types.as_array().unwrap().iter().map(|one| one["values"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((values, types[0]["name"].as_str()), (9_000 * 32 - 20_000 + 999, Some("(other)")));
    assert!(collector.peak_mib() < MEMORY_MIB_MAX, "{} MiB", collector.peak_mib());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any damage to a good export ends in an error, or in records that the ledger takes and
    /// counts no more of than came.
    #[test]
    fn damaged_exports_never_break_the_ledger(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut message = records::requests(&id(1), &(0..4).map(req).collect::<Vec<_>>());
        for (at, byte) in damage {
            let at = at.index(message.len());
            message[at] = byte;
        }
        if let Some(cut) = cut {
            message.truncate(cut.index(message.len()));
        }
        let open = Window { from_ns: 0, to_ns: u64::MAX, now_ns: 1 };
        if let Ok(batch) = read::batch(&message, open, &Sampler::new(10, 10), &Descriptions::default()) {
            let mut books = Books { streams_left: 10, ..Books::default() };
            let outcome = books.fold(batch, 1);
            prop_assert!(outcome.folded + outcome.duplicates + outcome.rejected.total() <= 4);
        }
    }
}

fn calls(collector: &Running) -> u64 {
    let operations = ask::get(collector.http, "/v1/operations?state=all");
    operations["items"].as_array().unwrap().iter().map(|item: &Json| item["calls"].as_u64().unwrap()).sum()
}
