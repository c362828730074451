//! The collector's answers, held against its own OpenAPI document by a tool that knows nothing of either.

use ostiary_integration::collector::Collector;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::{place, wait};
use std::process::{Command, Stdio};

/// What schemathesis holds every answer against: statuses, content types and shapes as documented, what the document allows taken, what
/// it does not allow refused.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,negative_data_rejection,positive_data_acceptance,unsupported_method";

/// Guarantees: whatever parameters are sent, allowed or not, the answer has a documented status and its documented shape, what the
/// document allows is taken and what it does not is refused.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_answer_that_the_document_does_not_tell_of() {
    let collector = Collector::start().expect("a collector");
    let plan = Plan { collector: Some(collector.otlp), ..Plan::new(policy(&closed())) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.load(30, "/orders/1").await;
    stage.load(10, "/secret").await;
    wait::until("records in the inventory", async || {
        let answer = collector.ask("/v1/operations?state=all").await.ok()?;
        (answer["items"].as_array()?.len() >= 2).then_some(())
    })
    .await;
    let output = Command::new(place::schemathesis().unwrap_or_else(|missing| panic!("{missing}")))
        .arg("run")
        .arg(format!("http://{}/v1/openapi.json", collector.http))
        .args([
            "--checks",
            CHECKS,
            "--max-examples",
            "25",
            "--phases",
            "examples,coverage,fuzzing",
            "--seed",
            "1",
            "--no-color",
        ])
        .current_dir(place::scratch("schemathesis").expect("a folder").path())
        .stdin(Stdio::null())
        .output()
        .expect("schemathesis runs");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    stage.envoy.stop().expect("a stop");
}
