//! `make run`: the whole of Ostiary on one machine. It starts the demo shop, the collector and a real Envoy with the shipped
//! `envoy-config/edge.yaml`, says what to type, shows what passes, and on Ctrl-C ends what it started and nothing else.

mod child;
mod global;
mod settings;
mod watch;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use ostiary_integration::limiter::Limiter;
use ostiary_integration::shop::Shop;
use ostiary_integration::{client, place, shipped, wait};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use child::Child;
use settings::{Port, Settings};

/// The parts. Fields are dropped in this order: who sends goes before who receives.
struct Demo {
    envoy: Child,
    _limiter: Option<Limiter>,
    collector: Child,
    _shop: Shop,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One readable sentence: a backtrace would bury the port that is taken.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let settings = Settings::from_environment()?;
    // Before anything is started, so that a Ctrl-C during the start is not the kind that leaves children behind.
    let mut interrupts = Interrupts::new()?;
    let demo = tokio::select! {
        demo = start(&settings) => demo?,
        () = interrupts.next() => bail!("interrupted before everything was ready; what had been started is stopped"),
    };
    print!("{}", invitation(&settings));
    let ended = {
        let mut demo = demo;
        let ended = tokio::select! {
            ended = demo.envoy.ended() => ended,
            ended = demo.collector.ended() => ended,
            () = watch::calls(settings.address(Port::Collector)) => Ok(()),
            () = interrupts.next() => Ok(()),
        };
        println!("\nstopping envoy, then the collector, so that the last records arrive");
        demo.envoy.stop().await;
        demo.collector.stop().await;
        ended
    };
    if ended.is_ok() {
        println!("stopped; logs and the inventory are in {}", settings.folder.display());
    }
    ended
}

async fn start(settings: &Settings) -> Result<Demo> {
    std::fs::create_dir_all(&settings.folder)
        .with_context(|| format!("cannot make {}: is the checkout writable?", settings.folder.display()))?;
    for port in Port::ALL {
        settings.check_free(port).await?;
    }
    let envoy = settings.envoy()?;
    if settings.global {
        global::install(&place::root())?;
    }
    let listener = TcpListener::bind(settings.address(Port::Shop)).await.context("the shop cannot listen")?;
    let shop = Shop::start(listener)?;
    println!("the shop serves on {}", shop.address());

    let mut collector = Child::start("collector", &settings.folder, collector_command(settings)?)?;
    wait_until_ready(&mut collector, settings.address(Port::Collector), "/healthz").await?;
    println!(
        "the collector listens on {} and answers on {}",
        settings.address(Port::Otlp),
        settings.address(Port::Collector)
    );

    let module = place::module()?;
    let mut text = shipped::read("edge.yaml", &module, |port| settings.instead_of(port))?;
    let mut limiter = None;
    if settings.global {
        let (started, with_quota) = global::start(&text).await?;
        println!(
            "the rate limit service listens on {}, its redis on {}",
            started.service.address, started.redis.address
        );
        text = with_quota;
        limiter = Some(started);
    }
    let mut envoy = Child::start("envoy", &settings.folder, envoy_command(settings, &envoy, &text)?)?;
    wait_until_ready(&mut envoy, settings.address(Port::Admin), "/ready").await?;
    println!("envoy serves on {} with envoy-config/edge.yaml", settings.address(Port::Envoy));
    Ok(Demo { envoy, _limiter: limiter, collector, _shop: shop })
}

fn collector_command(settings: &Settings) -> Result<Command> {
    let mut command = Command::new(settings.collector()?);
    command.args(["--otlp", &settings.address(Port::Otlp).to_string()]);
    command.args(["--http", &settings.address(Port::Collector).to_string()]);
    command.arg("--store").arg(settings.fresh_store()?);
    Ok(command)
}

fn envoy_command(settings: &Settings, binary: &std::path::Path, text: &str) -> Result<Command> {
    let file = settings.folder.join("edge.yaml");
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = Command::new(binary);
    command.arg("-c").arg(file);
    // Two workers, because one hides everything that happens only between workers.
    command.args([
        "--concurrency",
        "2",
        "--use-dynamic-base-id",
        "--log-level",
        "warning",
        "--component-log-level",
        "wasm:info",
    ]);
    Ok(command)
}

async fn wait_until_ready(child: &mut Child, at: SocketAddr, path: &str) -> Result<()> {
    let ready =
        wait::within(wait::PATIENCE, async || client::get(at, path).await.ok().filter(|answer| answer.status == 200));
    let answered = tokio::select! {
        ended = child.ended() => return ended,
        answered = ready => answered.is_some(),
    };
    if !answered {
        let patience = wait::PATIENCE.as_secs();
        bail!(
            "{} did not answer {path} on {at} within {patience} s; its log ends\n{}",
            child.name(),
            child.last_words()
        );
    }
    Ok(())
}

/// What a person is to type. The lines stand alone, so that they can be pasted.
fn invitation(settings: &Settings) -> String {
    let (shop, answers) = (settings.url(Port::Envoy), settings.url(Port::Collector));
    let global = if settings.global { global::invitation(&shop) } else { String::new() };
    format!(
        "\nready. paste these into another terminal:\n\n\
         # passed: an open api\ncurl -i {shop}/orders\n\n\
         # refused: the policy closes this one\ncurl -i {shop}/payments/export\n\n\
         # the inventory: what has been called so far (a call is in it within two seconds)\ncurl {answers}/v1/operations\n\n\
         # the proof: how many records were made, and how many are missing\ncurl {answers}/v1/loss\n\n\
         {global}an office-only api: `curl -i {shop}/staff` is refused, with `--interface 127.0.0.20` it passes\n\
         the policy is in envoy-config/edge.yaml; ctrl-c ends everything\n\n"
    )
}

/// The signals that ask this program to end; all of them get the orderly end.
struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

// === impl Interrupts ===

impl Interrupts {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
