//! What the reporting guarantees: every record is numbered, sent once taken, or counted as lost, across updates, traps and ends.

use ostiary_tests::fake::{Call, Envoy, FakeHost, Inbound};
use ostiary_tests::record::Record;

const POLICY: &[u8] = br#"{"version":"v1","collector":{"cluster":"api","timeout":"3s"}}"#;
const OTHER: &[u8] = br#"{"version":"v1","collector":{"cluster":"api"},"access":{"default":"deny"}}"#;

fn get() -> Inbound {
    let headers = [(":method", "GET"), (":authority", "shop.example"), (":path", "/users/42"), ("x-request-id", "r-1")];
    Inbound {
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
        client: "192.0.2.1:1".to_owned(),
        protocol: "HTTP/2",
        ..Inbound::default()
    }
}

fn start() -> (FakeHost, Envoy) {
    let host = FakeHost::default();
    host.world.now_ns.set(1_767_225_600_000_000_000);
    let (envoy, taken) = Envoy::start(host.clone(), POLICY);
    assert!(taken);
    (host, envoy)
}

fn requests(envoy: &Envoy, count: usize) {
    for _ in 0..count {
        envoy.exchange(&get(), (200, "via_upstream"), |_| {});
    }
}

fn events(records: &[Record], event: &str) -> Vec<Record> {
    records.iter().filter(|record| record.event == event).cloned().collect()
}

/// The calls that a passed request without a body makes to the host, each by name.
#[test]
fn a_passed_request_makes_two_host_calls_and_one_more_where_an_address_is_asked_for() {
    let (host, envoy) = start();
    requests(&envoy, 1);
    envoy.drain();
    host.take_calls();
    requests(&envoy, 1);
    assert_eq!(host.take_calls().into_iter().collect::<Vec<_>>(), [(Call::Headers, 1), (Call::Foreign, 1)]);

    // A rule about networks asks for the address, but only for calls in its scope.
    let office = br#"{"version":"v1","collector":{"cluster":"api"},"access":{
        "deny":[{"name":"x","paths":["/users/**"],"from":{"cidrs":["198.51.100.0/24"]}},{"name":"y","paths":["/y"],"from":{"cidrs":["203.0.113.0/24"]}}]}}"#;
    let (envoy, _) = Envoy::start(host.clone(), office);
    requests(&envoy, 1);
    host.take_calls();
    requests(&envoy, 1);
    let calls: Vec<_> = host.take_calls().into_iter().collect();
    assert_eq!(calls, [(Call::Headers, 1), (Call::Property, 1), (Call::Foreign, 1)]);
    envoy.exchange(
        &Inbound {
            headers: get()
                .headers
                .into_iter()
                .filter(|(name, _)| name != ":path")
                .chain([(":path".to_owned(), b"/z".to_vec())])
                .collect(),
            ..get()
        },
        (200, "via_upstream"),
        |_| {},
    );
    assert_eq!(host.take_calls().into_iter().collect::<Vec<_>>(), [(Call::Headers, 1), (Call::Foreign, 1)]);
}

/// What callers cost beside those two: taking a key off, the metadata for a token, two attributes for a certificate. A country,
/// headers and queries cost nothing, and a clock is asked once however many rules ask for the time.
#[test]
fn callers_cost_the_calls_that_they_need() {
    let host = FakeHost::default();
    let policy = br#"{"version":"v1","collector":{"cluster":"api"},
        "client_address":{"from":"forwarded_for","use_remote_address":true},"client_country":{"header":"x-country","set_by":"geoip"},
        "callers":{"api_keys":{"header":"x-api-key","keys":[{"id":"acme","sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]},
            "jwt":{"payload":"token"},"mtls":{}},
        "access":{"deny":[{"name":"a","from":{"countries":["XA"],"cidrs":["198.51.100.0/24"]}},{"name":"b","when":{"until":"2020-01-01T00:00:00Z"}},
            {"name":"c","expires":"2020-01-01T00:00:00Z"},{"name":"d","query":[{"name":"debug","present":true}]}],
            "allow":[{"name":"e","authenticated":true}]}}"#;
    let (envoy, taken) = Envoy::start(host.clone(), policy);
    assert!(taken);
    host.world.now_ns.set(1_767_225_600_000_000_000);
    let mut keyed = get();
    let lines = [("x-api-key", "secret"), ("x-country", "DE"), ("x-forwarded-for", "192.0.2.1")];
    keyed.headers.extend(lines.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
    assert!(envoy.exchange(&keyed, (200, "via_upstream"), |_| {}).passed);
    host.take_calls();
    assert!(envoy.exchange(&keyed, (200, "via_upstream"), |_| {}).passed);
    let expected =
        [(Call::Now, 1), (Call::Headers, 1), (Call::RemoveHeader, 1), (Call::Property, 3), (Call::Foreign, 1)];
    assert_eq!(host.take_calls().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_stream_begins_beats_and_ends_with_a_word() {
    let (host, envoy) = start();
    requests(&envoy, 3);
    let records = envoy.drain();
    assert_eq!(records[..3].iter().map(|r| &*r.event).collect::<Vec<_>>(), ["ostiary.request"; 3]);
    assert_eq!(events(&records, "ostiary.vm.started").len(), 1);
    assert_eq!(events(&records, "ostiary.policy.accepted").len(), 1);
    let beat = events(&records, "ostiary.vm.heartbeat").pop().unwrap();
    assert_eq!((beat.number("ostiary.stream.made"), beat.number("ostiary.stream.sent")), (Some(3), Some(3)));

    requests(&envoy, 2);
    assert!(!envoy.root().on_done(), "it asks for time to send");
    let last: Vec<Record> = envoy.answer_calls(0, &[]).iter().flat_map(|m| ostiary_tests::fake::decoded(m)).collect();
    let word = events(&last, "ostiary.vm.stopped").pop().unwrap();
    assert_eq!((word.number("ostiary.stream.made"), word.number("ostiary.stream.open")), (Some(5), Some(0)));
    assert!(host.world.done.get(), "the last answer ends it at once");
    assert_eq!(host.metric("ostiary.records.made"), 5);
    assert_eq!(host.metric("ostiary.records.sent"), 5);
}

#[test]
fn a_canary_has_no_effect_on_the_outside() {
    let (host, envoy) = start();
    assert!(envoy.root().on_done());
    assert!(host.world.grpc.borrow().is_empty() && host.shared_keys().is_empty());
}

#[test]
fn a_refused_update_leaves_the_last_good_policy_and_is_told_by_the_context_that_lives_on() {
    let (host, envoy) = start();
    requests(&envoy, 1);
    envoy.drain();
    let (_, taken) = envoy.another_root(br#"{"version":"v1","records":{"flush":"s3cr3t"}}"#);
    assert!(!taken);
    assert!(envoy.root().replace(b"{").is_err());
    requests(&envoy, 1);
    let records = envoy.drain();
    assert_eq!(events(&records, "ostiary.request").len(), 1);
    let refused = events(&records, "ostiary.policy.refused");
    assert_eq!(refused.len(), 1, "told once");
    // Where, and nothing of what was written.
    assert_eq!(refused[0].text("ostiary.policy.error"), Some("records.flush"));
    assert_eq!(host.metric("ostiary.policy.refused"), 1);
}

/// A policy may be replaced outside of `on_configure`, and each stream keeps the one it began with.
#[test]
fn a_replaced_policy_judges_what_begins_after_it() {
    let (_, envoy) = start();
    assert!(envoy.exchange(&get(), (200, "via_upstream"), |_| {}).passed);
    envoy.root().replace(OTHER).unwrap();
    assert!(!envoy.exchange(&get(), (200, "via_upstream"), |_| {}).passed);
    let records = envoy.drain();
    let revisions: Vec<_> = events(&records, "ostiary.request")
        .iter()
        .map(|r| r.text("ostiary.policy.revision").map(str::to_owned))
        .collect();
    assert!(revisions[0].is_some() && revisions[0] != revisions[1], "{revisions:?}");
    assert!(envoy.root().replace(b"nonsense").is_err());
    assert!(!envoy.exchange(&get(), (200, "via_upstream"), |_| {}).passed);
}

/// A policy that reports differently, or to nobody, takes effect at once; the stream stays one stream.
#[test]
fn a_replaced_policy_may_report_otherwise() {
    let (host, envoy) = start();
    requests(&envoy, 2);
    let first = envoy.drain();
    envoy
        .root()
        .replace(br#"{"version":"v1","collector":{"cluster":"api"},"observer":{"environment":"blue"}}"#)
        .unwrap();
    requests(&envoy, 1);
    let records = envoy.drain();
    assert!(events(&records, "ostiary.vm.lost").is_empty(), "a living stream lost itself");
    let request = events(&records, "ostiary.request").pop().unwrap();
    assert_eq!((request.sequence(), request.stream()), (Some(2), first[0].stream()));
    assert_eq!(request.text("deployment.environment.name"), Some("blue"));
    requests(&envoy, 3);
    envoy.root().replace(br#"{"version":"v1"}"#).unwrap();
    requests(&envoy, 1);
    envoy.pass(5_000);
    assert!(host.world.grpc.borrow().is_empty(), "nobody is called");
    assert_eq!(host.metric("ostiary.records.made"), 6);
    assert_eq!(host.metric("ostiary.records.dropped.shutdown"), 3);
}

/// A context that ends before it ever ticked still says what it made.
#[test]
fn a_short_life_is_told_too() {
    let (host, envoy) = start();
    requests(&envoy, 3);
    assert!(!envoy.root().on_done());
    let records: Vec<Record> =
        envoy.answer_calls(0, &[]).iter().flat_map(|m| ostiary_tests::fake::decoded(m)).collect();
    assert_eq!(events(&records, "ostiary.request").len(), 3);
    assert_eq!(events(&records, "ostiary.vm.stopped").len(), 1);
    assert!(host.world.done.get());
}

/// Clocks that step by hours declare no living stream dead.
#[test]
fn a_clock_that_steps_kills_nobody() {
    let (host, one) = start();
    let (two, _) = Envoy::start(host.another_vm(), POLICY);
    let mut records = Vec::new();
    for step in [3_600_000_000_000_i64, -7_200_000_000_000, 60_000_000_000, 0, 0, 0, 0, 0, 0, 0, 0, 0] {
        for envoy in [&one, &two] {
            let world = &envoy.host.world;
            world.now_ns.set(world.now_ns.get().saturating_add_signed(step));
            envoy.pass(1_100);
            records.extend(envoy.answer_calls(0, &[]).iter().flat_map(|m| ostiary_tests::fake::decoded(m)));
        }
    }
    assert!(events(&records, "ostiary.vm.lost").is_empty());
}

/// A VM that trapped says nothing; another of the process reports what it had made.
#[test]
fn a_trap_is_reported_by_another_context() {
    let (host, dead) = start();
    requests(&dead, 7);
    dead.pass(2_000);
    let stream = dead
        .answer_calls(14, &[])
        .iter()
        .flat_map(|m| ostiary_tests::fake::decoded(m))
        .find_map(|r| r.stream().map(str::to_owned));
    let other = host.another_vm();
    let (living, _) = Envoy::start(other.clone(), POLICY);
    let third = host.another_vm();
    let (bystander, _) = Envoy::start(third, POLICY);
    drop(dead);
    let mut records = Vec::new();
    for _ in 0..40 {
        for envoy in [&living, &bystander] {
            envoy.pass(500);
            records.extend(envoy.answer_calls(0, &[]).iter().flat_map(|m| ostiary_tests::fake::decoded(m)));
        }
    }
    let lost = events(&records, "ostiary.vm.lost");
    assert_eq!(lost.len(), 1, "reported once, by whoever came first");
    assert_eq!(lost[0].text("ostiary.lost.stream.id").map(str::to_owned), stream);
    assert_eq!((lost[0].number("ostiary.lost.made"), lost[0].number("ostiary.lost.open")), (Some(7), Some(0)));
}

#[test]
fn shared_data_is_bounded_and_carries_our_name() {
    let host = FakeHost::default();
    host.world.now_ns.set(1_767_225_600_000_000_000);
    host.world.properties.borrow_mut().insert("plugin_name".into(), b"ns.ostiary".to_vec());
    for generation in 0..200 {
        let vm = host.another_vm();
        vm.world.now_ns.set(host.world.now_ns.get() + generation * 1_000_000);
        vm.world.properties.borrow_mut().insert("plugin_name".into(), b"ns.ostiary".to_vec());
        let (envoy, _) = Envoy::start(vm, POLICY);
        envoy.pass(600);
    }
    let keys = host.shared_keys();
    assert!(keys.len() <= 64 && keys.iter().all(|key| key.starts_with("ostiary/1/ns.ostiary/")), "{keys:?}");
}

/// With the collector gone, memory stays bounded, and what was dropped is counted and told later.
#[test]
fn an_outage_is_bounded_and_counted() {
    let policy = br#"{"version":"v1","collector":{"cluster":"api"},"records":{"queue":"64KiB"}}"#;
    let host = FakeHost::default();
    let (envoy, _) = Envoy::start(host.clone(), policy);
    for _ in 0..50 {
        requests(&envoy, 100);
        envoy.pass(1_000);
        envoy.answer_calls(14, &[]);
    }
    envoy.pass(60_000);
    let records = envoy.drain();
    let arrived = events(&records, "ostiary.request").len() as i64;
    let beat = events(&records, "ostiary.vm.heartbeat").pop().unwrap();
    let dropped = beat.number("ostiary.stream.dropped.queue_full").unwrap();
    assert!(dropped > 0 && arrived > 0, "{dropped} {arrived}");
    assert_eq!(arrived + dropped, 5_000);
    assert_eq!(host.metric("ostiary.records.dropped.queue_full") as i64, dropped);
}

/// Partial success is final; garbage and refusals are too; each is counted by its reason.
#[test]
fn what_the_collector_refuses_is_counted_by_reason() {
    let (host, envoy) = start();
    for (status, answer) in [(0, &[0x0a, 0x02, 0x08, 0x03][..]), (0, b"garbage"), (3, b"")] {
        requests(&envoy, 10);
        envoy.pass(2_000);
        envoy.answer_calls(status, answer);
        // Longer than the longest backoff.
        envoy.pass(31_000);
        envoy.drain();
    }
    envoy.pass(1_000);
    assert_eq!(host.metric("ostiary.records.made"), 30);
    assert_eq!(host.metric("ostiary.records.dropped.rejected"), 3);
    assert_eq!(host.metric("ostiary.records.dropped.refused"), 20);
    assert_eq!(host.metric("ostiary.records.sent"), 7);
}
