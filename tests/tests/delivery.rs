//! What the delivery guarantees beyond single records: counts that stay true when calls are sampled, batches that their receiver takes,
//! and calls that stay open.

use ostiary_engine::pairs;
use ostiary_filter::stream::Input;
use ostiary_tests::fake::{Answer, Call, Envoy, FakeHost, Inbound, decoded};
use ostiary_tests::record::Record;

const START_NS: u64 = 1_767_225_600_000_000_000;

fn start(policy: &str) -> (FakeHost, Envoy) {
    let host = FakeHost::default();
    host.world.now_ns.set(START_NS);
    let (envoy, taken) = Envoy::start(host.clone(), policy.as_bytes());
    assert!(taken);
    (host, envoy)
}

fn get(path: &str) -> Inbound {
    let headers = [(":method", "GET"), (":authority", "shop.example"), (":path", path)];
    Inbound {
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
        client: "192.0.2.1:1".to_owned(),
        protocol: "HTTP/2",
        ..Inbound::default()
    }
}

fn requests(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.event == "ostiary.request")
}

/// Sums of weights are true within four standard errors, for each operation by itself; what was refused, failed or showed a card is all
/// there with a weight of one; numbers have no gap; and records made and left out together are every request.
#[test]
fn sampled_counts_stay_true() {
    let (host, envoy) = start(
        r#"{"version":"v1","collector":{"cluster":"api"},"records":{"sample":0.1,"queue":"64MiB"},
            "access":{"deny":[{"name":"closed","paths":["/closed"]}]}}"#,
    );
    let card = Answer {
        headers: vec![(":status".into(), b"200".to_vec()), ("content-type".into(), b"application/json".to_vec())],
        body: vec![br#"{"card":"4111111111111111"}"#.to_vec()],
        ..Answer::default()
    };
    let mut records = Vec::new();
    for round in 0..200_usize {
        for _ in 0..100 {
            envoy.exchange(&get("/plain"), (200, "via_upstream"), |_| {});
        }
        // A rhythm that a count to ten would fall in with.
        for _ in 0..10 {
            envoy.exchange(&get("/steady"), (404, "via_upstream"), |_| {});
        }
        envoy.exchange(&get("/closed"), (200, "via_upstream"), |_| {});
        envoy.exchange(&get("/failing"), (503, "via_upstream"), |_| {});
        envoy.exchange_whole(&get("/card"), (&card, "via_upstream"), |_| {});
        if round % 10 == 9 {
            records.extend(envoy.drain());
        }
    }
    let weights = |path: &str| {
        let of = requests(&records).filter(|record| record.text("url.template") == Some(path));
        of.map(|record| record.number("ostiary.record.weight").unwrap_or(1000)).collect::<Vec<_>>()
    };
    for path in ["/closed", "/failing", "/card"] {
        assert_eq!(weights(path), [1000; 200], "{path}");
    }
    for (path, calls) in [("/plain", 20_000_f64), ("/steady", 2_000.0)] {
        let (sum, error) = (weights(path).iter().sum::<i64>() as f64 / 1000.0, (calls * 9.0).sqrt());
        assert!((sum - calls).abs() < 4.0 * error, "{path}: {sum} of {calls}");
        assert!(weights(path).iter().all(|weight| *weight == 10_000));
    }
    let mut numbers: Vec<_> = requests(&records).filter_map(Record::sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..numbers.len() as i64).collect::<Vec<_>>());
    let beat = records.iter().rfind(|record| record.event == "ostiary.vm.heartbeat").unwrap();
    let unsampled = beat.number("ostiary.stream.unsampled").unwrap();
    assert_eq!(numbers.len() as i64 + unsampled, 200 * 113);
    assert_eq!(host.metric("ostiary.records.unsampled") as i64, unsampled);
}

/// What chance leaves out is not paid for: such a call costs its head and the two attributes that chance asks for.
#[test]
fn a_call_that_is_left_out_costs_no_record() {
    let (host, envoy) = start(
        r#"{"version":"v1","collector":{"cluster":"api"},"records":{"sample":0.001},"inspect":{"max_per_second":0}}"#,
    );
    for _ in 0..3 {
        host.take_calls();
        envoy.exchange(&get("/plain"), (200, "via_upstream"), |_| {});
    }
    assert_eq!(host.take_calls().into_iter().collect::<Vec<_>>(), [(Call::Headers, 1), (Call::Property, 2)]);
}

/// No message is longer than `records.batch` says, however long the records are that callers make.
#[test]
fn a_batch_fits_its_receiver() {
    let (_, envoy) =
        start(r#"{"version":"v1","collector":{"cluster":"api"},"records":{"batch":"128KiB","queue":"64MiB"}}"#);
    let mut longest = get(&format!("/{}", "long-name/".repeat(200)));
    longest.headers.push(("user-agent".to_owned(), vec![b'x'; 4_000]));
    longest.headers.push(("x-request-id".to_owned(), vec![0xff; 4_000]));
    let (mut messages, mut records) = (0, 0);
    for _ in 0..40 {
        for _ in 0..25 {
            envoy.exchange(&longest, (200, "via_upstream"), |facts| {
                facts.details = vec![b'd'; 4_000].into();
                facts.cluster = vec![b'c'; 4_000].into();
            });
        }
        envoy.pass(2_000);
        for message in envoy.answer_calls(0, &[]) {
            assert!(message.len() <= 128 * 1024, "{}", message.len());
            messages += 1;
            records += requests(&decoded(&message)).count();
        }
    }
    assert_eq!(records, 1_000);
    assert!(messages > 20, "{messages}: no batch was cut by its size");
}

/// A call that is open for longer than the interval is told of once in each, a handshake of a WebSocket at once; all with one number,
/// which their one record has too. An open call is no record, and one that ended is told of no more.
#[test]
fn open_calls_are_told_of_and_counted_once() {
    let (host, envoy) =
        start(r#"{"version":"v1","collector":{"cluster":"api"},"records":{"open_interval":"10s","sample":0.001}}"#);
    // The first tick says what the time is.
    envoy.pass(200);
    let begin = |path: &str, upgrade: bool| {
        let mut headers = get(path).headers;
        if upgrade {
            headers.extend(
                [("upgrade", "websocket"), ("connection", "Upgrade")]
                    .map(|(n, v)| (n.to_owned(), v.as_bytes().to_vec())),
            );
        }
        *host.world.headers.borrow_mut() = Some(pairs::serialized(&headers));
        let mut stream = envoy.root().stream(2);
        stream.step(Input::RequestHeaders { end: true });
        *host.world.headers.borrow_mut() = None;
        stream
    };
    let told = |ms: u64| {
        let mut records = Vec::new();
        for _ in 0..ms / 500 {
            envoy.pass(500);
            records.extend(envoy.answer_calls(0, &[]).iter().flat_map(|message| decoded(message)));
        }
        records
    };
    let states = |records: &[Record], path: &str| {
        let of = records
            .iter()
            .filter(|record| record.event == "ostiary.request.open" && record.text("url.template") == Some(path));
        of.map(|record| {
            (record.text("ostiary.request.state").unwrap().to_owned(), record.number("ostiary.request.number").unwrap())
        })
        .collect::<Vec<_>>()
    };
    let (mut socket, mut slow) = (begin("/socket", true), begin("/slow", false));
    let first = told(5_000);
    assert_eq!(states(&first, "/socket"), [("begun".to_owned(), 1)]);
    assert_eq!(states(&first, "/slow"), []);
    let later = told(20_000);
    assert_eq!(states(&later, "/socket"), [("open".to_owned(), 1), ("open".to_owned(), 1)]);
    assert_eq!(states(&later, "/slow"), [("begun".to_owned(), 2), ("open".to_owned(), 2)]);
    assert_eq!(requests(&later).count(), 0);
    for stream in [&mut socket, &mut slow] {
        host.world.facts.borrow_mut().status = Some(200);
        stream.step(Input::End);
    }
    let last = told(30_000);
    assert!(states(&last, "/socket").is_empty() && states(&last, "/slow").is_empty());
    let ended: Vec<_> =
        requests(&last).map(|record| (record.sequence(), record.number("ostiary.request.number"))).collect();
    assert_eq!(ended, [(Some(0), Some(1)), (Some(1), Some(2))], "sampling leaves out nobody who was told of");
}

/// Thousands of open calls are told of a bounded number at a time, and each in its turn.
#[test]
fn many_open_calls_take_turns() {
    let (host, envoy) =
        start(r#"{"version":"v1","collector":{"cluster":"api"},"records":{"open_interval":"1h","queue":"64MiB"}}"#);
    envoy.pass(200);
    let headers = [
        (":method", "GET"),
        (":authority", "shop.example"),
        (":path", "/s"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
    ];
    *host.world.headers.borrow_mut() = Some(pairs::serialized(&headers));
    let mut streams: Vec<_> = (0..1_000).map(|context| envoy.root().stream(context)).collect();
    for stream in &mut streams {
        stream.step(Input::RequestHeaders { end: true });
    }
    *host.world.headers.borrow_mut() = None;
    let mut numbers = Vec::new();
    for _ in 0..40 {
        envoy.pass(500);
        let records: Vec<_> = envoy.answer_calls(0, &[]).iter().flat_map(|message| decoded(message)).collect();
        let told: Vec<_> = records.iter().filter(|record| record.event == "ostiary.request.open").collect();
        assert!(told.len() <= 2 * 64, "{} at once", told.len());
        numbers.extend(told.iter().filter_map(|record| record.number("ostiary.request.number")));
    }
    assert_eq!(numbers, (1..=1_000).collect::<Vec<_>>());
}
