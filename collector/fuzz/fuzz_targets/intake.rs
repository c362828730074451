//! OTLP as strangers send it, through the reader and the books: whatever comes, no record counts twice, and no more are counted
//! than came. Half of the inputs are damage to an export as a filter writes it, so that the depths are reached.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ostiary_collector::fold::Books;
use ostiary_collector::intake::{Descriptions, Sampler};
use ostiary_collector::intake::read::{self, Window};
use ostiary_collector::sums::Sums;
use ostiary_wire::Event;
use ostiary_wire::attributes as names;
use ostiary_wire::encode::{Batch, Head, Progress, Resource};

/// An export of three requests and a heartbeat.
fn honest() -> Vec<u8> {
    let mut batch = Batch::new();
    let head = |event| Head { event, time_ns: 5_000_000_000, observed_ns: 5_000_000_000, trace: None };
    for seq in 0..3 {
        batch.record(&head(Event::Request), |write| {
            write.count(&names::STREAM_SEQ, seq);
            write.str(&names::REQUEST_ID, "request");
            write.bool(&names::REQUEST_SEEN, true);
            write.str(&names::OPERATION_ID, "0123456789abcdef0123456789abcdef");
            write.bool(&names::OPERATION_DECLARED, true);
            write.str(&names::OPERATION_HOST, "shop.example");
            write.str(&names::METHOD, "GET");
            write.str(&names::TEMPLATE, "/orders/{id}");
            write.str(&names::CLIENT_ADDRESS, "192.0.2.7");
            write.str(&names::CALLER_ID, "acme");
            write.str(&names::FINGERPRINTS, "abc def");
            write.str(&names::VERDICT, "deny");
            write.str(&names::REFUSAL, "access.denied");
            write.str(&names::RULE_NAME, "closed");
            write.count(&names::RECORD_WEIGHT, 2_500);
            write.count(&names::STATUS, 403);
            write.count(&names::DURATION, 1_000_000);
            write.texts(&names::DATA_TYPES, &["payment_card", "email"]);
            write.counts(&names::DATA_TYPES_COUNTS, &[2, 1]);
        });
    }
    batch.record(&head(Event::VmHeartbeat), |write| write.count(&names::EVENT_MADE, 3));
    let resource = Resource::new(|write| {
        write.str(&names::SERVICE_NAME, ostiary_wire::SCOPE);
        write.str(&names::STREAM_ID, "00000000000000000000000000000001");
        write.str(&names::VANTAGE, "gateway");
    });
    batch.seal(&resource, Progress { made: 3, dropped: 0 })
}

/// The input itself, or an honest export with bytes written over, put in and cut.
fn message(input: &[u8]) -> Vec<u8> {
    let Some((first, rest)) = input.split_first() else {
        return Vec::new();
    };
    if first % 2 == 0 {
        return rest.to_vec();
    }
    let mut message = honest();
    for damage in rest.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([damage[0], damage[1]])) % message.len().max(1);
        match damage[2] % 4 {
            0 => message.truncate(at.max(1)),
            1 => message.insert(at, damage[3]),
            _ => message[at] = damage[3],
        }
    }
    message
}

/// Keeps every call; made once, because its table is large.
static SAMPLER: LazyLock<Sampler> = LazyLock::new(|| Sampler::new(u32::MAX, u32::MAX));

/// As all exports share it.
static DESCRIPTIONS: LazyLock<Descriptions> = LazyLock::new(Descriptions::default);

fuzz_target!(|input: &[u8]| {
    let message = message(input);
    let window = Window { from_ns: 0, to_ns: u64::MAX, now_ns: 1 };
    let read = || read::batch(&message, window, &SAMPLER, &DESCRIPTIONS);
    let (Ok(first), Ok(second)) = (read(), read()) else {
        assert!(read().is_err(), "one reading says yes and another no");
        return;
    };
    let mut books = Books { streams_left: 100, ..Books::default() };
    let one = books.fold(first, 1);
    let calls: u64 = books.cells.values().map(|cell| cell.sums.records).sum();
    let received: u64 = books.streams.values().map(|state| state.received).sum();
    assert!(calls <= received && received == one.folded);
    let flows: u64 = books.flows.values().map(|hits| hits.records).sum();
    assert_eq!(flows, calls);
    assert!(books.data_types.values().all(|hits| hits.records <= calls));
    let again = books.fold(second, 1);
    assert_eq!((again.folded, again.duplicates), (0, one.folded + one.duplicates), "a record counted twice");
    // What is kept is read back as it was.
    for cell in books.cells.values() {
        assert_eq!(Sums::from_bytes(&cell.sums.to_bytes()).as_ref(), Some(&cell.sums));
    }
});
