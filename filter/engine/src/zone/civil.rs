//! Dates of the proleptic Gregorian calendar as numbers of days, and back.
//!
//! Days are counted from 1970-01-01. A year is taken to begin in March here, so that the leap day is
//! its last and the months before it always add up alike (153 days in any five from March on).

/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Days from 0000-03-01, where the cycles of leap years begin, to 1970-01-01.
const TO_EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years: 97 of them are leap years.
const ERA_DAYS: i64 = 146_097;

/// A date: year, month from 1 and day from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: i64,
    /// The day of the month, 1 to 31.
    pub day: i64,
}

impl Date {
    /// The date so many days after 1970-01-01.
    pub(crate) const fn of_days(days: i64) -> Self {
        let from_march = days + TO_EPOCH_DAYS;
        let era = from_march.div_euclid(ERA_DAYS);
        let day_of_era = from_march.rem_euclid(ERA_DAYS);
        // Leap days that lie before it in the era: one in 4 years, none in 100, one in 400.
        let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era;
        Self { year: if month <= 2 { year + 1 } else { year }, month, day }
    }

    /// Days from 1970-01-01 to it.
    pub(crate) const fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let day_of_year = (153 * from_march + 2) / 5 + self.day - 1;
        era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - TO_EPOCH_DAYS
    }

    /// The first day of the month that follows its month.
    pub(crate) const fn next_month(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1, day: 1 }
        } else {
            Self { year: self.year, month: self.month + 1, day: 1 }
        }
    }
}

/// The weekday of a day counted from 1970-01-01, a Thursday: Monday is 0, Sunday 6 (ISO 8601).
pub(crate) const fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}
