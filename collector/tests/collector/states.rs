//! What streams say of themselves, and what their silence says.

use ostiary_wire::Event;
use ostiary_wire::attributes as names;
use serde_json::Value;

use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{event, id, req, requests};
use crate::support::send::Sender;

fn stream(loss: &Value, n: u64) -> Value {
    let streams = loss["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["stream"] == id(n)).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_end_of_a_stream_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    let long = 3_600_000_000_000;
    let beat = |n, interval| {
        event(&id(n), Event::VmHeartbeat, &[(&names::HEARTBEAT_INTERVAL, interval), (&names::EVENT_MADE, 5)], &[])
    };
    // The first lives, the second stops, the third falls silent, the fourth is lost.
    for message in [
        beat(1, long),
        requests(&id(1), &[req(0), req(1)]),
        beat(2, 1),
        event(&id(2), Event::VmStopped, &[(&names::EVENT_MADE, 7), (&names::SENT, 5), (&names::DROPPED_QUEUE, 2)], &[]),
        beat(3, 1),
        event(
            &id(1),
            Event::VmLost,
            &[(&names::LOST_MADE, 9), (&names::LOST_OPEN, 3)],
            &[(&names::LOST_STREAM_ID, &id(4))],
        ),
        event(&id(1), Event::PolicyAccepted, &[], &[(&names::POLICY_REVISION_EVENT, "abc123")]),
    ] {
        assert_eq!(sender.send(message).await.unwrap().rejected, 0);
    }
    let loss = ask::until(collector.http, "/v1/loss", |loss| stream(loss, 3)["state"] == "silent");
    let told = |n| {
        let stream = stream(&loss, n);
        (stream["state"].clone(), stream["about"].clone(), stream["made"].clone(), stream["missing"].clone())
    };
    let row = |state: &str, about: &str, made: u64, missing: u64| {
        (Value::from(state), Value::from(about), Value::from(made), Value::from(missing))
    };
    assert_eq!(told(1), row("live", "speaking", 5, 3));
    assert_eq!(told(2), row("stopped", "ended with a final word", 7, 7));
    assert_eq!(told(3), row("silent", "ended without a final word", 5, 5));
    assert_eq!(told(4), row("lost", "ended without a final word", 9, 9));
    assert_eq!(stream(&loss, 4)["open"], 3);
    assert_eq!(stream(&loss, 2)["dropped_by_reason"]["queue_full"], 2);
    assert_eq!(stream(&loss, 1)["policy_revision"], "abc123");
    let totals = &loss["totals"];
    assert_eq!((&totals["made"], &totals["missing"], &totals["dropped"]), (&26.into(), &24.into(), &2.into()));
    assert_eq!(
        totals["streams"],
        serde_json::json!({"all": 4, "live": 1, "stopped": 1, "silent": 1, "lost": 1, "forgotten": 0})
    );
}

#[tokio::test]
async fn a_request_that_was_refused_before_us_counts_and_makes_no_operation() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    let unseen = crate::support::records::Req { operation: None, status: 400, ..req(0) };
    sender.send(requests(&id(1), &[unseen, req(1)])).await.unwrap();
    let totals = ask::get(collector.http, "/v1/loss")["totals"].clone();
    assert_eq!((&totals["received"], &totals["unseen"], &totals["missing"]), (&2.into(), &1.into(), &0.into()));
    assert_eq!(ask::get(collector.http, "/v1/operations")["items"].as_array().unwrap().len(), 1);
    assert_eq!(ask::get(collector.http, "/v1/calls")["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_silent_proxy_is_not_mistaken_for_one_that_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    sender.send(requests(&id(1), &[req(0)])).await.unwrap();
    sender
        .send(event(&id(1), Event::VmHeartbeat, &[(&names::HEARTBEAT_INTERVAL, 1), (&names::EVENT_OPEN, 4)], &[]))
        .await
        .unwrap();
    let loss = ask::until(collector.http, "/v1/loss", |loss| stream(loss, 1)["state"] == "silent");
    let stream = stream(&loss, 1);
    assert_eq!((&stream["missing"], &stream["open"]), (&0.into(), &4.into()));
    assert_eq!(stream["about"], "ended without a final word");
}

#[tokio::test]
async fn a_policy_event_that_is_sent_again_is_one_event() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s.sqlite");
    let collector = Running::start(&store, &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    let refused =
        event(&id(1), Event::PolicyRefused, &[(&names::POLICY_ERRORS, 2)], &[(&names::POLICY_ERROR, "mode: bad")]);
    let accepted = event(&id(1), Event::PolicyAccepted, &[], &[(&names::POLICY_REVISION_EVENT, "abc123")]);
    for message in [&refused, &accepted, &refused, &accepted] {
        sender.send(message.clone()).await.unwrap();
    }
    let file = rusqlite::Connection::open(&store).unwrap();
    let kept = |accepted: bool| {
        let sql = "SELECT count(*), max(revision), max(attributes) FROM policies WHERE accepted = ?1";
        file.query_row(sql, [accepted], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    };
    let (count, revision, attributes): (i64, String, String) = kept(false);
    assert_eq!((count, revision.as_str()), (1, ""));
    assert!(attributes.contains("mode: bad"), "{attributes}");
    let (count, revision, _): (i64, String, String) = kept(true);
    assert_eq!((count, revision.as_str()), (1, "abc123"));
}
