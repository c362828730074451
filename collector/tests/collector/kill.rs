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
    let mut sender = Sender::connect(otlp).await;
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

/// Each stream's received records, and the calls of all operations.
fn books(collector: &Running) -> ([u64; 3], u64) {
    let loss = ask::get(collector.http, "/v1/loss");
    let received = [0, 1, 2].map(|stream| {
        let streams = loss["streams"].as_array().unwrap();
        let found = streams.iter().find(|known| known["stream"] == id(stream));
        found.map_or(0, |known| known["received"].as_u64().unwrap())
    });
    let operations = ask::get(collector.http, "/v1/operations");
    let items = operations["items"].as_array().unwrap();
    (received, items.iter().map(|item| item["calls"].as_u64().unwrap()).sum())
}

fn start_load(collector: &Running, logs: &Logs, seed: u64) -> Vec<tokio::task::JoinHandle<()>> {
    let one = |stream| tokio::spawn(load(collector.otlp, stream, Arc::clone(logs), seed + stream));
    (0..STREAMS).map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s.sqlite");
    let logs: Logs = Arc::default();
    let mut numbers = Numbers(17);
    let mut collector = Running::start(&store, &[]);
    for round in 0..6 {
        let load = start_load(&collector, &logs, round * 100);
        until_acknowledged(&logs, 3 + numbers.below(25)).await;
        collector.kill();
        for stream in load {
            stream.await.unwrap();
        }
        collector = Running::start(&store, &[]);
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
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s.sqlite");
    let logs: Logs = Arc::default();
    let mut collector = Running::start(&store, &[]);
    let load = start_load(&collector, &logs, 5);
    until_acknowledged(&logs, 20).await;
    collector.terminate();
    assert_eq!(collector.ended(), Some(0));
    for stream in load {
        stream.await.unwrap();
    }
    let collector = Running::start(&store, &[]);
    let (received, calls) = books(&collector);
    assert_eq!(received.iter().sum::<u64>(), calls);
    for (log, received) in logs.iter().zip(received) {
        let log = log.lock().unwrap();
        assert!(received >= log.acknowledged.len() as u64 * BATCH);
    }
}
