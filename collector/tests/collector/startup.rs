//! A start that is refused says why and what to change; nothing is opened before.

use std::net::TcpListener;
use std::path::Path;

use crate::support::process::{Running, command, refused};

/// Each case: arguments (with `{}` for the folder), and what standard error must say.
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["--otlp", "0.0.0.0:0"], &["--otlp 0.0.0.0:0 is not a loopback address", "--token-file"]),
    (&["--http", "0.0.0.0:0"], &["--http 0.0.0.0:0 is not a loopback address"]),
    (&["--http", "[::]:0"], &["--http [::]:0 is not a loopback address"]),
    (&["--otlp", "0.0.0.0:0", "--token-file", "{}/none"], &["--token-file {}/none: "]),
    (&["--token-file", "{}/short"], &["--token-file {}/short: a token is one line of at least 16"]),
    (&["--token-file", "{}/lines"], &["a token is one line"]),
    (&["--tls-cert", "{}/cert.pem"], &["--tls-cert needs --tls-key"]),
    (&["--tls-key", "{}/key.pem"], &["--tls-key needs --tls-cert"]),
    (&["--tls-client-ca", "{}/cert.pem"], &["--tls-client-ca needs --tls-cert"]),
    (&["--tls-cert", "{}/short", "--tls-key", "{}/key.pem"], &["--tls-cert {}/short: holds no certificate"]),
    (&["--tls-cert", "{}/cert.pem", "--tls-key", "{}/short"], &["--tls-key {}/short: "]),
    (
        &["--otlp", "0.0.0.0:0", "--tls-cert", "{}/cert.pem", "--tls-key", "{}/key.pem"],
        &["--otlp 0.0.0.0:0 is not a loopback address", "--tls-client-ca"],
    ),
    (&["--store", "{}/none/s.sqlite"], &["cannot open the store {}/none/s.sqlite", "--store"]),
    (&["--store", "{}/short"], &["cannot use {}/short as the store", "--store"]),
    (&["--store", "{}/other.sqlite"], &["is another program's database", "--store"]),
    (&["--store", "{}/later.sqlite"], &["has schema 99 and this version knows 4"]),
    (&["--calls-age", "1 fortnight"], &["--calls-age", "such as 90s"]),
    (&["--exports-max", "0"], &["--exports-max"]),
    (&["--otlp", "localhost"], &["--otlp", "invalid socket address"]),
    (&["--sotre", "x"], &["--sotre", "--store"]),
];

fn files(folder: &Path) {
    std::fs::write(folder.join("short"), "secret and more than a page of text".get(..6).unwrap()).unwrap();
    std::fs::write(folder.join("lines"), "0123456789abcdef\n0123456789abcdef\n").unwrap();
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), key.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.signing_key.serialize_pem()).unwrap();
    let other = rusqlite::Connection::open(folder.join("other.sqlite")).unwrap();
    other.execute_batch("CREATE TABLE shopping (item TEXT)").unwrap();
    drop(Running::start(&folder.join("later.sqlite"), &[]));
    let later = rusqlite::Connection::open(folder.join("later.sqlite")).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
}

#[test]
fn every_refusal_names_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let here = folder.path().to_str().unwrap();
    for (arguments, says) in REFUSED {
        let arguments: Vec<String> = arguments.iter().map(|arg| arg.replace("{}", here)).collect();
        // The program's own order of arguments has the ports first: later ones must win.
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ostiary-collector"));
        for (flag, value) in [("--otlp", "127.0.0.1:0"), ("--http", "127.0.0.1:0")] {
            if !arguments.iter().any(|arg| arg == flag) {
                command.args([flag, value]);
            }
        }
        if !arguments.iter().any(|arg| arg == "--store") {
            command.arg("--store").arg(folder.path().join("unused.sqlite"));
        }
        command.args(&arguments);
        let (output, stderr) = refused(command);
        assert!(!output.status.success(), "{arguments:?} started");
        assert!(output.stdout.is_empty(), "{arguments:?} said it was ready");
        for part in *says {
            let part = part.replace("{}", here);
            assert!(stderr.contains(&part), "{arguments:?} says {stderr}, not {part}");
        }
    }
}

#[test]
fn a_taken_port_is_named_with_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, other) in [("--otlp", "--http"), ("--http", "--otlp")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ostiary-collector"));
        command.args([flag, &address, other, "127.0.0.1:0", "--store"]);
        command.arg(folder.path().join("s.sqlite"));
        let (output, stderr) = refused(command);
        assert!(!output.status.success());
        assert!(stderr.contains(&format!("cannot listen on {address}")), "{stderr}");
        assert!(stderr.contains(&format!("choose another address with {flag}")), "{stderr}");
    }
    assert!(!folder.path().join("s.sqlite").exists(), "a start that was refused left a store");
}

#[test]
fn the_store_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s.sqlite");
    let mut first = Running::start(&store, &[]);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{:?} is open to others", file.file_name());
    }
    first.terminate();
    assert_eq!(first.ended(), Some(0));
    let again = Running::spawn(command(&store, &["--late", "1h"]));
    assert!(again.http.ip().is_loopback());
}
