//! How much one collector takes in, and how much room it needs. It measures and judges nothing: `make bench-collector` runs it on one
//! core and on two, for a file and for a server.
//!
//! `rate`: exports as a filter writes them (a thousand records of some thirty attributes, 3,000 operations, some popular), decoded,
//! folded and committed to disk. Two threads decode and commit side by side, as the collector's own do.
//! `month`: thirty days of operations called five times a minute, tidied as time goes by; the room is measured and multiplied up.
//! `flood`: a million random paths, hosts and callers, and what they leave behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement: what cannot go on should say where"
)]

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use ostiary_collector::facts::{
    Batch, Call, Entry, Operation, OperationId, Party, Prefix, Source, Vantage, Verdict, Word,
};
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::intake::{Descriptions, Sampler};
use ostiary_collector::store::{Bounds, Ledger, OperationsQuery, Reader, State, postgres, sqlite};
use ostiary_wire::Event;
use ostiary_wire::attributes as names;
use ostiary_wire::encode::{Attributes, Batch as Export, Head, Progress, Resource, Trace};

const STREAMS: u64 = 8;
const EXPORTS: u64 = 400;
const RECORDS: u64 = 1000;
const OPERATIONS: u64 = 3000;
/// What one transaction takes, as the collector's writer groups them.
const GROUP: usize = 50;
/// Operations of the month, and by how much the room is multiplied.
const MONTH_OPERATIONS: u64 = 60;
const MONTH_TIMES: u64 = OPERATIONS / MONTH_OPERATIONS;
const MINUTE_NS: u64 = 60_000_000_000;
/// A time in 2026.
const NOW_NS: u64 = 1_795_000_000_000_000_000;

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn bounds() -> Bounds {
    let hour_ns = 60 * MINUTE_NS;
    Bounds {
        operations_max: 100_000,
        streams_max: 100_000,
        calls_max: 50_000,
        calls_age_ns: 24 * hour_ns,
        stream_age_ns: 8 * 24 * hour_ns,
        policies_max: 10_000,
        flows_max: 20_000,
        rules_max: 50_000,
        data_types_max: 50_000,
        notes_max: 200_000,
        minutes_ns: 24 * hour_ns,
        hours_ns: 35 * 24 * hour_ns,
        days_ns: 400 * 24 * hour_ns,
        flow_hours_ns: 48 * hour_ns,
        flow_days_ns: 90 * 24 * hour_ns,
    }
}

/// The store that is measured: a server's where there is one and it is asked for, else a file.
struct Place {
    folder: tempfile::TempDir,
    server: Option<String>,
}

impl Place {
    fn open(&self) -> (Ledger, Reader) {
        match &self.server {
            Some(server) => postgres::open(server, None, bounds()).unwrap(),
            None => sqlite::open(&self.folder.path().join("s.sqlite"), bounds()).unwrap(),
        }
    }

    /// What a server does by itself within a day of its own time, which here passes in seconds.
    fn clean(&self) {
        if let Some(server) = &self.server {
            let mut client = ::postgres::Client::connect(server, ::postgres::NoTls).unwrap();
            client.batch_execute("VACUUM").unwrap();
        }
    }

    fn bytes(&self) -> u64 {
        match &self.server {
            Some(server) => {
                let mut client = ::postgres::Client::connect(server, ::postgres::NoTls).unwrap();
                client.batch_execute("CHECKPOINT").unwrap();
                let row = client.query_one("SELECT pg_database_size(current_database())", &[]).unwrap();
                row.get::<_, i64>(0).unsigned_abs()
            }
            None => std::fs::metadata(self.folder.path().join("s.sqlite")).unwrap().len(),
        }
    }
}

/// As a filter writes them.
fn write(write: &mut Attributes<'_>, seq: u64, numbers: &mut Numbers) {
    // Some operations are called much, most of them little.
    let operation = numbers.below(OPERATIONS) * numbers.below(1000) / 1000;
    let refused = numbers.below(200) == 0;
    write.count(&names::STREAM_SEQ, seq);
    write.str(&names::REQUEST_ID, &format!("{:08x}-7f5b-4f5c-9f6f-{seq:012x}", numbers.below(1 << 31)));
    write.bool(&names::REQUEST_SEEN, true);
    write.str(&names::OPERATION_ID, &format!("{operation:032x}"));
    write.bool(&names::OPERATION_DECLARED, operation.is_multiple_of(2));
    write.str(&names::OPERATION_PROTOCOL, "rest");
    write.str(&names::OPERATION_HOST, "shop.example");
    write.str(&names::API_NAME, "orders");
    write.str(&names::METHOD, "GET");
    write.str(&names::TEMPLATE, &format!("/v1/things-{operation}/{{id}}/lines"));
    write.str(&names::SCHEME, "https");
    write.str(&names::HOST, "shop.example");
    write.str(&names::PROTOCOL_VERSION, "2");
    write.str(&names::TLS_VERSION, "1.3");
    write.str(&names::CLIENT_ADDRESS, &format!("192.0.2.{}", numbers.below(250)));
    write.str(&names::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    write.str(&names::CALLER_ID, ["acme", "initech", "globex"][numbers.below(3) as usize]);
    write.str(&names::CREDENTIAL_KIND, "api_key");
    write.str(&names::COUNTRY, "DE");
    write.count(&names::STATUS, if refused { 403 } else { 200 });
    write.str(&names::ANSWERED_BY, "upstream");
    write.str(&names::RESPONSE_DETAILS, "via_upstream");
    write.str(&names::UPSTREAM_CLUSTER, "shop");
    write.str(&names::ROUTE_NAME, "default");
    write.count(&names::REQUEST_BODY_SIZE, numbers.below(1000));
    write.count(&names::RESPONSE_BODY_SIZE, numbers.below(20_000));
    write.count(&names::DURATION, duration(numbers));
    write.str(&names::VERDICT, if refused { "deny" } else { "permit" });
    write.str(&names::WOULD_VERDICT, if refused { "deny" } else { "permit" });
    write.str(&names::POLICY_REVISION, "0123456789ab");
    write.str(&names::INSPECTION, "none");
}

/// Most are short, a few very long.
fn duration(numbers: &mut Numbers) -> u64 {
    let tail = numbers.below(8);
    (500_000 + numbers.below(9_000_000)) << (tail * tail / 8)
}

fn exports() -> Vec<Vec<u8>> {
    let mut numbers = Numbers(1);
    let trace = Trace::from_traceparent(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let mut made = vec![0u64; STREAMS as usize];
    (0..EXPORTS)
        .map(|export| {
            let stream = export % STREAMS;
            let resource = Resource::new(|write| {
                write.str(&names::SERVICE_NAME, ostiary_wire::SCOPE);
                write.str(&names::SERVICE_VERSION, "0.1.0");
                write.str(&names::STREAM_ID, &format!("{stream:032x}"));
                write.str(&names::NODE_ID, "edge-1");
                write.str(&names::VANTAGE, "gateway");
            });
            let mut batch = Export::new();
            let first = made[stream as usize];
            for seq in first..first + RECORDS {
                let time_ns = NOW_NS + export * 1_000_000;
                let head = Head { event: Event::Request, time_ns, observed_ns: time_ns, trace };
                batch.record(&head, |attributes| write(attributes, seq, &mut numbers));
            }
            made[stream as usize] += RECORDS;
            batch.seal(&resource, Progress { made: first + RECORDS, dropped: 0 })
        })
        .collect()
}

fn rate(place: &Place, cores: usize) {
    let exports = exports();
    let bytes: usize = exports.iter().map(Vec::len).sum();
    let (mut ledger, reader) = place.open();
    let window = Window { from_ns: 0, to_ns: u64::MAX, now_ns: NOW_NS };
    let (sampler, descriptions) = (Sampler::new(1000, 500), Descriptions::default());
    let started = Instant::now();
    let before_s = cpu_s();
    let (mut decoding_s, mut groups) = (0.0, 0);
    if cores == 1 {
        for group in exports.chunks(GROUP) {
            let batches =
                group.iter().map(|message| read::batch(message, window, &sampler, &descriptions).unwrap()).collect();
            ledger.commit(batches, NOW_NS).unwrap();
            groups += 1;
        }
    } else {
        let (send, take) = sync_channel::<Batch>(GROUP);
        std::thread::scope(|scope| {
            let decoder = scope.spawn(|| {
                let send = send;
                let before_s = cpu_s();
                exports.iter().for_each(|message| {
                    send.send(read::batch(message, window, &sampler, &descriptions).unwrap()).unwrap()
                });
                cpu_s() - before_s
            });
            while let Ok(first) = take.recv() {
                let batches: Vec<Batch> = std::iter::once(first).chain(take.try_iter().take(GROUP - 1)).collect();
                ledger.commit(batches, NOW_NS).unwrap();
                groups += 1;
            }
            decoding_s = decoder.join().unwrap();
        });
    }
    let took = started.elapsed().as_secs_f64();
    let own_s = cpu_s() - before_s;
    let records = EXPORTS * RECORDS;
    assert_eq!(reader.totals(NOW_NS).unwrap().received, records);
    println!(
        "rate: {} on {cores}: {:.0} records a second ({records} of {} bytes in {took:.2} s; {own_s:.2} s of processor time for {}, {decoding_s:.2} s for decoding beside it, {groups} commits)",
        kind(place),
        records as f64 / took,
        bytes as u64 / records,
        if cores == 1 { "all of it" } else { "folding and committing" },
    );
}

/// Processor time of this thread: on a machine that others use too, it tells more than the clock.
fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn kind(place: &Place) -> &'static str {
    if place.server.is_some() { "postgresql" } else { "sqlite" }
}

/// Facts as the reader makes them; encoding a month of exports would measure the encoder.
struct Maker {
    operations: Vec<Arc<Operation>>,
    source: Source,
    seq: u64,
    numbers: Numbers,
    /// What was called in the batch that is being made, and who called.
    called: Vec<Arc<Operation>>,
    parties: Vec<Party>,
}

impl Maker {
    fn new(operations: u64) -> Self {
        let operation = |n: u64| {
            Arc::new(Operation {
                id: OperationId::parse(&format!("{n:032x}")).unwrap(),
                host: "shop.example".to_owned(),
                protocol: "rest".to_owned(),
                method: "GET".to_owned(),
                template: format!("/v1/things-{n}/{{id}}/lines"),
                api: "orders".to_owned(),
                ..Operation::default()
            })
        };
        let source = Source { stream: "0".repeat(32), looks_from: Vantage::Gateway, ..Source::default() };
        Self {
            operations: (0..operations).map(operation).collect(),
            source,
            seq: 0,
            numbers: Numbers(7),
            called: Vec::new(),
            parties: Vec::new(),
        }
    }

    fn entry(&mut self, operation: &Arc<Operation>, time_ns: u64, caller: String) -> Entry {
        let (party, prefix) = (self.parties.len(), Prefix::V4([192, 0, 2]));
        let number = self.called.len();
        self.called.push(Arc::clone(operation));
        self.parties.push(Party { caller, prefix, country: "DE".to_owned(), ..Party::default() });
        let call = Call {
            seq: self.seq,
            seen: true,
            operation: Some(number),
            status: 200,
            succeeded: true,
            duration_ns: Some(duration(&mut self.numbers)),
            weight: 1000,
            bytes: [self.numbers.below(1000), self.numbers.below(20_000)],
            verdict: Verdict::Permit,
            party,
            ..Call::default()
        };
        self.seq += 1;
        Entry { source: 0, time_ns, word: Word::Call(call) }
    }

    fn batch(&mut self, entries: Vec<Entry>) -> Batch {
        let sources = vec![Source { made: self.seq, ..self.source.clone() }];
        let (operations, parties) = (std::mem::take(&mut self.called), std::mem::take(&mut self.parties));
        Batch { sources, entries, operations, parties, ..Batch::default() }
    }
}

fn month(place: &Place) {
    let (mut ledger, _reader) = place.open();
    let empty = place.bytes();
    let mut maker = Maker::new(MONTH_OPERATIONS);
    let started = Instant::now();
    for ten in 0..30 * 144u64 {
        let mut entries = Vec::new();
        for minute in ten * 10..ten * 10 + 10 {
            for operation in maker.operations.clone() {
                for call in 0..5u64 {
                    let time_ns = NOW_NS + minute * MINUTE_NS + call;
                    // Each operation has a few callers of its own.
                    let caller = format!("caller-{}", maker.numbers.below(3));
                    entries.push(maker.entry(&operation, time_ns, caller));
                }
            }
        }
        let now_ns = NOW_NS + (ten * 10 + 10) * MINUTE_NS;
        ledger.commit(vec![maker.batch(entries)], now_ns).unwrap();
        // Once an hour is as good as every two seconds: each round rolls up more than an hour makes.
        if ten % 6 == 5 {
            ledger.tidy(now_ns).unwrap();
        }
        if ten % 144 == 143 {
            place.clean();
        }
    }
    let used = place.bytes() - empty;
    println!(
        "month: {}: {} MB for {MONTH_OPERATIONS} operations ({} calls, {:.0} s), so {} MB for {OPERATIONS}",
        kind(place),
        used / 1_000_000,
        maker.seq,
        started.elapsed().as_secs_f64(),
        used * MONTH_TIMES / 1_000_000
    );
}

fn flood(place: &Place) {
    let (mut ledger, reader) = place.open();
    let mut maker = Maker::new(100);
    let known = maker.operations.clone();
    let entries: Vec<Entry> = known.iter().map(|one| maker.entry(one, NOW_NS, "acme".to_owned())).collect();
    ledger.commit(vec![maker.batch(entries)], NOW_NS).unwrap();
    let started = Instant::now();
    for some in 0..100u64 {
        let mut entries = Vec::new();
        for n in some * 10_000..some * 10_000 + 10_000 {
            let operation = Arc::new(Operation {
                id: OperationId::parse(&format!("{:032x}", n + 1000)).unwrap(),
                host: format!("{n}.example"),
                template: format!("/{n}"),
                ..Operation::default()
            });
            entries.push(maker.entry(&operation, NOW_NS, format!("caller-{n}")));
        }
        ledger.commit(vec![maker.batch(entries)], NOW_NS).unwrap();
        ledger.tidy(NOW_NS).unwrap();
    }
    let query = OperationsQuery { state: State::All, limit: u32::MAX, ..OperationsQuery::default() };
    let rows = reader.operations(&query).unwrap();
    assert!(known.iter().all(|one| rows.iter().any(|row| row.row.operation.id == one.id)), "what was known is gone");
    let other = rows.iter().find(|row| row.row.operation.id == OperationId::OTHER).unwrap();
    println!(
        "flood: {}: a million random paths, hosts and callers in {:.0} s: {} operations, {} records in `other`, {} MB on disk, {} MiB of memory",
        kind(place),
        started.elapsed().as_secs_f64(),
        rows.len(),
        other.row.sums.records,
        place.bytes() / 1_000_000,
        peak_mib()
    );
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn main() {
    // What cargo adds itself begins with dashes.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |word: &str| wanted.iter().any(|given| given == word);
    let server = std::env::var("OSTIARY_POSTGRES").ok().filter(|_| wants("postgresql"));
    // On the disk that the checkout is on: a folder in memory would flatter.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = Place { folder, server };
    if wants("rate") {
        rate(&place, if wants("one") { 1 } else { 2 });
    }
    if wants("month") {
        month(&place);
    }
    if wants("flood") {
        flood(&place);
    }
}
