//! Windows of time: days and hours of a zone, between two instants.

use crate::config::access as written;
use crate::config::read::{Context, Kind, Problems, Read};
use crate::config::schema::Definitions;
use crate::config::values::numbers;
use crate::zone::Zone;
use serde_json::{Value, json};

/// Times of day from one minute until another, which does not belong to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from_minute: i64,
    until_minute: i64,
}

impl Hours {
    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let minute = |time: &str| {
            let [hour, minute] = numbers(time, ':', [2, 2])?;
            (minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
        };
        let hours = Self { from_minute: minute(from)?, until_minute: minute(until)? };
        // An empty window could be read as the whole day.
        (hours.from_minute != hours.until_minute && hours.from_minute < 1_440).then_some(hours)
    }

    const fn hold(self, minute: i64) -> bool {
        if self.from_minute < self.until_minute {
            self.from_minute <= minute && minute < self.until_minute
        } else {
            self.from_minute <= minute || minute < self.until_minute
        }
    }
}

impl Read for Hours {
    const EXPECTED: &'static str = "times of day such as `09:00-17:30`, which differ";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let hours = Self::parse(text);
        if hours.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        hours
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$" })
    }
}

/// A window; what is empty is any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    zone: Zone,
    /// One bit for each day, Monday's the least; 0 is any.
    days: u8,
    hours: Vec<Hours>,
    from_s: i64,
    until_s: i64,
}

impl Window {
    pub(super) fn compile(path: &str, when: written::When, problems: &mut Problems) -> Self {
        let days = when.days.as_ref().map(|list| list.0.iter().fold(0, |days, day| days | 1 << *day as u8));
        let window = Self {
            zone: when.zone.unwrap_or_else(Zone::utc),
            days: days.unwrap_or(0),
            hours: when.hours.map(|list| list.0).unwrap_or_default(),
            from_s: when.from.map_or(i64::MIN, |instant| instant.unix_s()),
            until_s: when.until.map_or(i64::MAX, |instant| instant.unix_s()),
        };
        if window.from_s >= window.until_s {
            problems.push(format!("{path}.until"), "is not after `from`");
        }
        if window.days == 0 && window.hours.is_empty() && window.from_s == i64::MIN && window.until_s == i64::MAX {
            problems.push(path, "says nothing: give `days`, `hours`, `from` or `until`");
        }
        window
    }

    /// When it is over for good, in seconds since 1970.
    pub(crate) fn end_s(&self) -> Option<i64> {
        (self.until_s < i64::MAX).then_some(self.until_s)
    }

    /// Whether every instant in it is certainly in the other.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let days = other.days == 0 || (self.days != 0 && self.days & !other.days == 0);
        let hours = other.hours.is_empty()
            || (!self.hours.is_empty() && self.hours.iter().all(|hours| other.hours.contains(hours)));
        let any_zone = other.days == 0 && other.hours.is_empty();
        let between = other.from_s <= self.from_s && self.until_s <= other.until_s;
        days && hours && between && (any_zone || self.zone == other.zone)
    }

    /// Whether an instant lies in it. After midnight, `22:00-06:00` of a Friday is Saturday's morning
    /// and counts as Saturday's.
    pub(super) fn holds(&self, now_s: i64) -> bool {
        if now_s < self.from_s || now_s >= self.until_s {
            return false;
        }
        if self.days == 0 && self.hours.is_empty() {
            return true;
        }
        let wall = self.zone.wall(now_s);
        let today =
            self.days == 0 || self.days.checked_shr(u32::try_from(wall.weekday).unwrap_or(7)).unwrap_or(0) & 1 == 1;
        today && (self.hours.is_empty() || self.hours.iter().any(|hours| hours.hold(wall.minute)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Hours, Window};
    use crate::config::values::Timestamp;
    use crate::zone::Zone;

    #[test]
    fn hours_are_read_or_refused() {
        for (text, good) in [
            ("09:00-17:30", true),
            ("22:00-06:00", true),
            ("00:00-24:00", true),
            ("24:00-01:00", false),
            ("09:00-09:00", false),
            ("9:00-17:00", false),
            ("09:60-10:00", false),
            ("09:00", false),
            ("", false),
        ] {
            assert_eq!(Hours::parse(text).is_some(), good, "{text}");
        }
    }

    /// Office hours in two zones, over midnight, at their edges, and across a change of clocks.
    #[test]
    fn windows_hold_what_the_clock_on_the_wall_says() {
        let window = |zone: &str, days: u8, hours: &str| Window {
            zone: Zone::named(zone).unwrap(),
            days,
            hours: vec![Hours::parse(hours).unwrap()],
            from_s: i64::MIN,
            until_s: i64::MAX,
        };
        let workdays = 0b1_1111;
        for (window, at, holds) in [
            // 2026-11-25 is a Wednesday.
            (window("Asia/Shanghai", workdays, "09:00-17:30"), "2026-11-25T09:00:00+08:00", true),
            (window("Asia/Shanghai", workdays, "09:00-17:30"), "2026-11-25T08:59:59+08:00", false),
            (window("Asia/Shanghai", workdays, "09:00-17:30"), "2026-11-25T17:30:00+08:00", false),
            (window("Asia/Shanghai", workdays, "09:00-17:30"), "2026-11-28T10:00:00+08:00", false),
            (window("UTC", 0, "22:00-06:00"), "2026-11-25T23:00:00Z", true),
            (window("UTC", 0, "22:00-06:00"), "2026-11-25T05:59:00Z", true),
            (window("UTC", 0, "22:00-06:00"), "2026-11-25T06:00:00Z", false),
            // Clocks in Berlin went back on 2026-10-25 at 03:00: 09:00 is 07:00Z before and 08:00Z after.
            (window("Europe/Berlin", 0, "09:00-10:00"), "2026-10-24T07:30:00Z", true),
            (window("Europe/Berlin", 0, "09:00-10:00"), "2026-10-26T07:30:00Z", false),
            (window("Europe/Berlin", 0, "09:00-10:00"), "2026-10-26T08:30:00Z", true),
        ] {
            assert_eq!(window.holds(Timestamp::parse(at).unwrap().unix_s()), holds, "{at}");
        }
        let until = Window { until_s: 100, from_s: 50, ..window("UTC", 0, "00:00-24:00") };
        assert!(until.holds(50) && !until.holds(49) && !until.holds(100));
    }

    /// A window that is said to be within another holds no hour of two weeks that the other does not.
    #[test]
    fn a_window_within_another_holds_nothing_else() {
        let mut windows = Vec::new();
        for zone in ["UTC", "Asia/Shanghai"] {
            for days in [0, 0b1, 0b101, 0b1_1111, 0b111_1111] {
                for hours in [&[][..], &["09:00-17:00"], &["22:00-06:00"], &["09:00-17:00", "22:00-06:00"]] {
                    for (from_s, until_s) in [(i64::MIN, i64::MAX), (0, 500_000), (100_000, i64::MAX)] {
                        let hours = hours.iter().map(|hours| Hours::parse(hours).unwrap()).collect();
                        windows.push(Window { zone: Zone::named(zone).unwrap(), days, hours, from_s, until_s });
                    }
                }
            }
        }
        let held: Vec<Vec<bool>> =
            windows.iter().map(|window| (-24..336).map(|hour| window.holds(hour * 3_600)).collect()).collect();
        let mut said = 0;
        for (inner, own) in windows.iter().zip(&held) {
            for (outer, others) in windows.iter().zip(&held) {
                if inner.is_within(outer) {
                    said += 1;
                    assert!(own.iter().zip(others).all(|(own, other)| !own || *other), "{inner:?} {outer:?}");
                }
            }
        }
        assert!(said > windows.len(), "{said}");
    }
}
