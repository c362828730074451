//! Time zones of the IANA database: which day, week and month an instant lies in, for calendar windows
//! and for rules about the time of day.
//!
//! A full database is half a megabyte, most of it history. A policy asks about now, so a zone is one
//! POSIX rule (`rule.rs`) that holds for every year; zones of one rule share a line of the table. Where
//! a rule began to hold only after 2024, or will only later (Morocco's clocks follow Ramadan, which no
//! rule can say, and the database foretells them until 2087), the changes until then stand in the line.
//! Instants before 2024 are answered as 2024 began.
//!
//! The table is generated from the database that `jiff` carries and held against it by a test.

mod civil;
mod rule;

pub use civil::Date;
use civil::{DAY_S, weekday};
use rule::Rule;

use crate::config::nearest;
use crate::config::read::{Context, Kind, Read, shown};
use crate::config::schema::Definitions;
use serde_json::{Value, json};

/// One rule a line: `rule|changes|names`. Changes are the offset in minutes as 2024 began, then pairs of
/// minutes since the change before (the first since 2024-01-01T00:00:00Z) and the offset from then on.
const TABLE: &str = include_str!("zone/table.txt");

/// 2024-01-01T00:00:00Z: what was before is not in the table.
const BEGIN_S: i64 = 1_704_067_200;
/// 9999-12-31T23:59:59Z: later instants are taken for this one.
const END_S: i64 = 253_402_300_799;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    /// The offset before each of these instants; the rule holds from the last one on.
    until: Box<[(i64, i32)]>,
    rule: Rule,
}

/// A stretch of time: seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first second.
    pub start_s: i64,
    /// The first second after it.
    pub end_s: i64,
}

/// What a clock and a calendar on the wall say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    /// The date.
    pub date: Date,
    /// The weekday: Monday is 0, Sunday 6.
    pub weekday: i64,
    /// Minutes since midnight on the clock, 0 to 1439.
    pub minute: i64,
}

// === impl Zone ===

impl Zone {
    /// The zone of a name of the database, `Asia/Shanghai`; names are told apart by case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        lines().find_map(|(rule, changes, names)| {
            let name = names.split(' ').find(|known| *known == name)?;
            Some(Self { name, until: until(changes)?, rule: Rule::parse(rule)? })
        })
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        // A test shows that the table has it.
        Self::named("UTC").unwrap_or(Self { name: "UTC", until: Box::default(), rule: Rule::UTC })
    }

    /// Every name, in no order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        lines().flat_map(|(_, _, names)| names.split(' '))
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Seconds that its local time is ahead of UTC at an instant.
    #[must_use]
    pub fn offset_s(&self, unix_s: i64) -> i32 {
        let unix_s = unix_s.clamp(0, END_S);
        match self.until.iter().find(|(before_s, _)| unix_s < *before_s) {
            Some((_, offset_s)) => *offset_s,
            None => self.rule.offset_s(unix_s),
        }
    }

    /// What clock and calendar say at an instant.
    #[must_use]
    pub fn wall(&self, unix_s: i64) -> Wall {
        let local_s = self.local_s(unix_s);
        let days = local_s.div_euclid(DAY_S);
        Wall { date: Date::of_days(days), weekday: weekday(days), minute: local_s.rem_euclid(DAY_S) / 60 }
    }

    /// The calendar day that holds an instant: 23 or 25 hours long where clocks change.
    #[must_use]
    pub fn day(&self, unix_s: i64) -> Span {
        let days = self.days(unix_s);
        self.span(days, days + 1)
    }

    /// The week that holds an instant, from Monday (ISO 8601).
    #[must_use]
    pub fn week(&self, unix_s: i64) -> Span {
        let days = self.days(unix_s);
        let monday = days - weekday(days);
        self.span(monday, monday + 7)
    }

    /// The calendar month that holds an instant.
    #[must_use]
    pub fn month(&self, unix_s: i64) -> Span {
        let first = Date { day: 1, ..self.date(unix_s) };
        self.span(first.days(), first.next_month().days())
    }

    /// The date of the calendar day that holds an instant.
    ///
    /// It is the wall's, but for clocks that go back over a midnight: what they show a second time
    /// belongs to the day that had begun, or days would not follow each other.
    #[must_use]
    pub fn date(&self, unix_s: i64) -> Date {
        Date::of_days(self.days(unix_s))
    }

    fn local_s(&self, unix_s: i64) -> i64 {
        unix_s.clamp(0, END_S) + i64::from(self.offset_s(unix_s))
    }

    /// The calendar day that holds an instant, counted from 1970-01-01.
    fn days(&self, unix_s: i64) -> i64 {
        let days = self.local_s(unix_s).div_euclid(DAY_S);
        if unix_s.clamp(0, END_S) < self.start_s(days) { days - 1 } else { days }
    }

    fn span(&self, from_days: i64, to_days: i64) -> Span {
        Span { start_s: self.start_s(from_days), end_s: self.start_s(to_days) }
    }

    /// The instant from which on the date is this one or a later one.
    fn start_s(&self, days: i64) -> i64 {
        let midnight_s = days * DAY_S;
        // Offsets differ from UTC by less than a day, so one is in force before and one after.
        let before_s = midnight_s - i64::from(self.offset_s(midnight_s - DAY_S));
        let after_s = midnight_s - i64::from(self.offset_s(midnight_s + DAY_S));
        let shows_midnight = |unix_s: i64| self.local_s(unix_s) == midnight_s;
        match (shows_midnight(before_s), shows_midnight(after_s)) {
            // Midnight comes twice. The first begins the day unless clocks then go back beyond it.
            (true, true) if self.local_s(after_s - 1) >= midnight_s => before_s,
            (_, true) => after_s,
            (true, false) => before_s,
            // Clocks skip it: the day begins where they jump.
            (false, false) => self.jump_s(after_s.min(before_s), after_s.max(before_s)),
        }
    }

    /// Where the offset changes between two instants that have different ones.
    fn jump_s(&self, mut low_s: i64, mut high_s: i64) -> i64 {
        let offset_s = self.offset_s(high_s);
        while low_s + 1 < high_s {
            let middle_s = low_s.midpoint(high_s);
            if self.offset_s(middle_s) == offset_s { high_s = middle_s } else { low_s = middle_s }
        }
        high_s
    }
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter_map(|line| {
        let (rule, rest) = line.split_once('|')?;
        let (changes, names) = rest.split_once('|')?;
        Some((rule, changes, names))
    })
}

/// Reads the changes of a line.
fn until(changes: &str) -> Option<Box<[(i64, i32)]>> {
    let mut numbers = changes.split(' ').filter(|text| !text.is_empty()).map(str::parse::<i32>);
    let Some(first) = numbers.next() else { return Some(Box::default()) };
    let mut until = Vec::new();
    let (mut offset_s, mut unix_s) = (first.ok()? * 60, BEGIN_S);
    while let (Some(later_min), Some(next_min)) = (numbers.next(), numbers.next()) {
        unix_s += i64::from(later_min.ok()?) * 60;
        until.push((unix_s, offset_s));
        offset_s = next_min.ok()? * 60;
    }
    Some(until.into())
}

impl Read for Zone {
    const EXPECTED: &'static str = "a time zone of the iana database such as `Asia/Shanghai`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let zone = Self::named(text);
        if zone.is_none() {
            let known: Vec<&str> = Self::names().collect();
            context.problem(match nearest(text, &known) {
                Some(near) => format!("unknown time zone `{}`, did you mean `{near}`?", shown(text)),
                None => format!("unknown time zone `{}`: expected {}", shown(text), Self::EXPECTED),
            });
        }
        zone
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "examples": ["UTC", "Asia/Shanghai", "Europe/Berlin"] })
    }
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
