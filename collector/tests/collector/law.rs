//! The law of the ledger: any split, order and repetition of the same records
//! gives the same sums, in the real store, by way of the real bytes.

use std::collections::BTreeSet;

use ostiary_collector::facts::Batch;
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::store::sqlite;
use ostiary_collector::store::{Answers, Bounds, Ledger, OperationsQuery, Totals};
use proptest::prelude::*;

use crate::support::records::{self, Req, id};

const OPEN: Window = Window { from_ns: 0, to_ns: u64::MAX, now_ns: 1 };

pub fn bounds() -> Bounds {
    Bounds {
        operations_max: 1000,
        streams_max: 1000,
        calls_max: 10_000,
        calls_age_ns: u64::MAX,
        stream_age_ns: u64::MAX,
        policies_max: 100,
    }
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
                exports.push(read::batch(&bytes, OPEN).unwrap());
            }
        }
    }
    exports
}

/// Everything the store answers, but for when and how often it was told.
fn books(groups: &[Vec<Batch>]) -> (String, Totals) {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, reader) = sqlite::open(&folder.path().join("s.sqlite"), bounds()).unwrap();
    for group in groups {
        ledger.commit(group, 5).unwrap();
    }
    let query = OperationsQuery { limit: 1000, ..OperationsQuery::default() };
    let operations = reader.operations(&query).unwrap();
    let mut streams = reader.streams("", 1000, 5).unwrap();
    for stream in &mut streams {
        stream.state.duplicates = 0;
    }
    (format!("{operations:#?}\n{streams:#?}"), reader.totals(5).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn split_order_and_repetition_change_no_sum(
        (made, all, cuts) in delivered(),
        group in 1usize..5,
    ) {
        let (plain, plain_totals) = books(&[exports(&made, &[1000])]);
        let groups: Vec<Vec<Batch>> =
            exports(&all, &cuts).chunks(group).map(<[Batch]>::to_vec).collect();
        let (cut, cut_totals) = books(&groups);
        prop_assert_eq!(plain, cut);
        let repeated = u64::try_from(all.len() - made.len()).unwrap();
        prop_assert_eq!(plain_totals.duplicates, 0);
        prop_assert_eq!(cut_totals, Totals { duplicates: repeated, ..plain_totals });
        prop_assert_eq!(plain_totals.received, u64::try_from(made.len()).unwrap());
    }
}
