//! What grows old becomes coarser and smaller, and no sum changes by it; what comes late lands where it belongs.

use ostiary_collector::facts::OperationId;
use ostiary_collector::fold::Hits;
use ostiary_collector::store::{Bounds, FlowsQuery, Ledger, OperationsQuery, Reader, State};
use ostiary_wire::attributes as names;

use crate::law;
use crate::support::Numbers;
use crate::support::records::{self, Req, id, req};
use crate::support::store;

const MINUTE_NS: u64 = 60_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;
const DAY_NS: u64 = 24 * HOUR_NS;

/// A day in 2026, at noon.
const NOON_NS: u64 = 20_500 * DAY_NS + 12 * HOUR_NS;

fn bounds() -> Bounds {
    Bounds {
        minutes_ns: 2 * HOUR_NS,
        hours_ns: 3 * DAY_NS,
        days_ns: 30 * DAY_NS,
        flow_hours_ns: 2 * DAY_NS,
        flow_days_ns: 30 * DAY_NS,
        ..law::bounds()
    }
}

fn at(seq: u64, time_ns: u64) -> Req {
    Req { seq, time_ns, operation: Some(1), status: 200, duration_ns: 1_000_000 * (seq % 7 + 1) }
}

fn commit(ledger: &mut Ledger, requests: &[Req], now_ns: u64) {
    ledger.commit(vec![law::batch(&records::requests(&id(1), requests))], now_ns).unwrap();
}

fn points(reader: &Reader, level: u64, now_ns: u64) -> Vec<(u64, u64)> {
    let series = reader.series(OperationId::parse(&id(1)).unwrap(), level, now_ns - 40 * DAY_NS, now_ns).unwrap();
    series.iter().map(|point| (point.start_ns, point.sums.records)).collect()
}

fn flows(reader: &Reader, now_ns: u64) -> u64 {
    let query = FlowsQuery { from_ns: now_ns - 40 * DAY_NS, to_ns: now_ns, limit: 1000, ..FlowsQuery::default() };
    reader.flows(&query).unwrap().iter().map(|flow| flow.hits.records).sum()
}

/// A call every ten minutes for five days, tidied as time goes by: what series by the minute, hour and day tell together is every call,
/// each on the level of its age, and quantiles survive the merging.
#[test]
fn minutes_become_hours_and_days_and_no_call_is_lost() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(bounds());
        let begin = NOON_NS - 5 * DAY_NS;
        let calls: Vec<Req> = (0..720).map(|n| at(n, begin + n * 10 * MINUTE_NS)).collect();
        for some in calls.chunks(90) {
            let now_ns = some.last().unwrap().time_ns;
            commit(&mut ledger, some, now_ns);
            ledger.tidy(now_ns).unwrap();
        }
        ledger.tidy(NOON_NS).unwrap();
        let sum = |points: &[(u64, u64)]| points.iter().map(|(_, records)| records).sum::<u64>();
        let (minutes, hours, days) =
            (points(&reader, 0, NOON_NS), points(&reader, 1, NOON_NS), points(&reader, 2, NOON_NS));
        // Minutes go back to the hour that began two hours ago, hours to the day that began three days ago.
        assert_eq!(minutes.first().unwrap().0, NOON_NS - 2 * HOUR_NS);
        assert_eq!(hours.first().unwrap().0, (NOON_NS - 3 * DAY_NS) / DAY_NS * DAY_NS);
        assert_eq!((sum(&minutes), sum(&days)), (12, 720));
        assert_eq!(sum(&hours), hours.len() as u64 * 6);
        assert_eq!(flows(&reader, NOON_NS), 720);
        let series = reader.series(OperationId::parse(&id(1)).unwrap(), 2, begin, NOON_NS).unwrap();
        let mut merged = ostiary_collector::sums::Sums::default();
        series.iter().for_each(|point| merged.merge(&point.sums));
        let all = OperationsQuery { limit: 10, state: State::All, ..OperationsQuery::default() };
        assert_eq!(merged, reader.operations(&all).unwrap()[0].row.sums);

        // A batch that comes late lands in its hour or day, beside what is there; sent again it counts no more.
        let late = [at(2000, NOON_NS - 3 * HOUR_NS), at(2001, NOON_NS - 4 * DAY_NS), at(2002, NOON_NS)];
        commit(&mut ledger, &late, NOON_NS);
        commit(&mut ledger, &late, NOON_NS);
        let grown = |level, time_ns: u64, unit: u64, before: &[(u64, u64)]| {
            let start = time_ns / unit * unit;
            let find =
                |points: &[(u64, u64)]| points.iter().find(|(at, _)| *at == start).map_or(0, |(_, count)| *count);
            find(&points(&reader, level, NOON_NS)) - find(before)
        };
        assert_eq!(grown(1, late[0].time_ns, HOUR_NS, &hours), 1);
        assert_eq!(grown(2, late[1].time_ns, DAY_NS, &days), 1);
        assert_eq!(grown(0, late[2].time_ns, MINUTE_NS, &minutes), 1);
        ledger.tidy(NOON_NS).unwrap();
        assert_eq!(sum(&points(&reader, 2, NOON_NS)), 723);
        assert_eq!(flows(&reader, NOON_NS), 723);

        // A month later the series is gone, and what was ever counted is not.
        let later = NOON_NS + 60 * DAY_NS;
        for _ in 0..3 {
            ledger.tidy(later).unwrap();
        }
        assert!(points(&reader, 2, later).is_empty());
        assert_eq!(reader.operations(&all).unwrap()[0].row.sums.records, 723);
    }
}

/// The rows of a collector that is gone are rolled up by another, and those of one that lives are left alone.
#[test]
fn what_a_collector_left_behind_is_rolled_up_by_another() {
    for store in store::each() {
        let (mut first, _) = store.open(bounds());
        let (mut second, reader) = store.open(bounds());
        commit(&mut first, &[at(0, NOON_NS - 5 * HOUR_NS), at(1, NOON_NS - MINUTE_NS)], NOON_NS - 5 * HOUR_NS);
        first.tidy(NOON_NS - 5 * HOUR_NS).unwrap();
        commit(&mut second, &[at(2, NOON_NS - 5 * HOUR_NS)], NOON_NS - 5 * HOUR_NS);
        drop(first);
        // The server may take a moment to see that a connection is gone.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while points(&reader, 0, NOON_NS).len() > 1 {
            second.tidy(NOON_NS).unwrap();
            assert!(std::time::Instant::now() < deadline, "minutes stay: {:?}", points(&reader, 0, NOON_NS));
        }
        let hours = points(&reader, 1, NOON_NS);
        assert_eq!(hours, [(NOON_NS - 5 * HOUR_NS, 2), (NOON_NS - HOUR_NS, 1)]);
    }
}

/// However many callers there are, an hour has so many flows, and what is over keeps its operation, then nothing but its verdict.
#[test]
fn callers_over_the_bound_are_counted_without_their_names() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(Bounds { flows_max: 10, ..bounds() });
        let mut numbers = Numbers(3);
        for round in 0..20u64 {
            let all: Vec<(u64, u64)> = (round * 100..round * 100 + 100).map(|seq| (seq, NOON_NS)).collect();
            let message = records::written(&id(1), &all, |seq, write| {
                records::operation(write, seq % 15, "shop.example", "/things", false);
                write.str(&names::CALLER_ID, &format!("caller-{seq}"));
                write.str(&names::CLIENT_ADDRESS, &format!("192.{}.{}.1", seq % 256, seq / 256));
            });
            ledger.commit(vec![law::batch(&message)], NOON_NS).unwrap();
            if numbers.below(3) == 0 {
                ledger.tidy(NOON_NS).unwrap();
            }
        }
        let query = FlowsQuery { from_ns: NOON_NS, to_ns: NOON_NS, limit: 1000, ..FlowsQuery::default() };
        let flows = reader.flows(&query).unwrap();
        assert!(flows.len() <= 21, "{} flows", flows.len());
        assert_eq!(flows.iter().map(|flow| flow.hits.records).sum::<u64>(), 2000);
        let named = |caller: &str| flows.iter().filter(|flow| flow.party.caller == caller).count();
        assert_eq!((named("(other)"), flows.len()), (flows.len() - 10, 21));
    }
}

/// A record of a sampled stream stands for several calls everywhere, and is one record.
#[test]
fn sampled_records_weigh_what_they_stand_for() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(bounds());
        let message = records::written(&id(1), &[(0, NOON_NS), (1, NOON_NS)], |seq, write| {
            records::operation(write, 1, "shop.example", "/things", false);
            write.count(&names::RECORD_WEIGHT, [10_000, 2_500][seq as usize]);
            write.str(&names::WOULD_VERDICT, "deny");
            write.str(&names::WOULD_RULE_NAME, "office-only");
        });
        ledger.commit(vec![law::batch(&message)], NOON_NS).unwrap();
        let operation = &reader.operations(&OperationsQuery { limit: 1, ..OperationsQuery::default() }).unwrap()[0];
        assert_eq!((operation.row.sums.records, operation.row.sums.weight()), (2, 12_500));
        assert_eq!(operation.row.sums.refused, [0, 12_500]);
        let rules = reader.rules(10).unwrap();
        assert_eq!((rules[0].rule.name.as_str(), rules[0].rule.would_be), ("office-only", true));
        assert_eq!(rules[0].hits, Hits { records: 2, weight: 12_500, last_ns: NOON_NS });
    }
}

/// Text that not every store can hold is told in another way, and fails no commit.
#[test]
fn a_nul_in_a_name_fails_no_commit() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(bounds());
        let message = records::written(&id(1), &[(0, NOON_NS)], |_, write| {
            records::operation(write, 1, "shop.example", "/nul\0/{id}", false);
            write.str(&names::REQUEST_ID, "\0");
            write.str(&names::CALLER_ID, "a\0b");
            write.str(&names::RESPONSE_SHAPE, "a\0b");
            write.str(&names::CALL_DIRECTION, "\0");
            write.str(&names::VERDICT, "deny");
            write.str(&names::RULE_NAME, "\0");
        });
        ledger.commit(vec![law::batch(&message), law::batch(&records::requests(&id(2), &[req(0)]))], NOON_NS).unwrap();
        let query = OperationsQuery { text: Some("nul".to_owned()), limit: 1, ..OperationsQuery::default() };
        assert_eq!(reader.operations(&query).unwrap()[0].row.operation.template, "/nul\u{fffd}/{id}");
    }
}

/// A quota is told by its own name, as a rule is, also where it would only have refused.
#[test]
fn hits_of_quotas_stand_under_their_names() {
    for store in store::each() {
        let (mut ledger, reader) = store.open(bounds());
        let message = records::written(&id(1), &[(0, NOON_NS), (1, NOON_NS), (2, NOON_NS)], |seq, write| {
            records::operation(write, 1, "shop.example", "/things", false);
            let is_enforced = seq != 1;
            write.str(&names::VERDICT, if is_enforced { "deny" } else { "permit" });
            write.str(&names::WOULD_VERDICT, "deny");
            write.str(&names::REFUSAL, if is_enforced { "quota.exceeded" } else { "" });
            write.str(&names::WOULD_REFUSAL, "quota.exceeded");
            write.str(&names::QUOTA_NAME, if is_enforced { "per-client" } else { "" });
            write.str(&names::WOULD_QUOTA_NAME, if is_enforced { "per-client" } else { "guessing" });
        });
        ledger.commit(vec![law::batch(&message)], NOON_NS).unwrap();
        let told: Vec<(String, bool, u64)> = reader
            .rules(10)
            .unwrap()
            .into_iter()
            .map(|one| (one.rule.name, one.rule.would_be, one.hits.records))
            .collect();
        assert_eq!(told, [("per-client".to_owned(), false, 2), ("guessing".to_owned(), true, 1)]);
    }
}
