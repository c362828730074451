//! The program: options, log, signals. Standard output carries one line, the
//! bound addresses as JSON, so that whoever starts it knows when it is ready;
//! everything else goes to standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use ostiary_collector::options::Options;
use ostiary_collector::server::{self, Collector};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log's level must not decide whether the reason is seen.
            eprintln!("ostiary-collector: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> anyhow::Result<()> {
    // Signals are caught before anything is announced: whoever reads the line may send one.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    let collector = Collector::start(options).await?;
    let ready = serde_json::json!({
        "otlp": collector.otlp().to_string(),
        "http": collector.http().to_string(),
    });
    writeln!(std::io::stdout(), "{ready}").context("the addresses cannot be printed")?;
    tracing::info!(otlp = %collector.otlp(), http = %collector.http(), store = %server::shown(&options.store), "ready");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("ending on SIGTERM"),
        _ = interrupt.recv() => tracing::info!("ending on SIGINT"),
    }
    collector.stop().await
}
