//! Probes at a fixed pace: what somebody waiting for an answer notices while a worker does something else.
//!
//! A probe's latency counts from when it was due, not from when it was sent; otherwise a blocked worker would be noticed by one probe
//! and all that should have been sent meanwhile would be forgotten.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::fire::Connection;

/// Probes that run until `finish`, all from one thread: a thread for each connection would take the machine from the Envoy that it
/// shares it with, at some thousand probes a second.
#[derive(Debug)]
pub struct Pace {
    stop: Stop,
    thread: JoinHandle<io::Result<Vec<Probe>>>,
}

/// What ends the probes when it is dropped, also where `finish` is never reached.
#[derive(Debug)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// When it was due.
    pub due: Instant,
    /// How long after that its answer was there.
    pub latency: Duration,
}

/// A connection, and its probe that is under way or due next.
struct Prober {
    connection: Connection,
    due: Instant,
    is_under_way: bool,
}

/// How often answers are looked for; so exactly a latency is known.
const LOOK: Duration = Duration::from_micros(100);

// === impl Pace ===

impl Pace {
    /// Starts `connections` probing connections, each sending every `interval`, one after the other: all at once they would wait for
    /// each other.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn start(to: SocketAddr, connections: u32, interval: Duration) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let begin = Instant::now();
        let prober = |number| {
            let due = begin + interval * number / connections;
            Ok(Prober { connection: Connection::open(to)?.without_waiting()?, due, is_under_way: false })
        };
        let probers = (0..connections).map(prober).collect::<io::Result<Vec<_>>>()?;
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || probe(probers, to, interval, &stopped));
        Ok(Self { stop: Stop(stop), thread })
    }

    /// Stops, and gives every probe that was answered.
    ///
    /// # Errors
    /// When a probe was not answered 200.
    ///
    /// # Panics
    /// When the probing thread panicked.
    pub fn finish(self) -> io::Result<Vec<Probe>> {
        drop(self.stop);
        self.thread.join().expect("the probing thread")
    }
}

fn probe(mut probers: Vec<Prober>, to: SocketAddr, interval: Duration, stop: &AtomicBool) -> io::Result<Vec<Probe>> {
    let mut probes = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for prober in &mut probers {
            prober.step(to, interval, &mut probes)?;
        }
        let now = Instant::now();
        let next = probers.iter().map(|prober| if prober.is_under_way { now + LOOK } else { prober.due }).min();
        std::thread::sleep(next.unwrap_or(now).saturating_duration_since(now));
    }
    Ok(probes)
}

impl Prober {
    /// Takes an answer that has come, and sends what is due.
    fn step(&mut self, to: SocketAddr, interval: Duration, probes: &mut Vec<Probe>) -> io::Result<()> {
        if self.is_under_way {
            match self.connection.answer() {
                Ok(200) => probes.push(Probe { due: self.due, latency: self.due.elapsed() }),
                Ok(status) => return Err(io::Error::other(format!("a probe was answered {status}"))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return self.begin_anew(to),
            }
            (self.is_under_way, self.due) = (false, self.due + interval);
        }
        if self.due <= Instant::now() {
            match self.connection.ask() {
                Ok(()) => self.is_under_way = true,
                Err(_) => return self.begin_anew(to),
            }
        }
        Ok(())
    }

    /// A listener that is replaced closes its connections: the client opens a new one, and the time that takes counts.
    fn begin_anew(&mut self, to: SocketAddr) -> io::Result<()> {
        self.connection = Connection::open(to)?.without_waiting()?;
        self.is_under_way = false;
        Ok(())
    }
}

/// The longest that a probe due in this stretch of time waited.
#[must_use]
pub fn longest(probes: &[Probe], from: Instant, to: Instant) -> Duration {
    let within = probes.iter().filter(|probe| (from..=to).contains(&probe.due));
    within.map(|probe| probe.latency).max().unwrap_or_default()
}
