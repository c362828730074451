//! Data types that were found in requests and answers: counted by operation, kept like refusals, bounded.

use ostiary_collector::facts::{Batch, OperationId};
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::intake::{Descriptions, Sampler};
use ostiary_collector::store::{Bounds, CallsQuery, Reader};
use ostiary_wire::attributes as names;
use ostiary_wire::encode::Attributes;

use crate::law;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, now_ns};
use crate::support::send::Sender;
use crate::support::store;

/// An export of calls of one operation, each with what `write` says was found.
fn export(first: u64, count: u64, operation: u64, write: impl Fn(u64, &mut Attributes<'_>)) -> Vec<u8> {
    let all: Vec<(u64, u64)> = (first..first + count).map(|seq| (seq, now_ns())).collect();
    records::written(&id(1), &all, |seq, attributes| {
        records::operation(attributes, operation, "shop.example", &format!("/things-{operation}"), false);
        write(seq, attributes);
    })
}

/// A data type's values stand for as many as their record does, a record that comes again adds nothing, one type may stand twice, what
/// is in requests is counted apart, and a family is one operation.
#[tokio::test]
async fn what_was_found_is_counted_by_operation() {
    for store in store::each() {
        let collector = Running::start(&store.argument(), &[]);
        let mut sender = Sender::connect(collector.otlp).await;
        let found = export(0, 4, 1, |seq, write| match seq {
            0 => {
                write.texts(&names::DATA_TYPES, &["payment_card", "email", "payment_card"]);
                write.counts(&names::DATA_TYPES_COUNTS, &[2, 1, 3]);
            }
            1 => {
                write.count(&names::RECORD_WEIGHT, 2_500);
                write.texts(&names::DATA_TYPES, &["payment_card"]);
            }
            // Of nothing there is nothing to tell.
            2 => {
                write.texts(&names::DATA_TYPES, &["phone", ""]);
                write.counts(&names::DATA_TYPES_COUNTS, &[0, 9]);
            }
            3 => {
                write.texts(&names::REQUEST_DATA_TYPES, &["email"]);
                write.counts(&names::REQUEST_DATA_TYPES_COUNTS, &[4]);
            }
            _ => {}
        });
        for _ in 0..2 {
            assert_eq!(sender.send(found.clone()).await.unwrap().rejected, 0);
        }
        let of = |n: u64| -> Vec<(String, u64, f64)> {
            let one = ask::get(collector.http, &format!("/v1/operations/{}", id(n)));
            let types = one["data_types"].as_array().unwrap().iter();
            types
                .map(|one| {
                    (
                        format!("{} in a {}", one["name"].as_str().unwrap(), one["in"].as_str().unwrap()),
                        one["records"].as_u64().unwrap(),
                        one["values"].as_f64().unwrap(),
                    )
                })
                .collect()
        };
        let counted = |name: &str, records: u64, values: f64| (name.to_owned(), records, values);
        let cards = counted("payment_card in a response", 2, 7.5);
        let sent = counted("email in a request", 1, 4.0);
        assert_eq!(of(1), [cards.clone(), sent.clone(), counted("email in a response", 1, 1.0)]);
        let kept = ask::get(collector.http, "/v1/calls?notable=true");
        let seqs: Vec<u64> =
            kept["items"].as_array().unwrap().iter().map(|call| call["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, [0, 1, 3]);
        let attributes = &kept["items"][0]["attributes"];
        assert_eq!(attributes["ostiary.data_types"], serde_json::json!(["payment_card", "email", "payment_card"]));
        assert_eq!(attributes["ostiary.data_types.counts"], serde_json::json!([2, 1, 3]));

        sender.send(export(4, 1, 2, |_, write| write.texts(&names::DATA_TYPES, &["email"]))).await.unwrap();
        assert_eq!(of(2), [counted("email in a response", 1, 1.0)]);
        let target = format!("{{\"target\": \"{}\"}}", id(1));
        let put = format!(
            "PUT /v1/aliases/{} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{target}",
            id(2),
            target.len()
        );
        assert_eq!(ask::raw(collector.http, &put).status, 200);
        assert_eq!(of(2), [cards, sent, counted("email in a response", 2, 2.0)]);
    }
}

/// Ordinary calls are a sample; every call in which something was found is kept beside them.
#[test]
fn findings_are_kept_where_ordinary_calls_are_sampled() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(law::bounds());
        let message = export(0, 500, 1, |seq, write| {
            if seq % 10 == 0 {
                write.texts(&names::DATA_TYPES, &["email"]);
            }
        });
        let window = Window { from_ns: 0, to_ns: u64::MAX, now_ns: 1 };
        let batch = read::batch(&message, window, &Sampler::new(1000, 0), &Descriptions::default()).unwrap();
        ledger.commit(vec![batch], 1).unwrap();
        let kept = |notable| {
            let query = CallsQuery { notable: Some(notable), limit: 1000, ..CallsQuery::default() };
            reader.calls(&query).unwrap().iter().map(|call| call.seq).collect::<Vec<u64>>()
        };
        assert_eq!(kept(true), (0..500).step_by(10).collect::<Vec<u64>>());
        assert_eq!(kept(false).len(), 4, "a few of each kind, beyond a budget of none");
    }
}

/// What is known stays, what finds no room keeps its operation, then nothing; no value is lost.
#[test]
fn data_types_over_the_bound_are_counted_without_their_names() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(Bounds { data_types_max: 10, ..law::bounds() });
        let batch = |first: u64, operation: u64, name: &dyn Fn(u64) -> String| -> Batch {
            law::batch(&export(first, 50, operation, |seq, write| {
                write.texts(&names::DATA_TYPES, &[&name(seq)]);
                write.counts(&names::DATA_TYPES_COUNTS, &[2]);
            }))
        };
        ledger.commit(vec![batch(0, 1, &|_| "email".to_owned())], 1).unwrap();
        for round in 1..30 {
            ledger.commit(vec![batch(round * 50, round, &|seq| format!("custom-{seq}"))], 1).unwrap();
            ledger.tidy(1).unwrap();
        }
        ledger.commit(vec![batch(5000, 1, &|_| "email".to_owned())], 1).unwrap();
        let all: Vec<(u64, String, u64)> =
            (1..30).flat_map(|n| told(&reader, &id(n), n)).chain(told(&reader, "other", 0)).collect();
        assert_eq!(all.iter().find(|(_, name, _)| name == "email"), Some(&(1, "email".to_owned(), 200)));
        assert_eq!(all.iter().map(|(_, _, values)| values).sum::<u64>(), 31 * 100);
        assert!(all.len() <= 21, "{all:?}");
        assert!(all.iter().any(|(operation, name, _)| (*operation, name.as_str()) == (0, "(other)")), "{all:?}");
    }
}

/// Each data type of an operation, with how many values were found.
fn told(reader: &Reader, id: &str, n: u64) -> Vec<(u64, String, u64)> {
    let types = reader.data_types(OperationId::parse(id).unwrap()).unwrap();
    types.into_iter().map(|item| (n, item.name, item.hits.weight / 1000)).collect()
}
