//! Ending a process that a test started, by its own id: asked first, killed when it does not listen.
//!
//! It blocks, because it also runs where a value is dropped, after a panic too.

use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::process::Child;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(10);

/// Asks a process to end and waits for it; past the patience it is killed, and `beside` with it.
pub fn end(child: &mut Child, beside: Option<u32>) -> io::Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    signal(child.id(), Signal::TERM);
    if ended_within(child, PATIENCE)? {
        return Ok(());
    }
    if let Some(beside) = beside {
        signal(beside, Signal::KILL);
    }
    kill(child)
}

/// Kills a process at once, as a crash would end it.
pub fn kill(child: &mut Child) -> io::Result<()> {
    signal(child.id(), Signal::KILL);
    child.wait().map(drop)
}

fn ended_within(child: &mut Child, patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(STEP);
    }
    Ok(true)
}

fn signal(process: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // A process that is already gone is what was wanted.
        let _gone = kill_process(pid, signal);
    }
}
