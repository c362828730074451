//! The law of the ledger: any split, order and repetition of the same records
//! gives the same sums, in the real stores, by way of the real bytes, also when
//! two collectors take turns.

use std::collections::BTreeSet;

use ostiary_collector::facts::Batch;
use ostiary_collector::facts::OperationId;
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::intake::{Descriptions, Sampler};
use ostiary_collector::store::{Bounds, FlowsQuery, OperationsQuery, State, Totals};
use proptest::prelude::*;

use crate::support::records::{self, Req, id};
use crate::support::store::{self, Store};

const OPEN: Window = Window { from_ns: 0, to_ns: u64::MAX, now_ns: 1 };

pub fn bounds() -> Bounds {
    Bounds {
        operations_max: 1000,
        streams_max: 1000,
        calls_max: 10_000,
        calls_age_ns: u64::MAX,
        stream_age_ns: u64::MAX,
        policies_max: 100,
        flows_max: 1000,
        rules_max: 1000,
        data_types_max: 1000,
        notes_max: 1000,
        minutes_ns: u64::MAX,
        hours_ns: u64::MAX,
        days_ns: u64::MAX,
        flow_hours_ns: u64::MAX,
        flow_days_ns: u64::MAX,
    }
}

/// Reads an export as the intake does, and keeps every call.
pub fn batch(message: &[u8]) -> Batch {
    read::batch(message, OPEN, &Sampler::new(u32::MAX, u32::MAX), &Descriptions::default()).unwrap()
}

/// One record of one of three streams.
type Made = (u64, Req);

fn made() -> impl Strategy<Value = Vec<Made>> {
    let one = (
        0u64..40,
        1u64..12,
        prop::option::weighted(0.9, 0u64..6),
        prop::sample::select(vec![0u64, 200, 204, 302, 404, 503]),
        1u64..10_000_000_000,
    );
    prop::collection::vec((0u64..3, one), 1..80).prop_map(|all| {
        let mut seen = BTreeSet::new();
        all.into_iter()
            .filter(|(stream, one)| seen.insert((*stream, one.0)))
            .map(|(stream, (seq, time_ns, operation, status, duration_ns))| {
                (stream, Req { seq, time_ns, operation, status, duration_ns })
            })
            .collect()
    })
}

/// The records, and a way to deliver them: each at least once, in any order, in batches cut anywhere.
fn delivered() -> impl Strategy<Value = (Vec<Made>, Vec<Made>, Vec<usize>)> {
    made()
        .prop_flat_map(|made| {
            let again = prop::collection::vec(prop::sample::select(made.clone()), 0..40);
            (Just(made), again)
        })
        .prop_flat_map(|(made, again)| {
            let all: Vec<Made> = made.iter().copied().chain(again).collect();
            (Just(made), Just(all).prop_shuffle(), prop::collection::vec(1usize..9, 1..20))
        })
}

/// Cuts a delivery into exports; an export holds one stream's records, as a filter's does.
fn exports(all: &[Made], cuts: &[usize]) -> Vec<Batch> {
    let mut exports = Vec::new();
    let mut rest = all;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            return exports;
        }
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        rest = later;
        for stream in 0..3 {
            let requests: Vec<Req> = now.iter().filter(|made| made.0 == stream).map(|made| made.1).collect();
            if !requests.is_empty() {
                let bytes = records::requests(&id(stream), &requests);
                exports.push(batch(&bytes));
            }
        }
    }
    exports
}

/// Everything the store answers, but for when and how often it was told.
fn books(store: &Store, groups: Vec<Vec<Batch>>, collectors: usize) -> (String, Totals) {
    let mut collectors: Vec<_> = (0..collectors).map(|_| store.open(bounds())).collect();
    for (at, group) in groups.into_iter().enumerate() {
        let turn = at % collectors.len();
        collectors[turn].0.commit(group, 5).unwrap();
    }
    let reader = &collectors[0].1;
    let query = OperationsQuery { limit: 1000, state: State::All, ..OperationsQuery::default() };
    let operations = reader.operations(&query).unwrap();
    let mut streams = reader.streams("", 1000, 5).unwrap();
    for stream in &mut streams {
        stream.state.duplicates = 0;
    }
    let series: Vec<_> = (0..6)
        .map(|n| OperationId::parse(&id(n)).unwrap())
        .flat_map(|id| (0..3).map(move |level| (id, level)))
        .map(|(id, level)| reader.series(id, level, 0, 60_000_000_000).unwrap())
        .collect();
    let mut flows = reader.flows(&FlowsQuery { to_ns: u64::MAX, limit: 1000, ..FlowsQuery::default() }).unwrap();
    flows.sort_by_key(|flow| format!("{flow:?}"));
    let rules = reader.rules(1000).unwrap();
    (format!("{operations:#?}\n{streams:#?}\n{series:#?}\n{flows:#?}\n{rules:#?}"), reader.totals(5).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn split_order_and_repetition_change_no_sum(
        (made, all, cuts) in delivered(),
        group in 1usize..5,
    ) {
        let stores = store::each();
        let (plain, plain_totals) = books(&stores[0], vec![exports(&made, &[1000])], 1);
        let repeated = u64::try_from(all.len() - made.len()).unwrap();
        prop_assert_eq!(plain_totals.duplicates, 0);
        prop_assert_eq!(plain_totals.received, u64::try_from(made.len()).unwrap());
        // The same by two collectors that take turns, on a store of each kind.
        for store in store::each() {
            let groups: Vec<Vec<Batch>> = exports(&all, &cuts).chunks(group).map(<[Batch]>::to_vec).collect();
            let (cut, cut_totals) = books(&store, groups, 2);
            prop_assert_eq!(&plain, &cut);
            prop_assert_eq!(cut_totals, Totals { duplicates: repeated, ..plain_totals });
        }
    }
}
