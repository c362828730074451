//! Each bound has its outcome: told, counted, and nothing known pushed out.

use ostiary_collector::facts::OperationId;
use ostiary_collector::store::{Bounds, CallsQuery, OperationsQuery, State};
use tonic::Code;

use crate::law;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{Req, id, req, requests};
use crate::support::send::Sender;
use crate::support::store;

fn batch(stream: u64, requests_: &[Req]) -> ostiary_collector::facts::Batch {
    law::batch(&requests(&id(stream), requests_))
}

fn all() -> OperationsQuery {
    OperationsQuery { limit: 1000, state: State::All, ..OperationsQuery::default() }
}

#[test]
fn operations_over_the_bound_share_one_row_and_no_known_one_leaves() {
    for store in store::each() {
        let bounds = Bounds { operations_max: 10, ..law::bounds() };
        let (mut ledger, reader) = store.open(bounds);
        for round in 0..20u64 {
            let of = |n: u64| Req { operation: Some(round * 50 + n), ..req(round * 50 + n) };
            let requests: Vec<Req> = (0..50).map(of).collect();
            ledger.commit(vec![batch(1, &requests)], 1).unwrap();
        }
        let rows = reader.operations(&all()).unwrap();
        let other = rows.iter().find(|item| item.row.operation.id == OperationId::OTHER).unwrap();
        assert_eq!((rows.len(), other.row.sums.records), (11, 990));
        // One that is known is counted on, even now.
        let known = rows.iter().find(|item| item.row.operation.id != OperationId::OTHER).unwrap().row.operation.id;
        let n = u64::from_str_radix(&known.text(), 16).unwrap();
        let again = Req { operation: Some(n), ..req(5000) };
        ledger.commit(vec![batch(1, &[again])], 1).unwrap();
        let rows = reader.operations(&all()).unwrap();
        assert_eq!(rows.iter().find(|item| item.row.operation.id == known).unwrap().row.sums.records, 2);
    }
}

#[test]
fn a_scan_fills_half_of_the_room_and_keeps_no_real_operation_out() {
    for store in store::each() {
        let bounds = Bounds { operations_max: 20, ..law::bounds() };
        let (mut ledger, reader) = store.open(bounds);
        let scan = |n: u64| Req { operation: Some(n * 2 + 1), status: 404, ..req(n) };
        ledger.commit(vec![batch(1, &(0..500).map(scan).collect::<Vec<_>>())], 1).unwrap();
        let real = |n: u64| Req { operation: Some(n * 2 + 1), ..req(n) };
        ledger.commit(vec![batch(1, &(1000..1005).map(real).collect::<Vec<_>>())], 1).unwrap();
        // What was scanned is out of the way unless asked for; what works is there, and one scanned works later.
        let shown = |state| reader.operations(&OperationsQuery { state, ..all() }).unwrap().len();
        assert_eq!((shown(State::NeverSucceeded), shown(State::Present), shown(State::All)), (10, 6, 16));
    }
}

#[test]
fn streams_over_the_bound_are_told_and_those_known_go_on() {
    let store = store::each().pop().unwrap();
    let bounds = Bounds { streams_max: 2, ..law::bounds() };
    let (mut ledger, reader) = store.open(bounds);
    let outcomes = ledger.commit(vec![batch(1, &[req(0)]), batch(2, &[req(0)]), batch(3, &[req(0)])], 1);
    let rejected: Vec<u64> = outcomes.unwrap().iter().map(|outcome| outcome.rejected.total()).collect();
    assert_eq!(rejected, [0, 0, 1]);
    let outcomes = ledger.commit(vec![batch(3, &[req(1)]), batch(2, &[req(1)])], 1).unwrap();
    assert_eq!((outcomes[0].rejected.total(), outcomes[1].folded), (1, 1));
    assert_eq!(reader.totals(1).unwrap().streams, 2);
}

#[test]
fn the_ring_of_calls_keeps_the_latest_and_its_positions_never_return() {
    let store = store::each().pop().unwrap();
    let bounds = Bounds { calls_max: 30, calls_age_ns: 1000, ..law::bounds() };
    let (mut ledger, reader) = store.open(bounds);
    for round in 0..10u64 {
        let requests: Vec<Req> = (round * 20..(round + 1) * 20).map(req).collect();
        ledger.commit(vec![batch(1, &requests)], 10).unwrap();
        ledger.tidy(10).unwrap();
    }
    let query = CallsQuery { limit: 1000, after: Some(0), ..CallsQuery::default() };
    let calls = reader.calls(&query).unwrap();
    let kept: Vec<u64> = calls.iter().map(|call| call.seq).collect();
    assert_eq!(kept, (170..200).collect::<Vec<_>>());
    let last = calls.last().unwrap().position;
    // All grow old; the next one has a place of its own.
    ledger.tidy(5000).unwrap();
    assert!(reader.calls(&query).unwrap().is_empty());
    ledger.commit(vec![batch(1, &[req(999)])], 5000).unwrap();
    assert_eq!(reader.calls(&query).unwrap()[0].position, last + 1);
}

#[test]
fn streams_forgotten_for_age_stay_in_the_totals() {
    let store = store::each().pop().unwrap();
    let bounds = Bounds { stream_age_ns: 100, ..law::bounds() };
    let (mut ledger, reader) = store.open(bounds);
    ledger.commit(vec![batch(1, &[req(0), req(5)]), batch(2, &[req(0)]), batch(2, &[req(0)])], 50).unwrap();
    ledger.commit(vec![batch(3, &[req(0)])], 140).unwrap();
    let before = reader.totals(140).unwrap();
    ledger.tidy(200).unwrap();
    let after = reader.totals(200).unwrap();
    assert_eq!((after.streams, after.forgotten, reader.streams("", 10, 200).unwrap().len()), (3, 2, 1));
    assert_eq!(
        (after.made, after.received, after.missing, after.duplicates),
        (before.made, before.received, before.missing, before.duplicates)
    );
    // What comes after all does not open closed books: it is told, and changes no sum.
    let late = ledger.commit(vec![batch(1, &[req(0), req(9)])], 201).unwrap();
    assert_eq!((late[0].folded, late[0].rejected.total()), (0, 2));
    assert_eq!(reader.totals(200).unwrap(), after);
}

#[tokio::test]
async fn a_flood_is_told_to_try_again_and_what_was_taken_stays() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--records-per-second", "10"];
    let collector = Running::start(&folder.path().join("s.sqlite"), &arguments);
    let mut sender = Sender::connect(collector.otlp).await;
    let hundred: Vec<Req> = (0..100).map(req).collect();
    // A batch larger than the rate passes once; the rest of its time is spent.
    sender.send(requests(&id(1), &hundred)).await.unwrap();
    let status = sender.send(requests(&id(1), &[req(100)])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(ask::get(collector.http, "/v1/loss")["totals"]["received"], 100);
}

#[tokio::test]
async fn exports_that_never_end_do_not_shut_others_out_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &["--exports-max", "1"]);
    let slow = Sender::connect(collector.otlp).await;
    let slow = tokio::spawn(async move {
        // It may find the place taken a few times before it has it.
        while slow.clone().begin().await.is_err() {}
    });
    let mut sender = Sender::connect(collector.otlp).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let status = loop {
        // Until the slow one has its place, this one is taken.
        if let Err(status) = sender.send(requests(&id(1), &[req(0)])).await {
            break status;
        }
        assert!(std::time::Instant::now() < deadline, "the bound is never reached");
    };
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    // The slow one goes away, and its place is free.
    slow.abort();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while sender.send(requests(&id(1), &[req(0)])).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "the place is never given back");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
