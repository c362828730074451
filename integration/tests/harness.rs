//! The harness itself, without the filter: an Envoy starts through func-e, serves, and leaves nothing behind.

use ostiary_integration::client;
use ostiary_integration::config::{self, Listener, Speaks};
use ostiary_integration::envoy::{Envoy, Failed, Setup};
use ostiary_integration::load::Load;
use ostiary_integration::upstream::Upstream;
use ostiary_tests::scenario::{Answer, Request};
use std::path::Path;

fn plain(name: &str) -> serde_json::Value {
    Listener::new(name, None, "upstream").value(Path::new(""))
}

fn request(yaml: &str) -> Request {
    serde_json::from_value(serde_json::json!({ "path": yaml })).expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_serves_and_is_gone_when_stopped() {
    let upstream = Upstream::start().await.expect("an upstream");
    upstream.script(Answer { status: 201, ..Answer::default() });
    let clusters = vec![config::cluster("upstream", upstream.address(), Speaks::AsClient)];
    let envoy = Envoy::start(Setup::new(&config::bootstrap(vec![plain("a")], clusters))).await.expect("an envoy");
    let to = envoy.listener("a").await;

    let answer = client::send(&request("/first"), to).await.expect("an answer").expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"ok".as_slice()));
    let arrived = upstream.take();
    assert_eq!(arrived[0].arrival.path, b"/first");
    assert!(arrived[0].raw.starts_with(b"GET /first HTTP/1.1\r\nhost: shop.example\r\n"), "{:?}", arrived[0]);

    let grpc: Request =
        serde_json::from_value(serde_json::json!({ "protocol": "grpc", "path": "/shop.Orders/Get", "body": ["x"] }))
            .expect("a request");
    let trailers = serde_json::from_value(serde_json::json!([["grpc-status", "0"]])).expect("headers");
    upstream.script(Answer { trailers, ..Answer::default() });
    let answer = client::send(&grpc, to).await.expect("an answer").expect("an answer");
    assert_eq!(answer.header("grpc-status"), Some(b"0".as_slice()));
    assert_eq!(upstream.take()[0].arrival.body, b"\0\0\0\0\x01x");

    upstream.forget();
    let tally = Load::new(to, 500, "/many").run().await;
    assert_eq!(tally.get(&200), Some(&500), "{tally:?}");
    assert_eq!(envoy.stat("http.a.downstream_rq_total").await, 502);

    let pids = [envoy.func_e_pid(), envoy.envoy_pid().expect("envoy's process id")];
    let folder = envoy.folder().to_owned();
    envoy.stop().expect("a stop");
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "process {pid} is still there");
    }
    assert!(!folder.exists(), "the run's folder is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_envoy_refuses_is_reported_with_its_log() {
    let mut listener = plain("a");
    listener["no_such_field"] = serde_json::json!(1);
    let failed = Envoy::start(Setup::new(&config::bootstrap(vec![listener], Vec::new()))).await.expect_err("a refusal");
    assert!(matches!(&failed, Failed::Exited { log, .. } if log.contains("no_such_field")), "{failed}");
}
