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

/// Probes that run until `finish`.
#[derive(Debug)]
pub struct Pace {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<io::Result<Vec<Probe>>>>,
}

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// When it was due.
    pub due: Instant,
    /// How long after that its answer was there.
    pub latency: Duration,
}

// === impl Pace ===

impl Pace {
    /// Starts `connections` probing connections, each sending every `interval`, one after the other: all at once they would wait for
    /// each other.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn start(to: SocketAddr, connections: usize, interval: Duration) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::with_capacity(connections);
        let begin = Instant::now();
        for number in 0..connections {
            let (connection, stop) = (Connection::open(to)?, Arc::clone(&stop));
            let due = begin + interval.mul_f64(number as f64 / connections as f64);
            threads.push(std::thread::spawn(move || probe(connection, to, (due, interval), &stop)));
        }
        Ok(Self { stop, threads })
    }

    /// Stops, and gives every probe.
    ///
    /// # Errors
    /// When a probe was not answered 200.
    ///
    /// # Panics
    /// When a probing thread panicked.
    pub fn finish(mut self) -> io::Result<Vec<Probe>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut probes = Vec::new();
        for thread in self.threads.drain(..) {
            probes.extend(thread.join().expect("a probing thread")?);
        }
        Ok(probes)
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn probe(
    mut connection: Connection,
    to: SocketAddr,
    (mut due, interval): (Instant, Duration),
    stop: &AtomicBool,
) -> io::Result<Vec<Probe>> {
    let mut probes = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        match connection.exchange() {
            Ok(200) => probes.push(Probe { due, latency: due.elapsed() }),
            Ok(status) => return Err(io::Error::other(format!("a probe was answered {status}"))),
            // A listener that is replaced closes its connections: the client opens a new one, and the time that takes counts.
            Err(_) => {
                connection = Connection::open(to)?;
                continue;
            }
        }
        due += interval;
    }
    Ok(probes)
}

/// The longest that a probe due in this stretch of time waited.
#[must_use]
pub fn longest(probes: &[Probe], from: Instant, to: Instant) -> Duration {
    let within = probes.iter().filter(|probe| (from..=to).contains(&probe.due));
    within.map(|probe| probe.latency).max().unwrap_or_default()
}
