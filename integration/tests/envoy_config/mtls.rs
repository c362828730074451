//! `callers-mtls.yaml`: certificates of a real authority, and of another one.

use std::sync::Arc;

use ostiary_integration::authority::{Authority, SHOP, Validity};
use ostiary_integration::client::{self, LOOPBACK};
use ostiary_integration::envoy::Envoy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind};

use crate::example::{Call, Example, File};

const BILLING: &str = "spiffe://shop.example/billing";

/// The shop's own authority, its callers', and another one.
struct Authorities {
    servers: Authority,
    clients: Authority,
    strangers: Authority,
}

/// Envoy says whether a certificate is valid from 1.39 on; before that nobody can, and nobody is a caller.
async fn validity_is_known(envoy: &Envoy) -> bool {
    envoy.version().await.expect("a version") >= (1, 39)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let [servers, clients, strangers] = ["servers", "clients", "strangers"].map(Authority::new);
    let server = servers.server();
    let files: [File; 3] =
        [("server.pem", server.certificate), ("server.key", server.key), ("clients-ca.pem", clients.pem())];
    let changes = [
        ("mtls: { identity: uri_san, validated_by: listener }", "mtls: { identity: uri_san, validated_by: envoy }"),
        ("mtls: { identity: uri_san }", "mtls: { identity: uri_san, validated_by: listener }"),
    ];
    let example = Example::beside("callers-mtls.yaml", &files, &changes).await;
    let all = Authorities { servers, clients, strangers };
    a_listener_that_demands_a_certificate(&example, &all).await;
    a_listener_that_takes_any_certificate(&example, &all).await;
    the_other_way_round_neither_listener_is_right(&example, &all).await;
    example.stop();
}

/// Where the listener demands a certificate, whoever speaks has a good one: its name decides.
async fn a_listener_that_demands_a_certificate(example: &Example, all: &Authorities) {
    let Authorities { servers, clients, strangers } = all;
    let billing = clients.client(servers, &[BILLING], Validity::Now);
    let stock = clients.client(servers, &["spiffe://shop.example/stock"], Validity::Now);
    let foreign = clients.client(servers, &["spiffe://other.example/billing"], Validity::Now);
    let two = clients.client(servers, &["spiffe://shop.example/stock", BILLING], Validity::Now);
    let nameless = clients.client(servers, &[], Validity::Now);
    let payments = |status: u16, tls: &Arc<ClientConfig>| Call::new("GET /payments", status).over(tls);
    let calls = [
        payments(200, &billing),
        payments(403, &stock),
        Call::new("GET /orders", 200).over(&stock),
        Call::new("GET /orders", 403).over(&foreign),
        // The first name is the identity; a second one adds nothing.
        payments(403, &two),
        payments(401, &nameless),
        // A header of the name that proxies use says nothing.
        payments(403, &stock).with("x-forwarded-client-cert", format!("URI={BILLING}")),
    ];
    let seen = example.expect("required", &calls).await;
    let callers: Vec<_> = seen.iter().map(|seen| seen.caller().unwrap_or("-")).collect();
    let (billing, stock) = ("mtls:spiffe://shop.example/billing", "mtls:spiffe://shop.example/stock");
    assert_eq!(callers, [billing, stock, stock, "mtls:spiffe://other.example/billing", stock, "-", stock]);

    let again = clients.client(servers, &[BILLING], Validity::Now);
    for handshake in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let spoken = speak(example, "required", &again).await;
        assert_eq!(spoken, ("HTTP/1.1 200 OK".to_owned(), Some(handshake)), "who resumes is still who it was");
    }
    example.pass_over(2).await;
    example.upstream.take();
    let expired = clients.client(servers, &[BILLING], Validity::Over);
    let stranger = strangers.client(servers, &[BILLING], Validity::Now);
    for (why, tls) in [("none", &servers.nobody()), ("another authority's", &stranger), ("expired", &expired)] {
        let (answer, _) = speak(example, "required", tls).await;
        assert_eq!(answer, "", "the handshake ends with a certificate that is {why}");
    }
    assert!(example.upstream.take().is_empty());
}

/// Where anybody may speak, a certificate that is presented and not valid is nobody's, also when its session is resumed.
async fn a_listener_that_takes_any_certificate(example: &Example, all: &Authorities) {
    let Authorities { servers, clients, strangers } = all;
    let known = validity_is_known(&example.envoy).await;
    let billing = clients.client(servers, &[BILLING], Validity::Now);
    let expired = clients.client(servers, &[BILLING], Validity::Over);
    let stranger = strangers.client(servers, &[BILLING], Validity::Now);
    let payments = |status: u16, tls: &Arc<ClientConfig>| Call::new("GET /payments", status).over(tls);
    let calls = [
        payments(if known { 200 } else { 401 }, &billing),
        Call::new("GET /staff", 200).over(&servers.nobody()),
        payments(401, &servers.nobody()),
        payments(401, &stranger),
        payments(401, &stranger),
        payments(401, &expired),
        Call::new("GET /orders", 401).over(&stranger),
        payments(401, &stranger).with("x-forwarded-client-cert", format!("URI={BILLING}")),
    ];
    let seen = example.expect("optional", &calls).await;
    assert_eq!(seen[0].caller(), known.then_some("mtls:spiffe://shop.example/billing"));
    for seen in &seen[1..] {
        assert_eq!(seen.caller(), None, "{:?}", seen.record);
    }
    assert_eq!(seen[2].record.text("ostiary.credential.state"), Some("none"));
    assert_eq!(seen[3].record.text("ostiary.credential.state"), Some("invalid"));
    for tls in [&stranger, &billing] {
        for _ in 0..2 {
            let (_, handshake) = speak(example, "optional", tls).await;
            assert_eq!(handshake, Some(HandshakeKind::Full), "no session is resumed here");
        }
    }
    example.pass_over(4).await;
}

/// Why each listener has its own `validated_by`: the one that takes any certificate must not be believed, and Envoy calls no certificate
/// valid on a session that is resumed, so the one that resumes sessions would refuse its callers from the second connection on.
async fn the_other_way_round_neither_listener_is_right(example: &Example, all: &Authorities) {
    let Authorities { servers, clients, strangers } = all;
    let stranger = strangers.client(servers, &[BILLING], Validity::Now);
    let seen = example.expect("optional-changed", &[Call::new("GET /payments", 200).over(&stranger)]).await;
    assert_eq!(seen[0].caller(), Some("mtls:spiffe://shop.example/billing"), "a stranger's word");
    let billing = clients.client(servers, &[BILLING], Validity::Now);
    let status = if validity_is_known(&example.envoy).await { "200 OK" } else { "401 Unauthorized" };
    for (status, handshake) in [(status, HandshakeKind::Full), ("401 Unauthorized", HandshakeKind::Resumed)] {
        assert_eq!(speak(example, "required-changed", &billing).await, (format!("HTTP/1.1 {status}"), Some(handshake)));
    }
}

/// Asks for payments on a connection of its own; the status line, empty when there is none, and how the handshake went.
async fn speak(example: &Example, listener: &str, tls: &Arc<ClientConfig>) -> (String, Option<HandshakeKind>) {
    let to = example.envoy.listener(listener).await;
    let Ok(mut stream) = client::connect_tls(LOOPBACK, to, tls).await else {
        return (String::new(), None);
    };
    // With TLS 1.3 a client learns of its refusal when it reads.
    let request = format!("GET /payments HTTP/1.1\r\nhost: {SHOP}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes()).await.is_ok();
    let _ = stream.read_to_end(&mut answer).await;
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    (if sent { line } else { String::new() }, stream.get_ref().1.handshake_kind())
}
