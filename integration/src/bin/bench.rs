//! `make bench`: runs the comparison and the replacements and prints their tables, for the terminal and as Markdown.
//!
//! `BENCH_SECONDS` sets how long each turn sends requests (default 1), `BENCH_ROUNDS` how many turns each row has (default 7),
//! `BENCH_ONLY=` with `compare`, `collectors`, `rules`, `quotas`, `masking`, `first-byte` or `replace` runs one
//! part; `BENCH_BODY=64` masks only bodies whose name has this in it; `BENCH_PACE` is how many requests a second are sent beside collectors that are slow or gone (default 10,000).

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use ostiary_integration::bench::bodies::Body;
use ostiary_integration::bench::collectors;
use ostiary_integration::bench::compare::{Comparison, Effort, compare};
use ostiary_integration::bench::counting::Engine;
use ostiary_integration::bench::first_byte;
use ostiary_integration::bench::modules::Modules;
use ostiary_integration::bench::replace::{self, Large};
use ostiary_integration::bench::rows::Row;
use ostiary_integration::bench::spread::Table;
use ostiary_integration::bench::{host_calls, many_rules};
use ostiary_integration::place;

const WORKERS: [u32; 2] = [1, 2];
const LARGE: Large = Large { apis: 10_000, rules: 10_000, cidrs: 100_000 };
const REPLACEMENTS: u32 = 1_000;
/// The rows as they are: no rate limit service, and the answer that the shipped file gives.
const NOTHING_MORE: (Option<&Engine>, Body) = (None, Body::Shipped);
const BODIES: [(&str, Body); 5] = [
    ("users, 1 KiB", Body::Users(1 << 10)),
    ("users, 64 KiB", Body::Users(1 << 16)),
    ("users, 10 MiB", Body::Users(10 << 20)),
    ("orders, 64 KiB", Body::Orders(1 << 16)),
    ("nothing to find, 64 KiB", Body::Plain(1 << 16)),
];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let effort = Effort {
        rounds: setting("BENCH_ROUNDS", 7.0)?.max(1.0).round() as usize,
        turn: Duration::from_secs_f64(setting("BENCH_SECONDS", 1.0)?.clamp(0.1, 600.0)),
    };
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let ours = place::module()?;
    let size = std::fs::metadata(&ours)?.len();
    println!("the module: {} ({size} bytes)", ours.display());
    let mut tables = Vec::new();
    let wanted = |part: &str| only.is_empty() || only == part;
    if wanted("compare") {
        let modules = Modules::build()?;
        let mut table = Table::new(&Comparison::HEADS);
        for workers in WORKERS {
            println!("comparing with {workers} worker(s): {} rounds of {:?} for each row", effort.rounds, effort.turn);
            compare(workers, Row::WHOLE, &modules, &ours, effort, NOTHING_MORE).await?.rows(&mut table);
        }
        tables.push(("CPU time of the Envoy process for each request", table));
        let mut table = Table::new(&host_calls::HEADS);
        host_calls::count(&ours, &mut table).await?;
        tables.push(("Calls from our filter to its host", table));
    }
    if wanted("collectors") {
        tables.push(collectors(&ours, effort).await?);
    }
    if wanted("rules") {
        tables.push(rules(&ours, effort).await?);
    }
    if wanted("quotas") {
        tables.extend(quotas(&ours, effort).await?);
    }
    if wanted("masking") {
        tables.push(masking(&ours, effort).await?);
    }
    if wanted("first-byte") {
        tables.push(first_byte(&ours, effort).await?);
    }
    if wanted("replace") {
        println!("applying {} apis, {} rules and {} cidrs under load", LARGE.apis, LARGE.rules, LARGE.cidrs);
        let mut table = Table::new(&replace::HEADS);
        replace::blocked(LARGE, &ours, &mut table).await?;
        tables.push(("A large policy, one worker, 2,000 probes a second", table));
        println!("replacing the policy {REPLACEMENTS} times");
        let mut table = Table::new(&replace::HEADS);
        replace::replacements(REPLACEMENTS, &ours, &mut table).await?;
        tables.push(("Many replacements, one worker", table));
    }
    for (title, table) in &tables {
        println!("\n{title}\n\n{}", table.text());
    }
    for (title, table) in &tables {
        println!("\n**{title}**\n\n{}", table.markdown());
    }
    Ok(())
}

/// What few rules cost, and many.
async fn rules(ours: &Path, effort: Effort) -> Result<(&'static str, Table)> {
    let modules = Modules::build()?;
    println!("deciding among few and many rules: {} rounds of {:?} for each row", effort.rounds, effort.turn);
    let mut table = Table::new(&Comparison::HEADS);
    compare(1, Row::RULES, &modules, ours, effort, NOTHING_MORE).await?.rows(&mut table);
    let (four, six) =
        many_rules::bytes_for_each(LARGE.cidrs).map_err(|why| anyhow::anyhow!("a network is none: {why}"))?;
    println!("a compiled network takes {four:.1} bytes (ipv4), {six:.1} bytes (ipv6)");
    Ok(("Few rules and many, CPU time for each request", table))
}

/// What requests wait beside collectors that are slow or gone.
async fn collectors(ours: &Path, effort: Effort) -> Result<(&'static str, Table)> {
    let pace = setting("BENCH_PACE", 10_000.0)?.clamp(1.0, 100_000.0) as u32;
    println!("{pace} requests a second beside collectors that are slow or gone");
    let mut table = Table::new(&collectors::HEADS);
    collectors::wait(ours, effort, pace, &mut table).await?;
    Ok(("What requests wait at a fixed pace, two workers", table))
}

/// What masking bodies costs.
async fn masking(ours: &Path, effort: Effort) -> Result<(&'static str, Table)> {
    let modules = Modules::build()?;
    let mut table = Table::new(&Comparison::BODY_HEADS);
    let wanted = std::env::var("BENCH_BODY").unwrap_or_default();
    for (what, body) in BODIES.into_iter().filter(|(what, _)| what.contains(&wanted)) {
        println!("masking {what}: {} rounds of {:?} for each row", effort.rounds, effort.turn);
        let bytes = body.text().map_or(0, |text| text.len());
        let rows = if bytes > 1 << 20 { Row::LARGE_BODIES } else { Row::BODIES };
        compare(1, rows, &modules, ours, effort, (None, body)).await?.body_rows(what, bytes, &mut table);
    }
    Ok(("Masking bodies, one worker, CPU time for each request", table))
}

/// What the bytes of a body wait for.
async fn first_byte(ours: &Path, effort: Effort) -> Result<(&'static str, Table)> {
    let mut table = Table::new(&first_byte::HEADS);
    for (what, body) in BODIES.into_iter().filter(|(what, _)| !what.contains("1 KiB")) {
        println!("waiting for {what}: {} rounds for each row", effort.rounds);
        first_byte::wait(ours, effort, (what, body), &mut table).await?;
    }
    Ok(("What bytes of a masked body wait for, one worker, one request at a time", table))
}

/// What quotas cost, counted here and by a service.
async fn quotas(ours: &Path, effort: Effort) -> Result<[(&'static str, Table); 2]> {
    let modules = Modules::build()?;
    let mut table = Table::new(&Comparison::HEADS);
    for workers in WORKERS {
        println!("counting with {workers} worker(s): {} rounds of {:?} for each row", effort.rounds, effort.turn);
        compare(workers, Row::QUOTAS, &modules, ours, effort, NOTHING_MORE).await?.rows(&mut table);
    }
    let here = ("Quotas counted in one Envoy, CPU time for each request, all of one key", table);
    let engine = Engine::start().await?;
    let mut table = Table::new(&Comparison::HEADS);
    println!("asking a rate limit service: {} rounds of {:?} for each row", effort.rounds, effort.turn);
    compare(1, Row::GLOBAL, &modules, ours, effort, (Some(&engine), Body::Shipped)).await?.rows(&mut table);
    let there = ("Quotas counted by a service, CPU time of Envoy for each request, routed to an upstream", table);
    Ok([here, there])
}

fn setting(name: &str, default: f64) -> Result<f64> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .with_context(|| format!("{name}={text} is not a number")),
        Err(_) => Ok(default),
    }
}
