//! How an allowance is measured: a rate or a calendar window, over the state of one cell.
//!
//! **A rate** `N/P` with a burst `B` is GCRA, the generic cell rate algorithm (ITU-T I.371, annex A). A
//! key has one timestamp `tat`, the time at which its whole allowance is back. With `T = P/N`, the time
//! in which one unit comes back, a request that costs `c` at the time `now` computes
//!
//! ```text
//! tat' = max(tat, now) + c·T        passes if tat' − now ≤ B·T, and then tat = tat'
//! remaining   = ⌊(B·T − (tat' − now)) / T⌋
//! retry after = tat' − now − B·T
//! ```
//!
//! So in any stretch of time `w` at most `B + w·N/P` units pass. `P/N` is often no whole number of
//! nanoseconds. So time is counted in parts of one, as many as the fraction `P/N` in lowest terms has
//! below its line: then `T` is a whole number of parts, and nothing is ever rounded.
//!
//! **A calendar window** counts units in the day, week or month that holds `now`, in a zone.

use crate::zone::{Span, Zone};

/// Nanoseconds in a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Marks a cell that is closed until a time.
const BLOCKED: u32 = u32::MAX;

/// The state of one key: what it means depends on the measure.
///
/// | | `time` | `part` |
/// |---|---|---|
/// | rate | `tat`, whole nanoseconds since 1970 | `tat`, the rest in parts of a nanosecond |
/// | window | units used | start of the window, seconds since 1970 |
/// | closed | until when, nanoseconds since 1970 | `u32::MAX` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    pub(crate) time: u64,
    pub(crate) part: u32,
}

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

/// How an allowance comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// Continuously.
    Rate(Rate),
    /// All at once, when a calendar period ends.
    Window {
        /// Units in a period; not 0.
        limit: u64,
        /// The period.
        period: Period,
        /// Where it begins and ends.
        zone: Zone,
    },
}

/// So many units in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units in a period.
    pub limit: u64,
    /// The period in nanoseconds.
    pub period_ns: u64,
    /// Units that may pass at once.
    pub burst: u64,
    /// Parts of a nanosecond that time is counted in.
    scale: u32,
    /// Parts in which one unit comes back.
    unit: u64,
}

/// What a cell says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whether the request may pass.
    pub passes: bool,
    /// Whether the key is closed for a time.
    pub blocked: bool,
    /// Units that are left behind it.
    pub remaining: u64,
    /// Nanoseconds until the whole allowance is back.
    pub reset_ns: u64,
    /// Nanoseconds until the same request would pass; 0 when it passes.
    pub retry_ns: u64,
}

// === impl Rate ===

impl Rate {
    /// `None` when one of them is 0, and for a rate so fine that a cell cannot hold its parts.
    #[must_use]
    pub fn new(limit: u64, period_ns: u64, burst: u64) -> Option<Self> {
        let divisor = gcd(limit, period_ns);
        let scale = u32::try_from(limit.checked_div(divisor)?).ok().filter(|scale| *scale < BLOCKED)?;
        let unit = period_ns.checked_div(divisor)?;
        (limit > 0 && period_ns > 0 && burst > 0).then_some(Self { limit, period_ns, burst, scale, unit })
    }

    /// Parts of a nanosecond that time is counted in.
    #[must_use]
    pub const fn scale(&self) -> u32 {
        self.scale
    }

    /// Parts in which one unit comes back.
    #[must_use]
    pub const fn unit(&self) -> u64 {
        self.unit
    }
}

const fn gcd(mut left: u64, mut right: u64) -> u64 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

// === impl Measure ===

impl Measure {
    /// Units that a key without a history may use at once.
    #[must_use]
    pub const fn allowance(&self) -> u64 {
        match self {
            Self::Rate(rate) => rate.burst,
            Self::Window { limit, .. } => *limit,
        }
    }

    /// What is true of all cells at a time.
    #[must_use]
    pub fn at(&self, now_ns: u64) -> Moment {
        match self {
            Self::Rate(Rate { burst, scale, unit, .. }) => Moment::Rate {
                now_ns,
                scale: u128::from(*scale),
                unit: u128::from(*unit),
                depth: u128::from(*unit) * u128::from(*burst),
            },
            Self::Window { limit, period, zone } => {
                let now_s = i64::try_from(now_ns / SECOND_NS).unwrap_or(i64::MAX);
                let Span { start_s, end_s } = match period {
                    Period::Day => zone.day(now_s),
                    Period::Week => zone.week(now_s),
                    Period::Month => zone.month(now_s),
                };
                let end_ns = u64::try_from(end_s).unwrap_or(0).saturating_mul(SECOND_NS);
                let start_s = u32::try_from(start_s.max(0)).unwrap_or(BLOCKED - 1);
                Moment::Window { now_ns, start_s, end_ns, limit: *limit }
            }
        }
    }
}

/// A measure at a time.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// Of a rate. Times but `now_ns` are in parts of a nanosecond.
    Rate {
        /// Now.
        now_ns: u64,
        /// Parts in a nanosecond.
        scale: u128,
        /// In which one unit comes back.
        unit: u128,
        /// In which a whole burst comes back.
        depth: u128,
    },
    /// Of a calendar window.
    Window {
        /// Now.
        now_ns: u64,
        /// When the window that holds now began.
        start_s: u32,
        /// When it ends.
        end_ns: u64,
        /// Units that may pass in it.
        limit: u64,
    },
}

impl Moment {
    const fn now_ns(&self) -> u64 {
        match self {
            Self::Rate { now_ns, .. } | Self::Window { now_ns, .. } => *now_ns,
        }
    }

    /// Whether the cell holds nothing that a new one would not: it may be given to another key.
    #[must_use]
    pub fn is_full(&self, cell: Cell) -> bool {
        if cell.part == BLOCKED {
            return cell.time <= self.now_ns();
        }
        match self {
            Self::Rate { now_ns, .. } => cell.time < *now_ns || (cell.time == *now_ns && cell.part == 0),
            Self::Window { start_s, .. } => cell.time == 0 || cell.part < *start_s,
        }
    }

    /// Whether the cell is closed for a time.
    #[must_use]
    pub fn is_blocked(&self, cell: Cell) -> bool {
        cell.part == BLOCKED && cell.time > self.now_ns()
    }

    /// What the cell says about a request of this cost, and the cell behind it if it passes.
    #[must_use]
    pub fn take(&self, cell: Cell, cost: u64) -> (Reading, Cell) {
        if self.is_blocked(cell) {
            let left_ns = cell.time - self.now_ns();
            return (
                Reading { passes: false, blocked: true, remaining: 0, reset_ns: left_ns, retry_ns: left_ns },
                cell,
            );
        }
        match self {
            Self::Rate { now_ns, scale, unit, depth } => {
                let now = u128::from(*now_ns) * scale;
                let before = self.tat(cell).saturating_sub(now);
                let behind = before + u128::from(cost) * unit;
                let passes = behind <= *depth;
                let held = if passes { behind } else { before };
                let reading = Reading {
                    passes,
                    blocked: false,
                    remaining: narrow(divided(depth.saturating_sub(held), *unit)),
                    reset_ns: narrow(divided(held + scale - 1, *scale)),
                    retry_ns: narrow(divided(behind.saturating_sub(*depth) + scale - 1, *scale)),
                };
                (reading, self.cell(now + behind))
            }
            Self::Window { now_ns, start_s, end_ns, limit } => {
                // After the clock stepped back a cell is of a later window: it goes on counting there.
                let (used, part) = if cell.part > *start_s && cell.part != BLOCKED {
                    (cell.time, cell.part)
                } else {
                    (if cell.part == *start_s { cell.time } else { 0 }, *start_s)
                };
                let behind = used.saturating_add(cost);
                let passes = behind <= *limit;
                let left_ns = end_ns.saturating_sub(*now_ns);
                let reading = Reading {
                    passes,
                    blocked: false,
                    remaining: limit.saturating_sub(if passes { behind } else { used }),
                    reset_ns: left_ns,
                    retry_ns: if passes { 0 } else { left_ns },
                };
                (reading, Cell { time: behind, part })
            }
        }
    }

    /// The cell after a charge that is taken back; `charged_ns` is when it was made and `seen_ns` the
    /// latest time that the cell has known since.
    ///
    /// A rate takes back the charge less the time since: what came back in between came back to the
    /// charge too, and would be given twice. So a refund may refuse early and never admits too much.
    #[must_use]
    pub fn give_back(&self, cell: Cell, cost: u64, charged_ns: u64, seen_ns: u64) -> Cell {
        if cell.part == BLOCKED {
            return cell;
        }
        match self {
            Self::Rate { scale, unit, .. } => {
                let gone = u128::from(seen_ns.saturating_sub(charged_ns)) * scale;
                self.cell(self.tat(cell).saturating_sub((u128::from(cost) * unit).saturating_sub(gone)))
            }
            Self::Window { start_s, .. } if cell.part == *start_s => {
                Cell { time: cell.time.saturating_sub(cost), part: cell.part }
            }
            Self::Window { .. } => cell,
        }
    }

    /// A cell that is closed until a time.
    #[must_use]
    pub const fn block(&self, for_ns: u64) -> Cell {
        Cell { time: self.now_ns().saturating_add(for_ns), part: BLOCKED }
    }

    /// The cell as it would be had the clock not stepped back by so much.
    #[must_use]
    pub fn rebase(&self, cell: Cell, back_ns: u64) -> Cell {
        match self {
            Self::Window { start_s, .. } if cell.part != BLOCKED => {
                Cell { time: cell.time, part: cell.part.min(*start_s) }
            }
            Self::Rate { .. } | Self::Window { .. } => {
                Cell { time: cell.time.saturating_sub(back_ns), part: cell.part }
            }
        }
    }

    fn tat(&self, cell: Cell) -> u128 {
        match self {
            // What was closed and is not any more begins anew.
            Self::Rate { .. } if cell.part == BLOCKED => 0,
            Self::Rate { scale, .. } => u128::from(cell.time) * scale + u128::from(cell.part),
            Self::Window { .. } => 0,
        }
    }

    fn cell(&self, tat: u128) -> Cell {
        match self {
            Self::Rate { scale, .. } => {
                let time = divided(tat, *scale);
                Cell { time: narrow(time), part: u32::try_from(tat - time * scale).unwrap_or(BLOCKED - 1) }
            }
            Self::Window { .. } => Cell::default(),
        }
    }
}

/// A division that a guest does in one instruction where both are small enough, as they mostly are: of two
/// large ones it takes a hundred.
fn divided(value: u128, by: u128) -> u128 {
    match (u64::try_from(value), u64::try_from(by)) {
        (Ok(value), Ok(by)) => u128::from(value.checked_div(by).unwrap_or(0)),
        _ => value.checked_div(by).unwrap_or(0),
    }
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
