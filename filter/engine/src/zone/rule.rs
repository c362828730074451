//! POSIX rules for local time, such as `CET-1CEST,M3.5.0,M10.5.0/3`: what a zone does from now on, in a line.
//!
//! The form is that of the `TZ` variable (POSIX.1-2024, Base Definitions 8.3) with the hours from -167 to
//! 167 that RFC 9636 (section 3.3.1) allows. Of the three ways to name a day only `Mm.w.d` is known: no
//! zone of the database uses another, which a test shows.

use super::civil::{DAY_S, Date, weekday};

/// What a zone's offset is in every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    standard_s: i32,
    summer: Option<Summer>,
}

/// The other part of the year, with its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Summer {
    offset_s: i32,
    start: Change,
    end: Change,
}

/// When the offset changes: the so-manieth such weekday of a month, 5 meaning the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    month: i32,
    week: i32,
    /// Monday is 0.
    weekday: i32,
    /// Seconds after that day's midnight, in the time that was in force until then.
    time_s: i32,
}

impl Rule {
    /// UTC, always.
    pub(super) const UTC: Self = Self { standard_s: 0, summer: None };

    /// Reads a rule; `None` for what is no rule.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (standard_s, rest) = offset(after_name(text)?)?;
        if rest.is_empty() {
            return Some(Self { standard_s, summer: None });
        }
        let rest = after_name(rest)?;
        let (offset_s, rest) = if rest.starts_with(',') { (standard_s + 3_600, rest) } else { offset(rest)? };
        let (start, rest) = change(rest)?;
        let (end, rest) = change(rest)?;
        rest.is_empty().then_some(Self { standard_s, summer: Some(Summer { offset_s, start, end }) })
    }

    /// Seconds that local time is ahead of UTC at an instant.
    pub(super) fn offset_s(&self, unix_s: i64) -> i32 {
        let Some(summer) = self.summer else { return self.standard_s };
        // No zone changes its offset within days of a new year, so either offset tells the year.
        let year = Date::of_days((unix_s + i64::from(self.standard_s)).div_euclid(DAY_S)).year;
        let start_s = summer.start.local_s(year) - i64::from(self.standard_s);
        let end_s = summer.end.local_s(year) - i64::from(summer.offset_s);
        let in_summer =
            if start_s < end_s { start_s <= unix_s && unix_s < end_s } else { unix_s < end_s || start_s <= unix_s };
        if in_summer { summer.offset_s } else { self.standard_s }
    }
}

impl Change {
    /// Its local time in a year, as if local time were UTC.
    fn local_s(self, year: i64) -> i64 {
        let first = Date { year, month: i64::from(self.month), day: 1 };
        let (first_days, next_days) = (first.days(), first.next_month().days());
        let mut days = first_days + (i64::from(self.weekday) - weekday(first_days)).rem_euclid(7);
        days += 7 * i64::from(self.week - 1);
        if days >= next_days {
            days -= 7;
        }
        days * DAY_S + i64::from(self.time_s)
    }
}

/// What follows an abbreviation: letters, or anything in angle brackets.
fn after_name(text: &str) -> Option<&str> {
    match text.strip_prefix('<') {
        Some(quoted) => Some(quoted.split_once('>')?.1),
        None => Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())),
    }
}

/// An offset, which POSIX counts westwards and we count eastwards.
fn offset(text: &str) -> Option<(i32, &str)> {
    let (west_s, rest) = time(text)?;
    Some((-west_s, rest))
}

/// `[+-]h[:mm[:ss]]` in seconds.
fn time(text: &str) -> Option<(i32, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, mut rest) = number(text, 167)?;
    let mut seconds = hours * 3_600;
    for unit_s in [60, 1] {
        let Some(after) = rest.strip_prefix(':') else { break };
        let (count, after) = number(after, 59)?;
        seconds += count * unit_s;
        rest = after;
    }
    Some((sign * seconds, rest))
}

/// `,Mm.w.d[/time]`; the time is 02:00 when it is left out.
fn change(text: &str) -> Option<(Change, &str)> {
    let (month, rest) = number(text.strip_prefix(",M")?, 12)?;
    let (week, rest) = number(rest.strip_prefix('.')?, 5)?;
    let (from_sunday, rest) = number(rest.strip_prefix('.')?, 6)?;
    let (time_s, rest) = match rest.strip_prefix('/') {
        Some(rest) => time(rest)?,
        None => (7_200, rest),
    };
    let weekday = (from_sunday + 6) % 7;
    (month > 0 && week > 0).then_some((Change { month, week, weekday, time_s }, rest))
}

/// A number of at most three digits and at most so much.
fn number(text: &str, max: i32) -> Option<(i32, &str)> {
    let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let number = digits.parse::<i32>().ok()?;
    (number <= max).then_some((number, rest))
}
