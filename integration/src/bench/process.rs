//! What the system says a process has used: CPU time and memory, from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

/// A process to look at.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

/// What is mapped without any access beside a guest's memory, at least: V8 reserves the whole range that a guest could grow into,
/// so that a wrong address faults instead of being checked for. Nothing else in Envoy reserves as much in one piece.
const RESERVED_BYTES: u64 = 512 << 20;

// === impl Process ===

impl Process {
    /// User and system time of all its threads so far.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu(self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name in parentheses may hold spaces; what follows it does not.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        // utime and stime are the 14th and 15th fields of all, so the 12th and 13th after the name.
        let both = ticks(11).zip(ticks(12)).ok_or_else(|| io::Error::other("/proc/…/stat has no times"))?;
        Ok(Duration::from_millis((both.0 + both.1) * 1000 / TICKS_PER_SECOND))
    }

    /// Resident memory, in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident(self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("/proc/…/status has no VmRSS"))
    }

    /// The linear memories of the guests it runs, in bytes each.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn linear_memories(self) -> io::Result<Vec<u64>> {
        Ok(linear_memories(&fs::read_to_string(format!("/proc/{}/maps", self.0))?))
    }
}

/// Linux reports to programs in hundredths of a second, whatever it counts in.
const TICKS_PER_SECOND: u64 = 100;

/// A guest's memory is an anonymous mapping that can be written, followed directly by a large one that cannot be touched.
fn linear_memories(maps: &str) -> Vec<u64> {
    let mappings: Vec<(u64, u64, &str)> = maps.lines().filter_map(anonymous).collect();
    let guests = mappings.windows(2).filter(|pair| {
        let [(_, end, access), (start, far, beyond)] = [pair[0], pair[1]];
        access == "rw-p" && beyond == "---p" && end == start && far - start >= RESERVED_BYTES
    });
    guests.map(|pair| pair[0].1 - pair[0].0).collect()
}

/// Start, end and access of a mapping that no file stands behind.
fn anonymous(line: &str) -> Option<(u64, u64, &str)> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let access = fields.next()?;
    let name = fields.nth(3);
    let at = |text| u64::from_str_radix(text, 16).ok();
    name.is_none().then_some((at(start)?, at(end)?, access))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let this = Process(std::process::id());
        assert!(this.resident().unwrap() > 100_000);
        assert!(this.cpu().is_ok());
    }

    #[test]
    fn a_guest_is_a_writable_piece_before_a_reserved_one() {
        let maps = "7f0000000000-7f0000110000 rw-p 00000000 00:00 0 \n\
                    7f0000110000-7f0100000000 ---p 00000000 00:00 0 \n\
                    7f0200000000-7f0200010000 rw-p 00000000 00:00 0 \n\
                    7f0200010000-7f0200020000 ---p 00000000 00:00 0 \n\
                    7f0300000000-7f0300010000 r--p 00000000 08:01 99 /usr/lib/x.so\n";
        assert_eq!(linear_memories(maps), [0x110000]);
    }
}
