//! Questions as strangers ask them, through the whole of the JSON API and a store with something in it: the answer is never a
//! failure of ours.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use axum::body::Body;
use http::Request;
use clap::Parser;
use libfuzzer_sys::fuzz_target;
use ostiary_collector::api::{self, Api};
use ostiary_collector::intake::Sampler;
use ostiary_collector::metrics::Metrics;
use ostiary_collector::options::Options;
use ostiary_collector::store::{sqlite, writer};
use tower::ServiceExt;

struct Stage {
    runtime: tokio::runtime::Runtime,
    router: axum::Router,
    _folder: tempfile::TempDir,
}

const PATHS: [&str; 10] = [
    "/v1/operations",
    "/v1/operations/0123456789abcdef0123456789abcdef",
    "/v1/operations/",
    "/v1/rules",
    "/v1/flows",
    "/v1/calls",
    "/v1/loss",
    "/v1/instances",
    "/v1/aliases",
    "/v1/openapi.json",
];

fn stage() -> Stage {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options::parse_from(["ostiary-collector"]);
    let (ledger, reader) = sqlite::open(&folder.path().join("s.sqlite"), options.bounds()).expect("a store");
    let metrics = Arc::new(Metrics::new(Arc::new(Sampler::new(1, 1))));
    let (writer, _thread) = writer::start(ledger, Arc::clone(&metrics)).expect("a writer");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let router = api::router(Api {
        answers: Arc::new(reader),
        writer,
        metrics,
        token: None,
        is_local: true,
        questions: api::questions(),
    });
    Stage { runtime, router, _folder: folder }
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let separator = if path.ends_with('/') { "" } else { "?" };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    // What no client can put on the wire is not asked.
    let Ok(request) = Request::get(format!("http://localhost{path}{separator}{text}")).header("host", "localhost").body(Body::empty())
    else {
        return;
    };
    STAGE.with_borrow_mut(|stage_of| {
        let stage = stage_of.get_or_insert_with(stage);
        let answer = stage.runtime.block_on(stage.router.clone().oneshot(request)).expect("infallible");
        assert!(answer.status().as_u16() < 500, "{} to {path}{separator}{text}", answer.status());
    });
});
