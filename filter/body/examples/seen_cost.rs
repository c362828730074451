//! What looking at a body for faults and its shape costs: nanoseconds a byte, natively. Figures vary by a tenth from run to run;
//! in Wasm they are larger.

use ostiary_body::detect::{Detectors, Types};
use ostiary_body::format::Format;
use ostiary_body::plan::{Look, Plan};
use ostiary_body::seen::Watcher;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

/// Rounds of each, of which the fastest counts.
const ROUNDS: usize = 200;

fn main() {
    let user = r#"{"id":4711,"name":"Ann Example","mail":"ann@shop.example","tags":["a","b"],"at":"2026-01-01T10:00:00Z","paid":true},"#;
    let json = format!("[{}1]", user.repeat(16 * 1024 / user.len()));
    let text = "The quick brown fox jumps over the lazy dog, 10.5 times in 2026. ".repeat(252);
    let detectors = Rc::new(Detectors::new(Types::NONE, Vec::new()));
    let Ok(plan) = Plan::new(Vec::new(), detectors, b"") else { return };
    let plan = Rc::new(plan);
    let look = |signs, shapes| Look { signs, shapes, ..Look::default() };
    for (name, body, look) in [
        ("json, signs", &json, look(true, false)),
        ("json, shape", &json, look(false, true)),
        ("json, both", &json, look(true, true)),
        ("text, signs", &text, look(true, false)),
    ] {
        let once = || {
            let begun = Instant::now();
            if let Some(mut watcher) = Watcher::new(Rc::clone(&plan), look, &Format::Json) {
                watcher.feed(black_box(body.as_bytes()));
                black_box(watcher.finish());
            }
            begun.elapsed()
        };
        let fastest = (0..ROUNDS).map(|_| once()).min().unwrap_or_default();
        let nanoseconds = fastest.as_secs_f64() * 1e9;
        println!(
            "{name}: {:.2} ns a byte, {:.1} us for {} bytes",
            nanoseconds / body.len() as f64,
            nanoseconds / 1e3,
            body.len()
        );
    }
}
