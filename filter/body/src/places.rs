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
    /// Bytes of the path in it: a key may have any of the marks in it.
    path_len: usize,
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
        let raw = [spot.path, &[mark], key].concat();
        let known = Known { raw, path_len: spot.path.len(), data_type, told, next: 0 };
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
        self.raw.split_at_checked(self.path_len).is_some_and(|(own, step)| {
            step.split_first().is_some_and(|(first, rest)| *first == mark && lanes::same(rest, key))
                && lanes::same(own, path)
        })
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

#[cfg(test)]
mod tests {
    use super::{Places, Report, Spot, SpotStep};
    use crate::detect::DataType;
    use crate::verdict::descend;
    use proptest::prelude::*;

    fn step(kind: u8, key: &str) -> SpotStep<'_> {
        match kind {
            0 => SpotStep::Root,
            1 => SpotStep::Element,
            _ => SpotStep::Key(key.as_bytes()),
        }
    }

    /// Keys of which one and what follows it is another one and what follows that.
    fn key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(&["a", "b", "c", "a.b", "b.c", "b[", "b$", "a.b.c", ""][..])
    }

    proptest! {
        /// Places that are remembered are counted as if each was written anew, whatever their keys hold and however many they are.
        #[test]
        fn what_is_remembered_changes_no_count(
            places in prop::collection::vec((prop::collection::vec((1..3_u8, key()), 0..3), 0..3_u8, key()), 1..40),
            told in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<bool>()), 40..200),
        ) {
            let (mut places_told, mut report, mut anew) = (Places::default(), Report::default(), Report::default());
            for (at, is_email, masked) in told {
                let (way, kind, key) = &places[at.index(places.len())];
                let mut path = Vec::new();
                way.iter().for_each(|(kind, key)| descend(&mut path, step(*kind, key)));
                let (spot, data_type) = (Spot { path: &path, step: step(*kind, key) }, DataType::named("email").filter(|_| is_email));
                places_told.count(&mut report, data_type, masked, &spot);
                anew.count(data_type, masked, &spot.render());
            }
            prop_assert_eq!(report, anew);
        }
    }
}
