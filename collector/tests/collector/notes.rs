//! What a filter noted of calls: counted by operation under its kind, once a record, bounded apart from what was found.

use ostiary_collector::facts::OperationId;
use ostiary_collector::store::Bounds;
use ostiary_wire::attributes as names;
use ostiary_wire::encode::Attributes;

use crate::law;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, now_ns};
use crate::support::send::Sender;
use crate::support::store;

fn export(count: u64, write: impl Fn(u64, &mut Attributes<'_>)) -> Vec<u8> {
    let all: Vec<(u64, u64)> = (0..count).map(|seq| (seq, now_ns())).collect();
    records::written(&id(1), &all, |seq, attributes| {
        records::operation(attributes, 1, "shop.example", "/things", false);
        write(seq, attributes);
    })
}

/// A note stands for as many calls as its record does, and a record that comes again adds nothing. A shape is told with the
/// status and whether a credential came, because the same shape to both says that none was needed.
#[tokio::test]
async fn what_was_noted_is_counted_by_operation() {
    for store in store::each() {
        let collector = Running::start(&store.argument(), &[]);
        let mut sender = Sender::connect(collector.otlp).await;
        let noted = export(3, |seq, write| {
            if seq == 1 {
                write.count(&names::RECORD_WEIGHT, 2_000);
            }
            if seq < 2 {
                write.texts(&names::CREDENTIALS, &["bearer_jwt"]);
                write.texts(&names::CREDENTIALS_VERIFIED, &["bearer_jwt"]);
            }
            write.texts(&names::SIGNS, &["plaintext", "plaintext"]);
            write.texts(&names::PARAMETERS, &["query page integer:int32"]);
            write.str(&names::RESPONSE_SHAPE, "0123456789abcdef");
            write.texts(&names::RESPONSE_FIELDS, &["$.id integer:int32"]);
        });
        for _ in 0..2 {
            assert_eq!(sender.send(noted.clone()).await.unwrap().rejected, 0);
        }
        let one = ask::get(collector.http, &format!("/v1/operations/{}", id(1)));
        let mut told: Vec<String> = one["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| {
                format!(
                    "{} {} {} {}",
                    note["kind"].as_str().unwrap(),
                    note["name"].as_str().unwrap(),
                    note["records"],
                    note["calls"]
                )
            })
            .collect();
        told.sort();
        let class =
            told.iter().find(|note| note.starts_with("credential")).unwrap().split(' ').nth(1).unwrap().to_owned();
        let status = told.iter().find(|note| note.starts_with("shape")).unwrap().split(' ').nth(1).unwrap().to_owned();
        assert_eq!(class.as_bytes()[0], status.as_bytes()[0], "{told:?}");
        assert_eq!(
            told,
            [
                format!("credential {class} bearer_jwt 2 3"),
                "field $.id integer:int32 3 4".to_owned(),
                "parameter query page integer:int32 3 4".to_owned(),
                format!("shape {status} anonymous 0123456789abcdef 1 1"),
                format!("shape {status} credited 0123456789abcdef 2 3"),
                "sign plaintext 3 4".to_owned(),
                "verified bearer_jwt 2 3".to_owned(),
            ]
        );
        assert_eq!(one["data_types"], serde_json::json!([]));
        // Notes make no call notable: they would push out refusals and findings.
        assert_eq!(ask::get(collector.http, "/v1/calls?notable=true")["items"], serde_json::json!([]));
    }
}

/// However many names a client invents, they are counted in bounded room, and keep out no data type.
#[test]
fn notes_over_the_bound_are_counted_without_their_names() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(Bounds { notes_max: 10, ..law::bounds() });
        let batch = law::batch(&export(100, |seq, write| {
            write.texts(&names::PARAMETERS, &[&*format!("query p{seq} string")]);
            if seq == 99 {
                write.texts(&names::DATA_TYPES, &["email"]);
            }
        }));
        ledger.commit(vec![batch], 1).unwrap();
        let items = |id: &str| reader.data_types(OperationId::parse(id).unwrap()).unwrap();
        let items: Vec<_> = items(&id(1)).into_iter().chain(items("other")).collect();
        let (notes, found): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.name.starts_with('+'));
        assert_eq!(found.iter().map(|item| &*item.name).collect::<Vec<_>>(), ["email"]);
        assert!(notes.len() <= 21, "{}", notes.len());
        assert_eq!(notes.iter().map(|item| item.hits.records).sum::<u64>(), 100);
    }
}
