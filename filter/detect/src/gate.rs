//! A cheap test that comes before the scan: which texts cannot hold anything.

use crate::Detectors;
use crate::detectors::ROWS;
use crate::row::Stand;
use crate::shape;

/// What a scanner can count without looking closely. A text that is looked at without context holds nothing unless one of
/// these is true of it: it has `digits` digits, or an `@` and `at` is set, or two colons and `colons` is set, or it is `bytes`
/// long. With a context, any text may hold something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Digits of ASCII, anywhere in the text.
    pub digits: usize,
    /// An `@` is enough.
    pub at: bool,
    /// Two colons are enough.
    pub colons: bool,
    /// Bytes of text that are enough.
    pub bytes: usize,
}

/// From this length on a text is always looked at, if anything is enabled that has few digits; and words beside a match with
/// fewer than [`TOLD_DIGITS`] digits count only in texts that are as long.
pub const TEXT_MIN: usize = 14;
/// A match with as many digits may be told by a word beside it in any text.
pub const TOLD_DIGITS: usize = 6;

// === impl Gate ===

impl Gate {
    /// The gate of these detectors.
    pub(crate) fn of(detectors: &Detectors) -> Self {
        let mut gate = Self { digits: usize::MAX, at: false, colons: false, bytes: usize::MAX };
        let rows = (0..).zip(ROWS).filter(|(number, _)| detectors.wants(*number));
        for (_, row) in rows {
            for shape in row.shapes {
                let (digits, bytes) = shape::least(shape.pattern.as_bytes());
                let told = shape.stand == Stand::Told && digits < TOLD_DIGITS;
                gate.admit(digits, told || bytes >= TEXT_MIN);
                if told {
                    // In a shorter text a word beside it counts for a match with as many digits only.
                    gate.admit(TOLD_DIGITS, false);
                }
            }
            match row.mark.as_ref().map(|mark| mark.byte) {
                Some(b'@') => gate.at = true,
                Some(b':') => {
                    gate.colons = true;
                    gate.admit(0, true);
                }
                Some(b'+' | b'(') => gate.admit(7, false),
                Some(_) => gate.admit(0, true),
                None => {}
            }
        }
        if !detectors.custom.is_empty() || !detectors.readers.is_empty() {
            gate.bytes = 1;
        }
        gate
    }

    /// Lets in what has this many digits, and where it is long and has few, what is as long.
    fn admit(&mut self, digits: usize, long: bool) {
        if long && digits < 8 {
            self.bytes = TEXT_MIN;
        } else {
            self.digits = self.digits.min(digits);
        }
    }

    /// Whether a text may hold something, by what was counted in it.
    #[must_use]
    pub const fn admits(&self, digits: usize, at: bool, colons: usize, bytes: usize) -> bool {
        digits >= self.digits || self.at && at || self.colons && colons >= 2 || bytes >= self.bytes
    }
}
