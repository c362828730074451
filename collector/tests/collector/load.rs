//! How much one collector takes, from the socket to the disk. It measures and
//! judges nothing, so it runs only when asked for:
//! `cargo test --release -p ostiary-collector --test collector -- --ignored --nocapture load`

use std::time::Instant;

use crate::support::Numbers;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{Req, id, now_ns, requests};
use crate::support::send::Sender;

const SENDERS: u64 = 4;
const BATCHES: u64 = 100;
const BATCH: u64 = 1000;

fn batches(stream: u64) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(stream);
    let mut made = 0;
    let mut batch = || -> Vec<Req> {
        let first = made;
        made += BATCH;
        let one = |seq| Req {
            seq,
            time_ns: now_ns(),
            operation: Some(numbers.below(300)),
            status: 200,
            duration_ns: numbers.below(1 << 30),
        };
        (first..made).map(one).collect()
    };
    (0..BATCHES).map(|_| requests(&id(stream), &batch())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test"]
async fn load() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s.sqlite");
    let collector = Running::start(&store, &["--records-per-second", "0"]);
    let all: Vec<Vec<Vec<u8>>> = (0..SENDERS).map(batches).collect();
    let bytes: usize = all.iter().flatten().map(Vec::len).sum();
    let started = Instant::now();
    let send = |batches: Vec<Vec<u8>>| async move {
        let mut sender = Sender::connect(collector.otlp).await;
        for batch in batches {
            sender.send(batch).await.unwrap();
        }
    };
    let senders: Vec<_> = all.into_iter().map(|batches| tokio::spawn(send(batches))).collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let took = started.elapsed().as_secs_f64();
    let records = SENDERS * BATCHES * BATCH;
    let totals = &ask::get(collector.http, "/v1/loss")["totals"];
    assert_eq!((totals["received"].as_u64(), totals["missing"].as_u64()), (Some(records), Some(0)));
    let asked = Instant::now();
    ask::get(collector.http, "/v1/operations?sort=p99&limit=1000");
    println!(
        "{records} records in {took:.2} s: {:.0} a second, {} bytes each; {} MiB of memory, {} MiB on disk, inventory in {:?}",
        records as f64 / took,
        bytes as u64 / records,
        collector.peak_mib(),
        std::fs::metadata(&store).unwrap().len() >> 20,
        asked.elapsed(),
    );
}
