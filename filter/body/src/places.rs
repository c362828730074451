//! Places of a report that were told before, found again without being written anew: a body has thousands of findings at a few places,
//! and most often in the same order.

use crate::detect::{DataType, lanes};
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
    /// The one that was told last.
    last: usize,
    /// Which of them gives way next.
    oldest: usize,
}

#[derive(Debug, Clone)]
struct Known {
    /// The path as levels keep it, a mark of what its last step is, and the key if it is one.
    raw: Vec<u8>,
    data_type: Option<DataType>,
    told: Told,
    /// The one that was told after it the last time.
    next: usize,
}

/// The last step of a path: what it is, and the key if it is one.
#[derive(Clone, Copy)]
struct Step<'a> {
    mark: u8,
    key: &'a [u8],
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
        let step = Step::of(spot.step);
        let is_it = |known: &Known| known.data_type == data_type && known.is_at(spot.path, step);
        let next = self.known.get(self.last).map_or(0, |last| last.next);
        let at = if self.known.get(next).is_some_and(is_it) {
            next
        } else {
            let Some(at) = self.known.iter().position(is_it) else {
                return self.learn(report, data_type, masked, spot);
            };
            self.follow(at);
            at
        };
        self.last = at;
        if let Some(known) = self.known.get(at) {
            report.count_again(known.told, masked);
        }
    }

    #[cold]
    fn learn(&mut self, report: &mut Report, data_type: Option<DataType>, masked: bool, spot: &Spot<'_>) {
        let told = report.count(data_type, masked, &spot.render());
        let Step { mark, key } = Step::of(spot.step);
        if spot.path.len() + key.len() >= RAW_MAX {
            return;
        }
        let known = Known { raw: [spot.path, &[mark], key].concat(), data_type, told, next: 0 };
        let at = self.oldest;
        match self.known.get_mut(at) {
            Some(place) => *place = known,
            None => self.known.push(known),
        }
        self.oldest = (at + 1) % PLACES_MAX;
        self.follow(at);
        self.last = at;
    }

    /// This one was told after the last one.
    fn follow(&mut self, at: usize) {
        if let Some(last) = self.known.get_mut(self.last) {
            last.next = at;
        }
    }
}

// === impl Known ===

impl Known {
    fn is_at(&self, path: &[u8], Step { mark, key }: Step<'_>) -> bool {
        let raw = &self.raw;
        raw.len() == path.len() + 1 + key.len()
            && raw.get(path.len()) == Some(&mark)
            && lanes::same(raw.get(path.len() + 1..).unwrap_or_default(), key)
            && lanes::same(raw.get(..path.len()).unwrap_or_default(), path)
    }
}

// === impl Step ===

impl<'a> Step<'a> {
    const fn of(step: SpotStep<'a>) -> Self {
        match step {
            SpotStep::Root => Self { mark: b'$', key: b"" },
            SpotStep::Element => Self { mark: b'[', key: b"" },
            SpotStep::Key(key) => Self { mark: b'.', key },
        }
    }
}
