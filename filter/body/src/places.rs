//! Places of a report that were told before, found again without being written anew: a body has thousands of findings at a few places.

use crate::detect::DataType;
use crate::judge::{Spot, SpotStep};
use crate::report::Report;

/// Places that are remembered; beyond them the oldest gives way.
const PLACES_MAX: usize = 16;
/// Bytes of a path that is remembered, as levels keep it.
const RAW_MAX: usize = 256;

/// The places.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: Vec<Known>,
    /// Which of them gives way next.
    oldest: usize,
}

#[derive(Debug, Clone)]
struct Known {
    hash: u64,
    /// The path as levels keep it, a mark of what its last step is, and the key if it is one.
    raw: Vec<u8>,
    data_type: Option<DataType>,
    told: Told,
}

/// Where in a report something was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The number of its data type.
    pub(crate) data_type: Option<usize>,
    /// The number of its place; none beyond the limit.
    pub(crate) place: Option<usize>,
}

// === impl Places ===

impl Places {
    /// Counts a finding, or a value that a rule by field masked.
    pub(crate) fn count(&mut self, report: &mut Report, data_type: Option<DataType>, masked: bool, spot: &Spot<'_>) {
        let (mark, key): (u8, &[u8]) = match spot.step {
            SpotStep::Root => (b'$', b""),
            SpotStep::Element => (b'[', b""),
            SpotStep::Key(key) => (b'.', key),
        };
        let hash = mixed(mixed(u64::from(mark) | (spot.path.len() as u64) << 8, spot.path), key);
        let same = self.known.iter().find(|known| {
            known.hash == hash
                && known.data_type == data_type
                && known.raw.split_at_checked(spot.path.len()).is_some_and(|(path, step)| {
                    path == spot.path && step.split_first().is_some_and(|(first, rest)| *first == mark && rest == key)
                })
        });
        if let Some(known) = same {
            report.count_again(known.told, masked);
            return;
        }
        let told = report.count(data_type, masked, &spot.render());
        if spot.path.len() + key.len() < RAW_MAX {
            let known = Known { hash, raw: [spot.path, &[mark], key].concat(), data_type, told };
            match self.known.get_mut(self.oldest) {
                Some(place) => *place = known,
                None => self.known.push(known),
            }
            self.oldest = (self.oldest + 1) % PLACES_MAX;
        }
    }
}

/// Puts bytes to a hash, eight at a time.
fn mixed(mut hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    (hash ^ last).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
