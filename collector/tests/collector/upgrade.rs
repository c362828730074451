//! A store of the first version is brought up to date when it is opened, and says what it said before.

use ostiary_collector::facts::OperationId;
use ostiary_collector::store::{CallsQuery, OperationsQuery, State, sqlite};
use ostiary_wire::attributes as names;

use crate::law;
use crate::support::records::{self, id, req};
use crate::support::store;

/// What the first version answered of its own store is what this one answers of it; what had come is still known to have come, and the
/// ring's positions go on.
#[test]
fn a_store_of_the_first_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("store_1.sql")).unwrap();
    drop(old);

    let (mut ledger, reader) = sqlite::open(&path, law::bounds()).unwrap();
    let query = OperationsQuery { limit: 10, state: State::All, descending: true, ..OperationsQuery::default() };
    let operations = reader.operations(&query).unwrap();
    let told: Vec<_> = operations
        .iter()
        .map(|item| {
            let (operation, sums) = (&item.row.operation, &item.row.sums);
            (operation.template.as_str(), sums.records, sums.classes, sums.success_ns > 0)
        })
        .collect();
    let one = |at: usize| std::array::from_fn(|class| u64::from(class == at) * 1000);
    let mixed = [0, 0, 1000, 0, 1000, 1000];
    assert_eq!(
        told,
        [
            ("/things/0/{id}", 3, mixed, true),
            ("/things/1/{id}", 2, one(2).map(|count: u64| count * 2), true),
            ("/things/3/{id}", 1, one(4), false),
        ]
    );
    let p50 = operations[1].row.sums.latency.quantile(500).unwrap();
    assert!(p50.abs_diff(3_000_000) < 30_000, "{p50}");
    let totals = reader.totals(1).unwrap();
    assert_eq!((totals.received, totals.made, totals.missing, totals.dropped), (7, 18, 11, 2));
    assert_eq!((totals.duplicates, totals.unseen, totals.streams), (1, 1, 2));
    let calls = reader.calls(&CallsQuery { after: Some(0), limit: 100, ..CallsQuery::default() }).unwrap();
    assert_eq!((calls.len(), calls.last().unwrap().position), (7, 7));
    assert_eq!(calls[0].operation, OperationId::parse(&id(0)));

    // Sent again, what had come counts no more; what is new is added to what was.
    let again = records::requests(&id(1), &[req(0), req(1), req(3)]);
    let outcome = ledger.commit(vec![law::batch(&again)], 2).unwrap();
    assert_eq!((outcome[0].folded, outcome[0].duplicates), (1, 2));
    let first = &reader.operations(&query).unwrap()[0];
    assert_eq!((first.row.operation.id.text(), first.row.sums.records), (id(0), 4));
    let calls = reader.calls(&CallsQuery { after: Some(7), limit: 100, ..CallsQuery::default() }).unwrap();
    assert_eq!(calls[0].position, 8);
    drop((ledger, reader));
    // Opened once more, it is not upgraded once more.
    let (_, reader) = sqlite::open(&path, law::bounds()).unwrap();
    assert_eq!(reader.operations(&query).unwrap()[0].row.sums.records, 4);
}

/// The second version had no data types and no names: its stores go on as they were, and count them from now on.
#[test]
fn a_store_of_the_second_version_goes_on() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(law::bounds());
        ledger.commit(vec![law::batch(&records::requests(&id(1), &[req(0), req(1)]))], 1).unwrap();
        let before = reader.totals(1).unwrap();
        drop((ledger, reader));
        store.back_to_version_2();

        let (mut ledger, reader) = store.open(law::bounds());
        assert_eq!(reader.totals(1).unwrap(), before);
        let found = records::written(&id(1), &[(1, 5), (2, records::now_ns())], |_, write| {
            records::operation(write, 0, "shop.example", "/things", false);
            write.str(&names::OPERATION_NAME, "query Get");
            write.texts(&names::DATA_TYPES, &["email"]);
        });
        let outcome = ledger.commit(vec![law::batch(&found)], 1).unwrap();
        assert_eq!((outcome[0].folded, outcome[0].duplicates), (1, 1));
        let types = reader.data_types(OperationId::parse(&id(0)).unwrap()).unwrap();
        assert_eq!(
            types.iter().map(|item| (item.name.as_str(), item.hits.records)).collect::<Vec<_>>(),
            [("email", 1)]
        );
        let query = OperationsQuery { limit: 1, text: Some("query get".to_owned()), ..OperationsQuery::default() };
        assert_eq!(reader.operations(&query).unwrap()[0].row.operation.name, "query Get");
    }
}
