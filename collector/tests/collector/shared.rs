//! Two collectors on one store are one: whatever goes to which, and however often, it counts once.

use crate::support::Numbers;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, req};
use crate::support::send::Sender;
use crate::support::store;

const STREAMS: u64 = 4;
const BATCHES: u64 = 40;
const BATCH: u64 = 25;

/// Four streams send each batch to one of two collectors at random, a third of them to both at once: one inventory, exactly, whichever
/// is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_collectors_share_one_inventory_exactly() {
    for store in store::each() {
        let both = [Running::start(&store.argument(), &[]), Running::start(&store.argument(), &[])];
        let addresses = both.each_ref().map(|collector| collector.otlp);
        let stream = |stream: u64| async move {
            let mut numbers = Numbers(stream);
            let mut senders = [Sender::connect(addresses[0]).await, Sender::connect(addresses[1]).await];
            for batch in 0..BATCHES {
                let requests: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(req).collect();
                let message = records::requests(&id(stream), &requests);
                let [one, other] = &mut senders;
                match numbers.below(3) {
                    0 => drop(one.send(message).await.unwrap()),
                    1 => drop(other.send(message).await.unwrap()),
                    _ => {
                        let (one, other) = tokio::join!(one.send(message.clone()), other.send(message));
                        assert!(one.is_ok() && other.is_ok());
                    }
                }
            }
        };
        let all: Vec<_> = (0..STREAMS).map(|n| tokio::spawn(stream(n))).collect();
        for one in all {
            one.await.unwrap();
        }
        let sent = STREAMS * BATCHES * BATCH;
        for collector in &both {
            let totals = &ask::get(collector.http, "/v1/loss")["totals"];
            assert_eq!((totals["received"].as_u64(), totals["missing"].as_u64()), (Some(sent), Some(0)));
            assert!(totals["duplicates"].as_u64() > Some(0));
            for (path, list) in [("/v1/operations", "items"), ("/v1/flows", "items")] {
                let answer = ask::get(collector.http, path);
                let calls: u64 =
                    answer[list].as_array().unwrap().iter().map(|one| one["calls"].as_u64().unwrap()).sum();
                assert_eq!(calls, sent, "{path}");
            }
        }
        let inventory = both.each_ref().map(|collector| ask::get(collector.http, "/v1/operations"));
        assert_eq!(inventory[0], inventory[1]);
    }
}
