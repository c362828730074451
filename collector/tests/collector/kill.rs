//! Nothing that was acknowledged is lost or counted twice, whatever ends the
//! process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::Numbers;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, req};
use crate::support::send::Sender;
use crate::support::store::{self, Store};

const STREAMS: u64 = 3;
const BATCH: u64 = 40;

/// What the client knows: the batches it cut, and those that were acknowledged.
#[derive(Default)]
struct Log {
    sent: u64,
    acknowledged: BTreeSet<u64>,
}

type Logs = Arc<[Mutex<Log>; 3]>;

fn batch(stream: u64, number: u64) -> Vec<u8> {
    let requests: Vec<_> = (number * BATCH..(number + 1) * BATCH).map(req).collect();
    records::requests(&id(stream), &requests)
}

/// Sends batches until the collector is gone; repeats some that it had acknowledged.
async fn load(otlp: std::net::SocketAddr, stream: u64, logs: Logs, seed: u64) {
    let log = &logs[usize::try_from(stream).unwrap()];
    let mut numbers = Numbers(seed);
    let Some(mut sender) = Sender::try_connect(otlp).await else {
        return;
    };
    loop {
        let number = {
            let mut log = log.lock().unwrap();
            let unsure = (0..log.sent).find(|number| !log.acknowledged.contains(number));
            if let Some(unsure) = unsure {
                unsure
            } else if log.sent > 0 && numbers.below(3) == 0 {
                numbers.below(log.sent)
            } else {
                log.sent += 1;
                log.sent - 1
            }
        };
        if sender.send(batch(stream, number)).await.is_err() {
            return;
        }
        log.lock().unwrap().acknowledged.insert(number);
    }
}

fn acknowledged(logs: &Logs) -> u64 {
    logs.iter().map(|log| log.lock().unwrap().acknowledged.len() as u64).sum()
}

/// Lets the load run until `more` further batches were acknowledged.
async fn until_acknowledged(logs: &Logs, more: u64) {
    let wanted = acknowledged(logs) + more;
    let deadline = Instant::now() + Duration::from_secs(20);
    while acknowledged(logs) < wanted {
        assert!(Instant::now() < deadline, "the collector takes nothing");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Each stream's received records, and the calls of all operations, which flows and series tell too.
fn books(collector: &Running) -> ([u64; 3], u64) {
    let loss = ask::get(collector.http, "/v1/loss");
    let received = [0, 1, 2].map(|stream| {
        let streams = loss["streams"].as_array().unwrap();
        let found = streams.iter().find(|known| known["stream"] == id(stream));
        found.map_or(0, |known| known["received"].as_u64().unwrap())
    });
    let operations = ask::get(collector.http, "/v1/operations?state=all");
    let sum = |answer: &serde_json::Value, list: &str| -> u64 {
        answer[list].as_array().unwrap().iter().map(|item| item["calls"].as_u64().unwrap()).sum()
    };
    let calls = sum(&operations, "items");
    assert_eq!(sum(&ask::get(collector.http, "/v1/flows?limit=1000"), "items"), calls, "flows tell another story");
    let series = |id: &str| sum(&ask::get(collector.http, &format!("/v1/operations/{id}?by=minute&from=0")), "series");
    let items = operations["items"].as_array().unwrap();
    let by_minute: u64 = items.iter().map(|item| series(item["id"].as_str().unwrap())).sum();
    assert_eq!(by_minute, calls, "series tell another story");
    (received, calls)
}

fn start_load(collector: &Running, logs: &Logs, seed: u64) -> Vec<tokio::task::JoinHandle<()>> {
    let one = |stream| tokio::spawn(load(collector.otlp, stream, Arc::clone(logs), seed + stream));
    (0..STREAMS).map(one).collect()
}

/// Kills at random instants; where there is a server, a quarter of them on its store.
const KILLS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_under_load_lose_and_double_nothing() {
    let stores = store::each();
    let kills = if stores.len() == 1 { vec![KILLS] } else { vec![KILLS - KILLS / 4, KILLS / 4] };
    for (store, kills) in stores.iter().zip(kills) {
        kill_often(store, kills).await;
    }
}

async fn kill_often(store: &Store, kills: u64) {
    let logs: Logs = Arc::default();
    let mut numbers = Numbers(17);
    let mut collector = Running::start(&store.argument(), &[]);
    for round in 0..kills {
        let load = start_load(&collector, &logs, round * 100);
        until_acknowledged(&logs, numbers.below(12)).await;
        tokio::time::sleep(Duration::from_micros(numbers.below(10_000))).await;
        collector.kill();
        for stream in load {
            stream.await.unwrap();
        }
        collector = Running::start(&store.argument(), &[]);
        let (received, calls) = books(&collector);
        assert_eq!(received.iter().sum::<u64>(), calls, "round {round}: sums and streams differ");
        for (log, received) in logs.iter().zip(received) {
            let log = log.lock().unwrap();
            let (known, sent) = (log.acknowledged.len() as u64 * BATCH, log.sent * BATCH);
            assert!((known..=sent).contains(&received), "round {round}: {known} {received} {sent}");
        }
    }
    // After what was unsure is sent once more, everything is there exactly once.
    let mut sender = Sender::connect(collector.otlp).await;
    let mut sent = 0;
    for (stream, log) in (0..STREAMS).zip(logs.iter()) {
        let cut = log.lock().unwrap().sent;
        for number in 0..cut {
            sender.send(batch(stream, number)).await.unwrap();
        }
        sent += cut * BATCH;
    }
    let (received, calls) = books(&collector);
    assert_eq!((received.iter().sum::<u64>(), calls), (sent, sent));
    let totals = &ask::get(collector.http, "/v1/loss")["totals"];
    assert_eq!((totals["made"].as_u64(), totals["missing"].as_u64()), (Some(sent), Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_ends_in_order() {
    for store in store::each() {
        let logs: Logs = Arc::default();
        let mut collector = Running::start(&store.argument(), &[]);
        let load = start_load(&collector, &logs, 5);
        until_acknowledged(&logs, 20).await;
        // Whoever was asked holds connections for the next question.
        ask::get(collector.http, "/v1/loss");
        collector.terminate();
        assert_eq!(collector.ended(), Some(0));
        for stream in load {
            stream.await.unwrap();
        }
        let collector = Running::start(&store.argument(), &[]);
        let (received, calls) = books(&collector);
        assert_eq!(received.iter().sum::<u64>(), calls);
        for (log, received) in logs.iter().zip(received) {
            let log = log.lock().unwrap();
            assert!(received >= log.acknowledged.len() as u64 * BATCH);
        }
    }
}
