//! What Envoy itself shows of the filter: lines of its access log, its statistics, and the dashboard that is drawn from them.

use ostiary_integration::{client, place, wait};
use serde_json::Value;
use std::collections::BTreeSet;

use super::example::{Call, Example};
use ostiary_integration::authority::SHOP;

/// Guarantees: as it is shipped, the access log has each call's key facts, of what passed and of what was refused, and every metric that
/// the dashboard asks for is there after a few calls.
#[tokio::test(flavor = "multi_thread")]
async fn envoys_log_and_statistics_tell_what_was_decided() {
    let example = Example::start("access-log.yaml", &[("access.log", Vec::new())]).await;
    let calls = [Call::new("GET /users/7", 200), Call::new("GET /admin/x", 403)];
    let seen = example.expect("logged", &calls).await;
    let log = example.file("access.log");
    let lines = wait::until("two lines", async || {
        let text = std::fs::read_to_string(&log).ok()?;
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (lines.len() == 2).then_some(lines)
    })
    .await;
    for (line, seen) in lines.iter().zip(&seen) {
        let facts = line["ostiary"].as_str().unwrap();
        let operation = seen.record.text("ostiary.operation.id").unwrap();
        assert!(facts.contains(&format!(" operation={operation}")), "{facts}");
        assert_eq!(line["request_id"].as_str(), seen.record.text("ostiary.request.id"));
    }
    let facts = |at: usize| lines[at]["ostiary"].as_str().unwrap().to_owned();
    assert!(facts(0).starts_with("verdict=permit api=users template=/users/{id} operation="), "{}", facts(0));
    assert!(
        facts(1).starts_with("verdict=deny refusal=access.denied rule=closed api=admin template=/admin/** operation="),
        "{}",
        facts(1)
    );
    assert!(!facts(0).contains(SHOP) && !facts(0).contains("/users/7"), "a value of the call is in the log");
    dashboard(&example).await;
    example.stop();
}

/// Holds the shipped dashboard against what a running Envoy has.
async fn dashboard(example: &Example) {
    let file = place::root().join("envoy-config/grafana/ostiary.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let queries: Vec<&str> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() >= 7);
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty() && !panel["description"].as_str().unwrap().is_empty());
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
    }
    wait::until("every metric of the dashboard", async || {
        let page = client::get(example.envoy.admin(), "/stats/prometheus").await.ok()?;
        let page = String::from_utf8(page.body).ok()?;
        let there: BTreeSet<&str> = page.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
        let missing: Vec<&&str> =
            queries.iter().filter(|query| !names(query).any(|name| is_there(&there, name))).collect();
        // A rule in shadow has refused nothing here, so its counter has not begun.
        missing.iter().all(|query| query.contains("would_refuse")).then_some(())
    })
    .await;
}

/// The metrics that a query names, or the patterns of their names.
fn names(query: &str) -> impl Iterator<Item = &str> {
    query
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || "_.+".contains(letter)))
        .filter(|word| word.starts_with("ostiary_"))
}

fn is_there(there: &BTreeSet<&str>, name: &str) -> bool {
    match name.strip_suffix(".+") {
        Some(prefix) => there.iter().any(|known| known.len() > prefix.len() && known.starts_with(prefix)),
        None => there.contains(name),
    }
}
