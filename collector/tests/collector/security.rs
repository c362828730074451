//! Beyond loopback only holders of the token, or of a certificate, are let in,
//! on both ports.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::support::ask::{self, Answer};
use crate::support::process::Running;
use crate::support::records::{id, req, requests};
use crate::support::send::Sender;

const TOKEN: &str = "correct-horse-battery-staple";

#[tokio::test]
async fn the_token_opens_both_ports_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let store = folder.path().join("s.sqlite");
    let collector = Running::start(&store, &["--token-file", file.to_str().unwrap()]);

    let plain = Sender::connect(collector.otlp).await;
    let export = || requests(&id(1), &[req(0)]);
    let wrong = ["", "correct-horse-battery-stapl", "correct-horse-battery-staple1", "x"];
    assert_eq!(plain.clone().send(export()).await.unwrap_err().code(), Code::Unauthenticated);
    for token in wrong {
        let status = plain.clone().token(token).send(export()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{token:?}");
    }
    plain.token(TOKEN).send(export()).await.unwrap();

    let ask = |path: &str, header: &str| ask::get_with(collector.http, path, header).status;
    for path in ["/v1/operations", "/v1/calls", "/v1/loss", "/metrics", "/nowhere"] {
        assert_eq!(ask(path, ""), 401, "{path}");
        for token in wrong {
            assert_eq!(ask(path, &format!("authorization: Bearer {token}\r\n")), 401);
        }
        assert_eq!(ask(path, &format!("authorization: Basic {TOKEN}\r\n")), 401);
    }
    assert_eq!(ask("/healthz", ""), 200);
    assert_eq!(ask("/v1/loss", &format!("authorization: bearer {TOKEN}\r\n")), 200);
    let refusal = ask::get_with(collector.http, "/v1/loss", "");
    assert!(refusal.head.contains("www-authenticate: bearer"), "{refusal:?}");
    let metrics = ask::get_with(collector.http, "/metrics", &format!("authorization: Bearer {TOKEN}\r\n"));
    assert!(metrics.body.contains("exports_total{outcome=\"unauthenticated\"} 5\n"), "{}", metrics.body);
    assert!(!metrics.body.contains(TOKEN));
}

#[test]
fn a_token_lets_the_collector_listen_beyond_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ostiary-collector"));
    command.args(["--otlp", "0.0.0.0:0", "--http", "0.0.0.0:0", "--token-file"]).arg(&file);
    command.arg("--store").arg(folder.path().join("s.sqlite"));
    let collector = Running::spawn(command);
    let here = SocketAddr::from(([127, 0, 0, 1], collector.http.port()));
    assert_eq!(ask::get_with(here, "/v1/loss", "").status, 401);
}

#[test]
fn a_name_that_points_here_from_outside_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let answer = ask::raw(collector.http, "GET /v1/calls HTTP/1.0\r\nhost: rebound.example:8787\r\n\r\n");
    assert_eq!(answer.status, 421);
}

/// An authority with a server's and a client's certificate, as files and as text.
struct Authority {
    ca: String,
    client: (String, String),
    stranger: (String, String),
}

fn authority(folder: &Path) -> Authority {
    let ca = || {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, theirs) = (ca(), ca());
    let leaf = |issuer: &CertifiedIssuer<'_, KeyPair>, usage| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
    };
    let (cert, key) = leaf(&ours, ExtendedKeyUsagePurpose::ServerAuth);
    std::fs::write(folder.join("cert.pem"), cert).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
    std::fs::write(folder.join("ca.pem"), ours.pem()).unwrap();
    Authority {
        ca: ours.pem(),
        client: leaf(&ours, ExtendedKeyUsagePurpose::ClientAuth),
        stranger: leaf(&theirs, ExtendedKeyUsagePurpose::ClientAuth),
    }
}

/// `GET /v1/loss` over TLS, with a client certificate or without.
fn ask_tls(http: SocketAddr, ca: &str, client: Option<&(String, String)>) -> std::io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        Some((cert, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, std::net::TcpStream::connect(http)?);
    stream.write_all(b"GET /v1/loss HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(Answer::read(&text))
}

#[tokio::test]
async fn with_mutual_tls_a_certificate_of_the_authority_opens_both_ports() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ostiary-collector"));
    command.args(["--otlp", "0.0.0.0:0", "--http", "0.0.0.0:0", "--store", &file("s.sqlite")]);
    command.args(["--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")]);
    command.args(["--tls-client-ca", &file("ca.pem")]);
    let collector = Running::spawn(command);
    let here = |address: SocketAddr| SocketAddr::from(([127, 0, 0, 1], address.port()));

    let tls = |client: Option<&(String, String)>| {
        let config =
            ClientTlsConfig::new().domain_name("localhost").ca_certificate(Certificate::from_pem(&authority.ca));
        match client {
            Some((cert, key)) => config.identity(Identity::from_pem(cert, key)),
            None => config,
        }
    };
    for (client, want) in [(None, false), (Some(&authority.stranger), false), (Some(&authority.client), true)] {
        let sent = match Sender::connect_tls(here(collector.otlp), tls(client)).await {
            Ok(mut sender) => sender.send(requests(&id(1), &[req(0)])).await.is_ok(),
            Err(_) => false,
        };
        assert_eq!(sent, want, "grpc with a certificate: {}", client.is_some());
        let answer = ask_tls(here(collector.http), &authority.ca, client);
        assert_eq!(answer.is_ok_and(|answer| answer.status == 200), want, "http");
    }
}
