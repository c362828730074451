//! Any host call may fail with any status: the filter never traps, and never lets pass what it should refuse.

use ostiary_filter::host::Status;
use ostiary_tests::fake::{Call, Envoy, FakeHost, Inbound, split};
use proptest::prelude::*;

const POLICY: &[u8] = br#"{"version":"v1","collector":{"cluster":"api"},"observer":{"filter_state":true},
    "callers":{"api_keys":{"header":"x-api-key","keys":[{"id":"acme","sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]},
        "jwt":{"payload":"token"},"mtls":{}},
    "apis":[{"name":"orders","paths":["/orders/{id}"]},{"name":"closed","paths":["/closed"]},{"name":"hr","paths":["/hr"]}],
    "access":{"deny":[{"name":"no","apis":["closed"]},{"name":"plain","paths":["/secure"],"schemes":["http"]}],
        "allow":[{"name":"office","apis":["hr"],"from":{"cidrs":["192.0.2.0/24"]}},{"name":"users","paths":["/me"],"callers":["jwt:*","mtls:*"]},
            {"name":"late","paths":["/late"],"when":{"until":"2020-01-01T00:00:00Z"}}]}}"#;

const STATUSES: [Status; 9] = [
    Status::NotFound,
    Status::BadArgument,
    Status::SerializationFailure,
    Status::ParseFailure,
    Status::Empty,
    Status::CasMismatch,
    Status::InternalFailure,
    Status::Unimplemented,
    Status::Unknown(77),
];

fn get(path: &str, client: &str) -> Inbound {
    let headers = [(":method", "GET"), (":authority", "shop.example"), (":path", path)];
    Inbound {
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
        client: client.to_owned(),
        protocol: "HTTP/1.1",
        ..Inbound::default()
    }
}

/// One call fails for good: from the start, or once the filter runs.
#[test]
fn no_status_of_any_call_opens_what_is_closed() {
    for call in Call::ALL {
        for status in STATUSES {
            for from_the_start in [true, false] {
                let what = format!("{call:?} {status:?} from_the_start={from_the_start}");
                let host = FakeHost::default();
                host.world.now_ns.set(1_767_225_600_000_000_000);
                if from_the_start {
                    host.fail(call, status);
                }
                let (envoy, taken) = Envoy::start(host.clone(), POLICY);
                assert_eq!(taken, !(from_the_start && call == Call::Buffer), "{what}");
                if !taken {
                    continue;
                }
                host.fail(call, status);
                let closed = envoy.exchange(&get("/closed", "192.0.2.1:9"), (200, "via_upstream"), |_| {});
                assert!(!closed.passed, "{what}: a denied call passed");
                let foreign = envoy.exchange(&get("/hr", "203.0.113.1:9"), (200, "via_upstream"), |_| {});
                assert!(!foreign.passed, "{what}: a call from outside passed");
                for path in ["/me", "/late", "/secure"] {
                    let shut = envoy.exchange(&get(path, "203.0.113.1:9"), (200, "via_upstream"), |_| {});
                    assert!(!shut.passed, "{what}: {path} passed");
                }
                let open = envoy.exchange(&get("/orders/1", "203.0.113.1:9"), (200, "via_upstream"), |_| {});
                assert_eq!(open.passed, call != Call::Headers, "{what}");
                // A key that cannot be taken off does not reach the upstream.
                let mut keyed = get("/orders/1", "203.0.113.1:9");
                keyed.headers.push(("x-api-key".to_owned(), b"secret".to_vec()));
                let keyed = envoy.exchange(&keyed, (200, "via_upstream"), |_| {});
                assert_eq!(keyed.passed, call != Call::Headers && call != Call::RemoveHeader, "{what}");
                assert!(!keyed.passed || keyed.headers.iter().all(|(name, _)| name != "x-api-key"), "{what}");
                envoy.drain();
                envoy.root().on_done();
                envoy.drain();
            }
        }
    }
}

/// What failed for a while is counted, and everything made meanwhile is told afterwards.
#[test]
fn what_could_not_be_sent_is_sent_when_the_host_is_well_again() {
    let host = FakeHost::default();
    let (envoy, _) = Envoy::start(host.clone(), POLICY);
    host.fail(Call::CallGrpc, Status::InternalFailure);
    host.fail(Call::Foreign, Status::InternalFailure);
    for _ in 0..10 {
        envoy.exchange(&get("/orders/1", "203.0.113.1:9"), (200, "via_upstream"), |_| {});
        envoy.pass(500);
    }
    host.heal();
    envoy.pass(60_000);
    let requests: Vec<_> = envoy.drain().into_iter().filter(|record| record.event == "ostiary.request").collect();
    let sequence: Vec<_> = requests.iter().filter_map(|record| record.sequence()).collect();
    assert_eq!(sequence, (0..10).collect::<Vec<_>>());
    // The facts came one by one instead of by the expression, and are the same.
    assert!(requests.iter().all(|record| record.number("http.response.status_code") == Some(200)));
}

proptest! {
    /// How a body was cut changes nothing: a permitted request passes, a refused one does not.
    #[test]
    fn chunks_change_nothing(body in prop::collection::vec(any::<u8>(), 0..200), seed in any::<u64>()) {
        let (envoy, _) = Envoy::start(FakeHost::default(), POLICY);
        for (path, passes) in [("/orders/1", true), ("/closed", false)] {
            let inbound = Inbound { body: split(&body, seed), ..get(path, "203.0.113.1:9") };
            prop_assert_eq!(inbound.body.concat(), &*body);
            prop_assert_eq!(envoy.exchange(&inbound, (200, "via_upstream"), |_| {}).passed, passes);
        }
    }

    /// No header, whatever its name and value, and no number of them traps the filter.
    #[test]
    fn any_headers_are_survived(headers in prop::collection::vec(("[:a-z-]{0,12}", prop::collection::vec(any::<u8>(), 0..40)), 0..12)) {
        let (envoy, _) = Envoy::start(FakeHost::default(), POLICY);
        let inbound = Inbound { headers, ..get("/", "x") };
        envoy.exchange(&inbound, (200, "via_upstream"), |_| {});
        prop_assert!(!envoy.drain().is_empty());
    }
}
