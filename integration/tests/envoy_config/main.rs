//! The Envoy files that users copy: each is started on a real Envoy as it is shipped, but for ports and the module's path, passes what
//! its policy opens and refuses what it closes.

mod addresses;
mod coded;
mod countries;
mod example;
mod header_callers;
mod issuer;
mod jwt;
mod mmdb;
mod mtls;
mod oauth2;
mod observability;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use ostiary_integration::client::Connection;
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::shop::Shop;
use ostiary_integration::sink::Sink;
use ostiary_integration::{place, shipped, wait};
use ostiary_tests::record::Record;
use tokio::net::TcpListener;

/// A call and what becomes of it.
struct Call {
    from: Ipv4Addr,
    line: &'static str,
    status: u16,
    /// The verdict that is enforced and the one that would be, as the record has them.
    verdicts: [&'static str; 2],
}

/// A shipped file, running.
struct Running {
    envoy: Envoy,
    sink: Sink,
    _shop: Shop,
}

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Inside the range that `edge.yaml` calls the office.
const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 20);

/// Outside the range that `sidecar.yaml` calls the same host.
const FOREIGN: Ipv4Addr = Ipv4Addr::new(127, 0, 7, 1);

const PERMIT: [&str; 2] = ["permit", "permit"];
const DENY: [&str; 2] = ["deny", "deny"];
const WOULD_DENY: [&str; 2] = ["permit", "deny"];

#[tokio::test(flavor = "multi_thread")]
async fn edge() {
    let running = Running::start("edge.yaml").await;
    let calls = [
        Call { from: HERE, line: "GET /orders", status: 200, verdicts: PERMIT },
        Call { from: HERE, line: "GET /payments/export", status: 403, verdicts: DENY },
        Call { from: HERE, line: "GET /admin/settings", status: 403, verdicts: DENY },
        Call { from: HERE, line: "GET /staff", status: 403, verdicts: DENY },
        Call { from: OFFICE, line: "GET /staff", status: 200, verdicts: PERMIT },
        Call { from: HERE, line: "POST /payments", status: 201, verdicts: WOULD_DENY },
        // Envoy makes one path of these before anybody judges it.
        Call { from: HERE, line: "GET /orders/../payments//export", status: 403, verdicts: DENY },
    ];
    let records = running.expect("edge", &calls).await;
    assert_eq!(records[1].text("ostiary.rule.name"), Some("closed"));
    assert_eq!(records[4].text("client.address"), Some("127.0.0.20"), "the tcp peer, whatever headers say");
    assert_eq!(records[0].text("ostiary.vantage"), Some("gateway"));
    assert_eq!(records[0].text("ostiary.node.id"), Some("edge-1"));
    running.envoy.stop().expect("a stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecar_inbound_and_outbound() {
    let running = Running::start("sidecar.yaml").await;
    let inbound = [
        Call { from: HERE, line: "GET /orders/o-1", status: 200, verdicts: PERMIT },
        Call { from: HERE, line: "GET /users/u-1", status: 403, verdicts: DENY },
        Call { from: FOREIGN, line: "GET /internal/state", status: 403, verdicts: DENY },
        // The shop has no such page: that its 404 arrives is what shows that the call did.
        Call { from: HERE, line: "GET /internal/state", status: 404, verdicts: PERMIT },
    ];
    let records = running.expect("inbound", &inbound).await;
    assert_eq!(records[0].text("ostiary.direction"), Some("inbound"));
    assert_eq!(records[0].text("ostiary.vantage"), Some("sidecar"));
    let outbound = [
        Call { from: HERE, line: "GET /v1/rates/eur", status: 404, verdicts: PERMIT },
        Call { from: HERE, line: "POST /v1/refunds", status: 403, verdicts: DENY },
    ];
    let records = running.expect("outbound", &outbound).await;
    assert_eq!(records[0].text("ostiary.direction"), Some("outbound"));
    running.envoy.stop().expect("a stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn observe_only() {
    let running = Running::start("observe-only.yaml").await;
    let calls = [
        Call { from: HERE, line: "GET /orders", status: 200, verdicts: PERMIT },
        Call { from: HERE, line: "GET /admin/settings", status: 200, verdicts: WOULD_DENY },
    ];
    let records = running.expect("observed", &calls).await;
    assert_eq!(records[1].text("ostiary.would_be.rule.name"), Some("closed"));
    running.envoy.stop().expect("a stop");
}

/// A new file in the folder is a new test here, or it is not shipped.
#[test]
fn every_file_is_started_by_a_test() {
    let names = std::fs::read_dir(place::root().join("envoy-config")).expect("the folder").flatten();
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".yaml"));
    names.sort();
    let started = [
        "access-log.yaml",
        "callers-headers.yaml",
        "callers-jwt.yaml",
        "callers-mtls.yaml",
        "callers-oauth2.yaml",
        "client-address.yaml",
        "client-country.yaml",
        "edge.yaml",
        "masking-coded.yaml",
        "observe-only.yaml",
        "sidecar.yaml",
    ];
    assert_eq!(names, started);
}

// === impl Running ===

impl Running {
    async fn start(name: &str) -> Self {
        let shop = Shop::start(TcpListener::bind((HERE, 0)).await.expect("a port")).expect("a shop");
        let sink = Sink::start().await.expect("a sink");
        let to = BTreeMap::from([(4317, sink.address()), (8081, shop.address()), (8082, shop.address())]);
        // Whatever listens gets a port of the system's choice.
        let port = |written| Some(to.get(&written).map_or(0, SocketAddr::port));
        let text = shipped::read(name, &place::module().expect("the module"), port).expect("the shipped file");
        let envoy = Envoy::start(Setup::text(text)).await.unwrap_or_else(|failed| panic!("{name}: {failed}"));
        Self { envoy, sink, _shop: shop }
    }

    /// Makes the calls one after another; their records in that order.
    async fn expect(&self, listener: &str, calls: &[Call]) -> Vec<Record> {
        let to = self.envoy.listener(listener).await;
        // Each listener has a stream of its own, and the sink lists records by stream.
        let known: BTreeSet<_> =
            self.sink.requests().iter().filter_map(|record| record.stream().map(str::to_owned)).collect();
        for Call { from, line, status, .. } in calls {
            assert_eq!(call(*from, to, line).await, *status, "{line} from {from}");
        }
        let records = wait::until("every call being recorded", async || {
            let mut records = self.sink.requests();
            records.retain(|record| record.stream().is_some_and(|stream| !known.contains(stream)));
            (records.len() >= calls.len()).then_some(records)
        })
        .await;
        assert_eq!(records.len(), calls.len(), "one record a call");
        for (record, Call { from, line, verdicts, .. }) in records.iter().zip(calls) {
            let recorded = ["ostiary.verdict", "ostiary.would_be.verdict"].map(|name| record.text(name));
            assert_eq!(recorded, verdicts.map(Some), "{line} from {from}: {record:?}");
        }
        records
    }
}

async fn call(from: Ipv4Addr, to: SocketAddr, line: &str) -> u16 {
    let mut connection = Connection::open(from.into(), to).await.expect("a connection");
    let head = format!("{line} HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let method = line.split(' ').next().unwrap_or_default();
    let answer = connection.exchange(head.as_bytes(), method).await.expect("an answer").expect("an answer");
    answer.status().expect("a status")
}
