//! What outlives a trap: each root context's count in the host's shared data.
//!
//! A trap ends a VM without a word, and with it every record that was made and not yet sent. So
//! each root context keeps what it has made in a slot of the shared data, at every tick; when a
//! slot has not been touched for a while its stream has ended, and whichever context sees it first
//! takes the slot (by compare-and-swap, so only one does) and reports what the dead one had made.
//!
//! Shared data never forgets a key and is shared with other plugins where no `vm_id` is set. So the
//! keys are few, fixed, and carry our name, a format version and the plugin's name.

use crate::host::{Host, Status};

/// Slots of one plugin: more than workers and generations that live at a time.
pub const SLOTS_MAX: u32 = 64;

/// A slot that nobody touched over this many looks belonged to a context that is gone. Looks are a
/// second apart, and a living context touches its slot several times a second. Looks are counted and
/// clocks are not compared: a clock may step, and a process may sleep.
pub const LOOKS: u32 = 6;

/// "Only if absent": the host accepts any number on a missing key and this one never on another.
const ABSENT: u32 = u32::MAX;

/// What a slot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The stream of records.
    pub stream: [u8; 16],
    /// Request records made.
    pub made: u64,
    /// Requests under way.
    pub open: u64,
}

impl Entry {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        out.extend_from_slice(&self.stream);
        for number in [self.made, self.open] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out
    }

    /// What a value says; an empty slot, or one that another format wrote, says nothing.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stream, rest) = bytes.split_first_chunk::<16>()?;
        let (numbers, rest) = rest.as_chunks::<8>();
        let [made, open] = numbers else { return None };
        rest.is_empty().then_some(Self {
            stream: *stream,
            made: u64::from_le_bytes(*made),
            open: u64::from_le_bytes(*open),
        })
    }
}

/// The slot of one root context, and its view of the others.
#[derive(Debug)]
pub struct Slots {
    prefix: String,
    max: u32,
    own: Option<u32>,
    full_told: bool,
    /// For each slot its compare-and-swap number, and over how many looks it has not changed.
    seen: Vec<(u32, u32)>,
}

/// What came of touching one's own slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// It says what it should.
    Written,
    /// There is no free slot; told once.
    Full,
    /// There is no free slot, and that was told before.
    StillFull,
    /// The host failed; the next tick tries again.
    Failed(Status),
}

impl Slots {
    /// The slots of a plugin.
    #[must_use]
    pub fn new(plugin: &str) -> Self {
        Self::among(format!("ostiary/1/{plugin}"), SLOTS_MAX)
    }

    /// So many slots, under keys that begin so.
    #[must_use]
    pub const fn among(prefix: String, max: u32) -> Self {
        Self { prefix, max, own: None, full_told: false, seen: Vec::new() }
    }

    fn key(&self, slot: u32) -> String {
        format!("{}/slot/{slot}", self.prefix)
    }

    /// Writes what this context has made into its slot, claiming one first where it has none.
    #[inline(never)] // One copy in the module for its two users.
    pub fn touch(&mut self, host: &impl Host, entry: Entry) -> Touched {
        if let Some(own) = self.own {
            match host.shared(&self.key(own)) {
                // Somebody took us for dead: the slot is theirs now, ours is another.
                Ok((value, _)) if Entry::from_bytes(&value).is_none_or(|found| found.stream != entry.stream) => {
                    self.own = None
                }
                Ok((_, cas)) => match host.set_shared(&self.key(own), &entry.to_bytes(), cas) {
                    Ok(()) => return Touched::Written,
                    Err(Status::CasMismatch) => self.own = None,
                    Err(status) => return Touched::Failed(status),
                },
                Err(status) => return Touched::Failed(status),
            }
        }
        self.claim(host, entry)
    }

    fn claim(&mut self, host: &impl Host, entry: Entry) -> Touched {
        for slot in 0..self.max {
            let cas = match host.shared(&self.key(slot)) {
                Ok((value, cas)) if value.is_empty() => cas,
                Ok(_) => continue,
                Err(Status::NotFound) => ABSENT,
                Err(status) => return Touched::Failed(status),
            };
            match host.set_shared(&self.key(slot), &entry.to_bytes(), cas) {
                Ok(()) => {
                    self.own = Some(slot);
                    return Touched::Written;
                }
                Err(Status::CasMismatch) => {}
                Err(status) => return Touched::Failed(status),
            }
        }
        if std::mem::replace(&mut self.full_told, true) { Touched::StillFull } else { Touched::Full }
    }

    /// One look at the other slots: takes those of contexts that ended without a word. Each is
    /// returned to one caller only.
    #[inline(never)] // As above.
    pub fn take_lost(&mut self, host: &impl Host) -> Vec<Entry> {
        let mut lost = Vec::new();
        let mut seen = std::mem::take(&mut self.seen);
        for slot in 0..self.max {
            // Slots are claimed from the first on: behind the first that never was there is none.
            let Ok((value, cas)) = host.shared(&self.key(slot)) else { break };
            let index = usize::try_from(slot).unwrap_or(usize::MAX);
            if seen.len() <= index {
                seen.push((cas, 0));
            }
            let Some((known, looks)) = seen.get_mut(index) else { break };
            *looks = if *known == cas { looks.saturating_add(1) } else { 0 };
            *known = cas;
            let gone = *looks >= LOOKS && Some(slot) != self.own;
            let Some(entry) = Entry::from_bytes(&value).filter(|_| gone) else { continue };
            if host.set_shared(&self.key(slot), &[], cas).is_ok() {
                lost.push(entry);
            }
        }
        self.seen = seen;
        lost
    }

    /// The streams that stand in slots.
    pub fn living(&self, host: &impl Host) -> Vec<[u8; 16]> {
        let values = (0..self.max).map_while(|slot| host.shared(&self.key(slot)).ok());
        values.filter_map(|(value, _)| Entry::from_bytes(&value)).map(|entry| entry.stream).collect()
    }

    /// Whether the own slot is still the stream's: nobody has taken it for dead.
    pub fn is_held(&self, host: &impl Host, stream: [u8; 16]) -> bool {
        let value = self.own.and_then(|own| host.shared(&self.key(own)).ok());
        value.and_then(|(value, _)| Entry::from_bytes(&value)).is_some_and(|entry| entry.stream == stream)
    }

    /// Frees the own slot, if it is still the stream's: its final word has been said.
    #[inline(never)] // As above.
    pub fn release(&mut self, host: &impl Host, stream: [u8; 16]) {
        if let Some(own) = self.own.take()
            && let Ok((value, cas)) = host.shared(&self.key(own))
            && Entry::from_bytes(&value).is_some_and(|entry| entry.stream == stream)
        {
            // Whoever wrote in between took the slot already.
            let _ = host.set_shared(&self.key(own), &[], cas);
        }
    }

    /// Leaves word that a policy was refused, for a context that lives on to report it: the one
    /// that was refused is thrown away, and its calls with it.
    pub fn leave_refusal(&self, host: &impl Host, refusal: &Refusal) -> Result<(), Status> {
        host.set_shared(&format!("{}/refused", self.prefix), &refusal.to_bytes(), 0)
    }

    /// The last policy that was refused.
    pub fn last_refusal(&self, host: &impl Host) -> Option<Refusal> {
        let (value, _) = host.shared(&format!("{}/refused", self.prefix)).ok()?;
        Refusal::from_bytes(&value)
    }
}

/// A policy that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// When: nanoseconds since the Unix epoch.
    pub at_ns: u64,
    /// How many errors it had.
    pub errors: u64,
    /// Where the first of them is: a path, and no value.
    pub first: String,
}

impl Refusal {
    /// Bytes of the path that are kept.
    const FIRST_BYTES_MAX: usize = 512;

    fn to_bytes(&self) -> Vec<u8> {
        let first = self.first.as_bytes();
        let first = first.get(..Self::FIRST_BYTES_MAX).unwrap_or(first);
        [&self.at_ns.to_le_bytes()[..], &self.errors.to_le_bytes(), first].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (errors, first) = rest.split_first_chunk::<8>()?;
        Some(Self {
            at_ns: u64::from_le_bytes(*at),
            errors: u64::from_le_bytes(*errors),
            first: String::from_utf8_lossy(first).into_owned(),
        })
    }
}
