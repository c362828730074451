//! `client-address.yaml`: nobody writes himself an address, wherever Envoy stands.

use crate::example::{Call, Example};

/// Inside the range that the file calls the office.
const OFFICE: [u8; 4] = [127, 0, 0, 20];

/// Inside the range that the file calls its balancers.
const BALANCER: [u8; 4] = [127, 0, 0, 40];

const STRANGER: [u8; 4] = [127, 0, 7, 1];

fn staff(from: [u8; 4], forwarded_for: &str, status: u16) -> Call {
    let call = Call::new("GET /staff", status).from(from);
    if forwarded_for.is_empty() { call } else { call.with("x-forwarded-for", forwarded_for) }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses() {
    let change = ("client_address: { from: filter_state, key: ostiary.peer }", "client_address: { from: envoy }");
    let example = Example::beside("client-address.yaml", &[], &[change]).await;
    a_client_has_the_address_that_its_place_gives_it(&example).await;
    without_the_remote_address_a_client_writes_itself_into_the_office(&example).await;
    example.stop();
}

async fn a_client_has_the_address_that_its_place_gives_it(example: &Example) {
    let edge = [
        staff(OFFICE, "", 200),
        staff(OFFICE, "127.0.7.1", 200),
        staff(STRANGER, "", 403),
        staff(STRANGER, "127.0.0.20", 403),
        staff(STRANGER, "127.0.0.20, 127.0.0.20", 403),
        staff(STRANGER, "", 403).with("x-envoy-external-address", "127.0.0.20").with("x-real-ip", "127.0.0.20"),
    ];
    let behind_balancer = [
        staff(BALANCER, "127.0.0.20", 200),
        staff(BALANCER, "127.0.7.1, 127.0.0.20, 127.0.0.41", 200),
        // The client's own word comes before what the balancer appended.
        staff(BALANCER, "127.0.0.20, 127.0.7.1", 403),
        staff(BALANCER, "127.0.0.20", 403).with("x-forwarded-for", "127.0.7.1"),
        staff(BALANCER, "127.0.0.20, unknown", 403),
        staff(BALANCER, "", 403),
        // Around the balancer.
        staff(STRANGER, "127.0.0.20", 403),
        staff(STRANGER, "127.0.0.20, 127.0.0.40", 403),
        staff(OFFICE, "127.0.7.1", 200),
    ];
    let mesh = [
        staff(OFFICE, "", 200),
        staff(OFFICE, "127.0.7.1", 200),
        staff(STRANGER, "", 403),
        staff(STRANGER, "127.0.0.20", 403),
        staff(STRANGER, "127.0.7.1, 127.0.0.20", 403),
    ];
    for (listener, calls) in [("edge", &edge[..]), ("behind-balancer", &behind_balancer), ("mesh", &mesh)] {
        let seen = example.expect(listener, calls).await;
        for (seen, call) in seen.iter().zip(calls) {
            let recorded = seen.record.text("client.address");
            let passed = seen.arrived.is_some();
            assert_eq!(recorded == Some("127.0.0.20"), passed, "{listener}, {call}: {recorded:?}");
        }
    }
}

/// Why `from: envoy` warns unless the policy states that the listener has `use_remote_address: true`: without it the header wins.
async fn without_the_remote_address_a_client_writes_itself_into_the_office(example: &Example) {
    let seen = example.expect("mesh-changed", &[staff(STRANGER, "", 403), staff(STRANGER, "127.0.0.20", 200)]).await;
    assert_eq!(seen[1].record.text("client.address"), Some("127.0.0.20"), "what the stranger wrote");
    assert!(example.envoy.log().contains("client_address: rules ask for addresses"), "the policy is warned of");
}
