//! Quotas in the shell: what is counted together, what a request costs in calls, and what holds when the host fails.

use ostiary_filter::host::Status;
use ostiary_tests::fake::{Call, Envoy, FakeHost, Inbound};

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
    let counts = keys.iter().filter(|key| key.starts_with("ostiary/q1/")).count();
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
