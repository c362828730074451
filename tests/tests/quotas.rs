//! Quotas in the shell: what is counted together, what a request costs in calls, and what holds when the host fails.

use ostiary_filter::host::Status;
use ostiary_filter::open::Handle;
use ostiary_filter::stream::{Flow, Input};
use ostiary_tests::fake::{Call, Envoy, FakeHost, Inbound, split};
use proptest::prelude::*;

const POLICY: &[u8] = br#"{"version":"v1","quotas":[{"name":"all","limit":"3/1h"}]}"#;

fn host() -> FakeHost {
    let host = FakeHost::default();
    host.world.now_ns.set(1_767_225_600_000_000_000);
    host
}

fn start(host: FakeHost, policy: &[u8]) -> Envoy {
    let (envoy, taken) = Envoy::start(host, policy);
    assert!(taken, "the policy was refused");
    envoy
}

/// Sends a request and tells the filter's own status, 0 when it passed.
fn send(envoy: &Envoy) -> u16 {
    let headers = [(":method", "GET"), (":authority", "shop.example"), (":path", "/orders")];
    let inbound = Inbound {
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
        client: "192.0.2.1:9".to_owned(),
        protocol: "HTTP/1.1",
        ..Inbound::default()
    };
    let exchanged = envoy.exchange(&inbound, (200, "via_upstream"), |_| {});
    exchanged.reply.map_or(0, |reply| reply.status)
}

/// Workers of one process are one count, and so are two generations of one configuration; a changed quota and one in shadow are
/// others, and every key carries the name of the counts and the version of their format.
#[test]
fn what_counts_together() {
    let one = start(host(), POLICY);
    let two = start(one.host.another_vm(), POLICY);
    assert_eq!([send(&one), send(&two), send(&one), send(&two)], [0, 0, 0, 429]);
    let (later, _) =
        one.another_root(br#"{"version":"v1","records":{"flush":"2s"},"quotas":[{"limit":"3/1h","name":"all"}]}"#);
    assert_eq!(send(&later), 429, "the same quota, written in another order");
    let (shadow, _) = one.another_root(br#"{"version":"v1","quotas":[{"name":"all","limit":"3/1h","shadow":true}]}"#);
    assert_eq!(send(&shadow), 0);
    let (changed, _) = one.another_root(br#"{"version":"v1","quotas":[{"name":"all","limit":"2/1h"}]}"#);
    assert_eq!([send(&changed), send(&changed), send(&changed)], [0, 0, 429]);
    let (apart, _) =
        one.another_root(br#"{"version":"v1","counting":{"domain":"other"},"quotas":[{"name":"all","limit":"3/1h"}]}"#);
    assert_eq!(send(&apart), 0, "another domain counts apart");
    let keys = one.host.shared_keys();
    let counts = keys.iter().filter(|key| key.starts_with("ostiary/q2/")).count();
    assert_eq!(counts, 6, "three quotas and the secret of one domain, one and the secret of the other: {keys:?}");
}

/// One quota costs a look at the clock, a read and a write, and two lines of the answer; a refusal is not written.
#[test]
fn what_a_quota_costs() {
    let envoy = start(host(), POLICY);
    send(&envoy);
    envoy.host.take_calls();
    assert_eq!(send(&envoy), 0);
    let calls = envoy.host.take_calls();
    let count = |call: Call| calls.get(&call).copied().unwrap_or_default();
    assert_eq!(
        [Call::Now, Call::Shared, Call::SetShared, Call::AddResponseHeader].map(count),
        [1, 1, 1, 2],
        "{calls:?}"
    );
    send(&envoy);
    envoy.host.take_calls();
    assert_eq!(send(&envoy), 429);
    assert_eq!(envoy.host.take_calls().get(&Call::SetShared), None);
}

/// A count that cannot be taken refuses and is counted; in shadow it refuses nobody.
#[test]
fn what_cannot_be_counted_is_refused() {
    for (call, status) in [
        (Call::SetShared, Status::CasMismatch),
        (Call::SetShared, Status::InternalFailure),
        (Call::Shared, Status::InternalFailure),
        (Call::Now, Status::InternalFailure),
        (Call::Random, Status::InternalFailure),
    ] {
        let envoy = start(host(), POLICY);
        envoy.host.fail(call, status);
        assert_eq!(send(&envoy), 503, "{call:?} {status:?}");
        envoy.host.heal();
        assert_eq!(send(&envoy), 0, "{call:?} {status:?}, healed");
        let shadow = start(host(), br#"{"version":"v1","mode":"shadow","quotas":[{"name":"all","limit":"3/1h"}]}"#);
        shadow.host.fail(call, status);
        assert_eq!(send(&shadow), 0, "{call:?} {status:?} in shadow");
    }
    let envoy = start(host(), POLICY);
    assert_eq!(send(&envoy), 0);
    envoy.host.fail(Call::SetShared, Status::CasMismatch);
    assert_eq!(send(&envoy), 503);
    envoy.host.heal();
    envoy.pass(1_000);
    assert_eq!(envoy.host.metric("ostiary.quota.all.uncounted"), 1);
    assert_eq!((envoy.host.metric("ostiary.quota.all.passed"), envoy.host.metric("ostiary.quota.all.refused")), (1, 1));
}

const AT_A_TIME: &[u8] = br#"{"version":"v1","quotas":[{"name":"busy","concurrency":2}]}"#;

/// Begins a request; `None` when it was refused.
fn begin(envoy: &Envoy) -> Option<Handle<FakeHost>> {
    let world = &envoy.host.world;
    let headers = [(":method", "GET"), (":authority", "shop.example"), (":path", "/orders")];
    *world.headers.borrow_mut() = Some(ostiary_engine::pairs::serialized(&headers));
    world.reply.borrow_mut().take();
    let mut stream = envoy.root().stream(2);
    let flow = stream.step(Input::RequestHeaders { end: true });
    *world.headers.borrow_mut() = None;
    match flow {
        Flow::Continue => Some(stream),
        Flow::Stop => {
            stream.step(Input::End);
            None
        }
    }
}

/// Workers, listeners and generations of one process are one number of requests under way; each that ends makes room, told twice or
/// not, and one that a later quota refuses holds nothing.
#[test]
fn what_is_under_way_counts_together() {
    let one = start(host(), AT_A_TIME);
    let two = start(one.host.another_vm(), AT_A_TIME);
    let mut first = begin(&one).expect("room");
    let _second = begin(&two).expect("room");
    assert!(begin(&one).is_none() && begin(&two).is_none());
    let (later, _) =
        one.another_root(br#"{"version":"v1","records":{"flush":"2s"},"quotas":[{"name":"busy","concurrency":2}]}"#);
    assert!(begin(&later).is_none(), "another generation of the configuration is the same number");
    first.step(Input::End);
    first.step(Input::End);
    let _third = begin(&later).expect("room");
    assert!(begin(&one).is_none());

    let twice = br#"{"version":"v1","quotas":[{"name":"busy","concurrency":2},{"name":"rare","limit":"1/1h"}]}"#;
    let both = start(host(), twice);
    let _passed = begin(&both).expect("room");
    for _ in 0..5 {
        assert!(begin(&both).is_none());
    }
    both.pass(1_000);
    assert_eq!(both.host.metric("ostiary.quota.busy.refunded"), 5);
    assert_eq!(both.host.metric("ostiary.quota.busy.refused"), 0);
}

/// What a VM held that is gone is free again once it has been silent for some looks, and not before; what cannot be given back
/// at once is given back later.
#[test]
fn what_a_trapped_vm_held_is_free_again() {
    let survivor = start(host(), AT_A_TIME);
    let trapped = start(survivor.host.another_vm(), AT_A_TIME);
    survivor.pass(1_500);
    // No callback runs for a stream of a trapped VM.
    std::mem::forget(begin(&trapped).expect("room"));
    std::mem::forget(begin(&trapped).expect("room"));
    survivor.pass(5_000);
    assert!(begin(&survivor).is_none(), "five looks are not enough");
    survivor.pass(3_000);
    let mut held = begin(&survivor).expect("room");
    let _other = begin(&survivor).expect("room");

    survivor.host.fail(Call::SetShared, Status::CasMismatch);
    held.step(Input::End);
    survivor.host.heal();
    assert!(begin(&survivor).is_none());
    survivor.pass(200);
    assert!(begin(&survivor).is_some(), "what could not be given back is given back at a tick");
}

/// A context that was taken for dead goes on as another, and what it held before frees nothing of what it holds now.
#[test]
fn a_context_taken_for_dead_goes_on_as_another() {
    let (silent, awake) = {
        let silent = start(host(), AT_A_TIME);
        let awake = start(silent.host.another_vm(), AT_A_TIME);
        (silent, awake)
    };
    let mut early = [begin(&silent).expect("room"), begin(&silent).expect("room")];
    awake.pass(9_000);
    let _room = begin(&awake).expect("the silent one's are free");
    silent.host.world.now_ns.set(awake.host.world.now_ns.get());
    silent.pass(1_100);
    let _again = begin(&silent).expect("room");
    for stream in &mut early {
        stream.step(Input::End);
    }
    assert!(begin(&silent).is_none() && begin(&awake).is_none(), "two are under way");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// Whatever begins, ends and fails on whichever worker: never more than two are under way, and in the end there is room for two.
    #[test]
    fn never_more_are_under_way(acts in prop::collection::vec((0_usize..3, 0_u8..6), 1..80)) {
        let first = start(host(), AT_A_TIME);
        let workers = [start(first.host.another_vm(), AT_A_TIME), start(first.host.another_vm(), AT_A_TIME), first];
        let mut open = Vec::new();
        for (worker, act) in acts {
            let envoy = &workers[worker];
            match act {
                0..=2 => open.extend(begin(envoy)),
                3 if !open.is_empty() => {
                    open.swap_remove(worker % open.len()).step(Input::End);
                }
                4 => envoy.host.fail(Call::SetShared, Status::CasMismatch),
                _ => envoy.host.heal(),
            }
            prop_assert!(open.len() <= 2);
        }
        workers.iter().for_each(|envoy| envoy.host.heal());
        for stream in &mut open {
            stream.step(Input::End);
        }
        // Long enough for what could not be given back, too short for anyone to be taken for dead.
        workers.iter().for_each(|envoy| envoy.pass(200));
        let both = [begin(&workers[0]), begin(&workers[1])];
        prop_assert!(both.iter().all(Option::is_some));
    }
}

const BY_BODY: &str = r#"{"version":"v1","counting":{"body":"128B","hold_headers":HOLD},"quotas":[{"name":"login","per":["$.user"],"limit":"1/1h"}]}"#;

fn login(body: &[u8], seed: u64, trailers: bool) -> Inbound {
    let headers = [
        (":method", "POST"),
        (":authority", "shop.example"),
        (":path", "/login"),
        ("content-type", "application/json"),
    ];
    Inbound {
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
        client: "192.0.2.1:9".to_owned(),
        protocol: "HTTP/2",
        body: split(body, seed),
        trailers,
        ..Inbound::default()
    }
}

/// What is under way costs a read and a write when it begins and when it ends; a body costs one read of it, however it was cut.
#[test]
fn what_leases_and_bodies_cost() {
    let busy = start(host(), AT_A_TIME);
    begin(&busy).expect("room").step(Input::End);
    busy.host.take_calls();
    begin(&busy).expect("room").step(Input::End);
    let calls = busy.host.take_calls();
    let count = |call: Call| calls.get(&call).copied().unwrap_or_default();
    assert_eq!([Call::Now, Call::Shared, Call::SetShared].map(count), [1, 2, 2], "{calls:?}");
    let by_body = start(host(), BY_BODY.replace("HOLD", "true").as_bytes());
    by_body.exchange(&login(br#"{"user":"a"}"#, 1, false), (200, "via_upstream"), |_| {});
    by_body.host.take_calls();
    assert!(by_body.exchange(&login(br#"{"user":"b"}"#, 1, false), (200, "via_upstream"), |_| {}).passed);
    let calls = by_body.host.take_calls();
    let count = |call: Call| calls.get(&call).copied().unwrap_or_default();
    assert_eq!([Call::Buffer, Call::Shared, Call::SetShared].map(count), [1, 1, 1], "{calls:?}");
}

/// A body that the host does not give is one without the field: counted with all that have none, and never a way around the count.
#[test]
fn a_body_that_cannot_be_read_has_no_field() {
    for status in [Status::NotFound, Status::BadArgument, Status::InternalFailure, Status::Unknown(77)] {
        for hold in ["true", "false"] {
            let envoy = start(host(), BY_BODY.replace("HOLD", hold).as_bytes());
            envoy.host.fail(Call::Buffer, status);
            let passed = ["a", "b", "c"].map(|name| {
                let body = format!(r#"{{"user":"{name}"}}"#);
                envoy.exchange(&login(body.as_bytes(), 3, false), (200, "via_upstream"), |_| {}).passed
            });
            assert_eq!(passed, [true, false, false], "{status:?}");
            envoy.pass(1_000);
            assert_eq!(envoy.host.metric("ostiary.quota.login.unread"), 3);
        }
    }
}

proptest! {
    /// How a body was cut, whether trailers end it and whether headers are held changes nothing of what is counted.
    #[test]
    fn cuts_change_nothing_of_what_is_counted(
        padding in 0_usize..140,
        seeds in any::<[u64; 2]>(),
        trailers in any::<[bool; 2]>(),
        hold in any::<bool>(),
    ) {
        let envoy = start(host(), BY_BODY.replace("HOLD", &hold.to_string()).as_bytes());
        let body = |name: &str| format!(r#"{{"x":"{}","user":"{name}"}}"#, "x".repeat(padding)).into_bytes();
        let send = |name: &str, at: usize| {
            envoy.exchange(&login(&body(name), seeds[at], trailers[at]), (200, "via_upstream"), |_| {}).passed
        };
        let is_read = body("a").len() <= 128;
        prop_assert!(send("a", 0));
        prop_assert!(!send("a", 1));
        // Beyond the limit all names are one.
        prop_assert_eq!(send("b", 1), is_read);
    }
}
