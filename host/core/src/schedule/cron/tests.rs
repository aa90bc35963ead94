//! Times, refusals and daylight saving in tables of our own; and two second opinions: croner's on the wall, and a walk over
//! every minute across changes of zones.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> UtcMillis {
    UtcMillis::parse(text).unwrap()
}

fn times(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(expression, zone).unwrap();
    std::iter::successors(cron.after(at(from)), |at| cron.after(*at)).take(count).map(|at| at.to_string()).collect()
}

#[test]
fn next_times() {
    // 2026-11-21 is a Saturday.
    let from = "2026-11-21T12:00:00Z";
    let table = [
        ("0 9,17 * * 1-5", "Europe/Berlin", "2026-11-23T08:00:00Z 2026-11-23T16:00:00Z 2026-11-24T08:00:00Z"),
        (
            "0 0 * * 1-5",
            "UTC",
            "2026-11-23T00:00:00Z 2026-11-24T00:00:00Z 2026-11-25T00:00:00Z 2026-11-26T00:00:00Z 2026-11-27T00:00:00Z 2026-11-30T00:00:00Z",
        ),
        ("0 0 * * 0", "UTC", "2026-11-22T00:00:00Z 2026-11-29T00:00:00Z"),
        ("0 0 * * 7", "UTC", "2026-11-22T00:00:00Z 2026-11-29T00:00:00Z"),
        ("0 0 * * SUN", "UTC", "2026-11-22T00:00:00Z 2026-11-29T00:00:00Z"),
        ("0 0 * * 6-7", "UTC", "2026-11-22T00:00:00Z 2026-11-28T00:00:00Z 2026-11-29T00:00:00Z"),
        ("0 0 * * fri-Mon/2", "UTC", "2026-11-22T00:00:00Z 2026-11-27T00:00:00Z 2026-11-29T00:00:00Z"),
        ("0 0 * * 7-2", "UTC", "2026-11-22T00:00:00Z 2026-11-23T00:00:00Z 2026-11-24T00:00:00Z 2026-11-29T00:00:00Z"),
        ("*/20 12 * * *", "UTC", "2026-11-21T12:20:00Z 2026-11-21T12:40:00Z 2026-11-22T12:00:00Z"),
        ("10/25 12 * * *", "UTC", "2026-11-21T12:10:00Z 2026-11-21T12:35:00Z 2026-11-22T12:10:00Z"),
        ("30 0 12 * * *", "UTC", "2026-11-21T12:00:30Z 2026-11-22T12:00:30Z"),
        (
            "0 22-1 * * *",
            "UTC",
            "2026-11-21T22:00:00Z 2026-11-21T23:00:00Z 2026-11-22T00:00:00Z 2026-11-22T01:00:00Z 2026-11-22T22:00:00Z",
        ),
        // Both days limited: either is enough. Beginning with a star, or with +: both.
        ("0 0 13 * FRI", "UTC", "2026-11-27T00:00:00Z 2026-12-04T00:00:00Z 2026-12-11T00:00:00Z 2026-12-13T00:00:00Z"),
        ("0 0 13 * +FRI", "UTC", "2027-08-13T00:00:00Z 2028-10-13T00:00:00Z"),
        ("0 0 */2 * MON", "UTC", "2026-11-23T00:00:00Z 2026-12-07T00:00:00Z 2026-12-21T00:00:00Z"),
        ("0 0 L * *", "UTC", "2026-11-30T00:00:00Z 2026-12-31T00:00:00Z 2027-01-31T00:00:00Z 2027-02-28T00:00:00Z"),
        ("0 0 L-2 2 ?", "UTC", "2027-02-26T00:00:00Z 2028-02-27T00:00:00Z"),
        ("0 0 LW * *", "UTC", "2026-11-30T00:00:00Z 2026-12-31T00:00:00Z 2027-01-29T00:00:00Z"),
        (
            "0 0 1W * *",
            "UTC",
            "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z 2027-02-01T00:00:00Z 2027-03-01T00:00:00Z 2027-04-01T00:00:00Z 2027-05-03T00:00:00Z",
        ),
        ("0 0 * * 5L", "UTC", "2026-11-27T00:00:00Z 2026-12-25T00:00:00Z 2027-01-29T00:00:00Z"),
        ("0 0 * * MON#2", "UTC", "2026-12-14T00:00:00Z 2027-01-11T00:00:00Z"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"),
        ("0 0 * 2 FRI#5", "UTC", "2036-02-29T00:00:00Z 2064-02-29T00:00:00Z 2092-02-29T00:00:00Z 2104-02-29T00:00:00Z"),
        ("  @Weekly ", "Asia/Kathmandu", "2026-11-21T18:15:00Z 2026-11-28T18:15:00Z"),
        ("@every_second", "UTC", "2026-11-21T12:00:01Z 2026-11-21T12:00:02Z"),
    ];
    for (expression, zone, expected) in table {
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(times(expression, zone, from, expected.len()), expected, "{expression}");
    }
}

#[test]
fn what_is_refused_says_where_and_why() {
    let table = [
        ("", 1, "empty"),
        ("* * * *", 7, "4 fields; five are needed"),
        ("0 0 9 * * 1-5 2027", 15, "years are not supported"),
        ("* * * * * * * *", 13, "8 fields"),
        ("60 * * * *", 1, "minutes: 60 is out of range; 0 to 59"),
        ("0,15,75 * * * *", 6, "75 is out of range"),
        ("*/60 * * * *", 3, "a step of 60; it may be 1 to 59"),
        ("*/0 * * * *", 3, "a step of 0"),
        ("1/ * * * *", 3, "\"\" is no step"),
        ("1-5/2/2 * * * *", 5, "\"2/2\" is no step"),
        ("1,,2 * * * *", 3, "a value is missing"),
        ("7- * * * *", 3, "a value is missing"),
        ("0 24 * * *", 3, "hours: 24 is out of range; 0 to 23"),
        ("0 * 0 * *", 5, "day of month: 0 is out of range; 1 to 31"),
        ("0 0 * JANUARY *", 7, "\"JANUARY\" is no value; write 1 to 12 or JAN to DEC"),
        ("0 0 * * 8", 9, "day of week: 8 is out of range; 0 to 7"),
        ("0 0 * * MON-FRY", 13, "\"FRY\" is no value; write 0 to 7 or SUN to SAT"),
        ("0 0 MON * *", 5, "day of month: \"MON\" is no value"),
        ("H * * * *", 1, "\"H\" is not supported; jitter spreads"),
        ("? * * * *", 1, "\"?\" stands alone"),
        ("L * * * *", 1, "L, W and # belong to days only"),
        ("0 0 1,15W * *", 5, "W follows one day and stands alone"),
        ("0 0 L-31 * *", 5, "L-1 to L-30"),
        ("0 0 * * L", 9, "L follows one day"),
        ("0 0 * * MON#6", 9, "1 to 5"),
        ("0 0 * * MON#1,FRI#1", 9, "alone in the field"),
        ("0 0 ++MON * *", 5, "\"++MON\" is no value"),
        ("0 0 30 2 *", 1, "it would never run"),
        ("0 0 31 4,6,9,11 ?", 1, "it would never run"),
        ("0 0 * 2 +MON#5", 1, ""),
        ("@reboot", 1, "unknown nickname; known: @yearly"),
        (" @dayly", 2, "did you mean @daily?"),
        ("@daily x", 1, "unknown nickname"),
        ("0 0 1 \u{fc} *", 7, "\"\u{fc}\" is no value"),
        ("é 0 0 99 * *", 1, "\"é\" is no value"),
        ("0\u{a0}0 * * *", 9, "4 fields"),
    ];
    for (expression, column, message) in table {
        match Cron::parse(expression, "UTC") {
            Err(error @ NotCron::Expression { column: found, .. }) => {
                assert_eq!(found, column, "{expression}: {error}");
                assert!(error.to_string().contains(message), "{expression}: {error}");
            }
            // Five Mondays in February: leap years that begin so.
            Ok(_) => assert_eq!(message, "", "{expression} was taken"),
            Err(error) => unreachable!("{expression}: {error}"),
        }
    }
    let long = format!("{} * * * *", "1,".repeat(200));
    assert!(Cron::parse(&long, "UTC").unwrap_err().to_string().contains("longer than 256 bytes"));
}

#[test]
fn zones_are_those_of_the_database() {
    for (name, remedy) in
        [("Europe/Belrin", "Europe/Berlin"), ("Mars/Olympus_Mons", "write for example"), ("", "write for")]
    {
        let error = Cron::parse("@daily", name).unwrap_err().to_string();
        assert!(error.contains(remedy), "{name}: {error}");
    }
    assert_eq!(Cron::parse("@daily", "europe/berlin").unwrap().timezone(), "Europe/Berlin");
    assert_eq!(Cron::parse("@daily", "UTC").unwrap().timezone(), "UTC");
    assert!(Cron::parse("@daily", "Etc/Unknown").is_err());
}

#[test]
fn skipped_times_run_once_after_the_gap_and_repeated_ones_as_written() {
    let table = [
        // Berlin skips 02:00 to 03:00 (01:00Z) ...
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z 2027-03-29T00:30:00Z"),
        ("0,20,40 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z 2027-03-29T00:00:00Z"),
        ("0 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z 2027-03-29T00:00:00Z"),
        (
            "0 * * * *",
            "Europe/Berlin",
            "2027-03-27T23:30:00Z",
            "2027-03-28T00:00:00Z 2027-03-28T01:00:00Z 2027-03-28T02:00:00Z",
        ),
        // ... and has 02:00 to 03:00 twice (00:00Z to 02:00Z).
        ("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z 2027-11-01T01:30:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T01:15:00Z", "2027-11-01T01:30:00Z"),
        (
            "*/30 2 * * *",
            "Europe/Berlin",
            "2027-10-30T12:00:00Z",
            "2027-10-31T00:00:00Z 2027-10-31T00:30:00Z 2027-10-31T01:00:00Z 2027-10-31T01:30:00Z 2027-11-01T01:00:00Z",
        ),
        (
            "0 * * * *",
            "Europe/Berlin",
            "2027-10-30T23:30:00Z",
            "2027-10-31T00:00:00Z 2027-10-31T01:00:00Z 2027-10-31T02:00:00Z",
        ),
        // New York, Lord Howe (by half an hour), Apia (a day left out), Azores (midnight comes twice).
        ("15 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", "2027-03-14T07:00:00Z 2027-03-15T06:15:00Z"),
        ("15 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", "2027-11-07T05:15:00Z 2027-11-08T06:15:00Z"),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z 2026-10-04T15:10:00Z"),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T00:00:00Z", "2027-04-03T14:45:00Z 2027-04-04T15:15:00Z"),
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", "2011-12-30T10:00:00Z 2011-12-30T22:00:00Z"),
        ("0 0 * * *", "Atlantic/Azores", "2027-10-30T12:00:00Z", "2027-10-31T00:00:00Z 2027-11-01T01:00:00Z"),
    ];
    for (expression, zone, from, expected) in table {
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(times(expression, zone, from, expected.len()), expected, "{expression} {zone} {from}");
    }
    let cron = Cron::parse("30 2 * * *", "Europe/Berlin").unwrap();
    for moment in ["2027-03-28T01:00:00Z", "2027-10-31T00:30:00Z"] {
        assert_eq!(cron.at_or_after(at(moment)), Some(at(moment)), "the moment itself counts");
    }
    assert_eq!(cron.at_or_after(at("2027-03-28T01:00:00.001Z")), Some(at("2027-03-29T00:30:00Z")));
}

#[test]
fn the_ends_of_time_end_the_search() {
    let cron = Cron::parse("* * * * *", "Europe/Berlin").unwrap();
    assert!(cron.at_or_after(UtcMillis::from_millis(i64::MIN)).is_none_or(|at| at.as_millis() < 0));
    assert_eq!(cron.after(UtcMillis::from_millis(i64::MAX)), None);
    let rare = Cron::parse("0 0 29 2 *", "UTC").unwrap();
    assert_eq!(rare.after(at("9996-03-01T00:00:00Z")), None);
}

/// A field that both readers take.
fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let range = (least..=most, least..=most).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let item = prop_oneof![
        3 => (least..=most).prop_map(|value| value.to_string()),
        1 => range.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (range, 1_u32..6).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
    ];
    prop_oneof![1 => Just("*".to_owned()), 2 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(","))]
}

fn expression() -> impl Strategy<Value = String> {
    let day =
        prop_oneof![4 => field(1, 31), 1 => Just("L".to_owned()), 1 => (1_u32..=28).prop_map(|day| format!("{day}W"))];
    let weekday = prop_oneof![
        4 => field(0, 6),
        1 => (0_u32..=6).prop_map(|day| format!("{day}L")),
        1 => (0_u32..=6, 1_u32..=4).prop_map(|(day, nth)| format!("{day}#{nth}")),
    ];
    let time = (field(0, 59), field(0, 59), field(0, 23));
    (time, day, field(1, 12), weekday).prop_map(|((second, minute, hour), day, month, weekday)| {
        format!("{second} {minute} {hour} {day} {month} {weekday}")
    })
}

/// Whether the minute that begins at this instant is meant by the fields as written on the wall.
fn meant(cron: &Cron, wall: DateTime) -> bool {
    cron.fields.next(wall) == Some(wall)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn croner_finds_the_same_times_on_the_wall(expression in expression(), second in 1_500_000_000_i64..2_500_000_000) {
        let Ok(cron) = Cron::parse(&expression, "UTC") else { return Ok(()) };
        let other: croner::Cron = expression.parse().unwrap();
        let mut wall = TimeZone::UTC.to_datetime(Timestamp::from_second(second).unwrap());
        for _ in 0..8 {
            let ours = cron.fields.next(wall);
            let Ok(theirs) = other.find_next_occurrence(&wall, true) else { break };
            prop_assert_eq!(ours, Some(theirs), "{} {}", expression, wall);
            wall = theirs.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two days around a change, minute by minute, with the two rules applied literally.
    #[test]
    fn changes_of_a_zone_follow_the_two_rules(
        (minutes, hours) in (field(0, 59), field(0, 23)),
        (zone, year) in (
            prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut"]),
            2024_i16..2032,
        ),
        which in 0_usize..2,
    ) {
        let expression = format!("{minutes} {hours} * * *");
        let cron = Cron::parse(&expression, zone).unwrap();
        let tz = TimeZone::get(zone).unwrap();
        let new_year = DateTime::constant(year, 1, 1, 0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let change = tz.following(new_year).nth(which).unwrap().timestamp().as_second();
        let (begin, end) = (change - 86_400, change + 86_400);
        let mut expected = Vec::new();
        let mut seen = None::<DateTime>;
        for second in (begin..end).step_by(60) {
            let wall = Zoned::new(Timestamp::from_second(second).unwrap(), tz.clone()).datetime();
            let before = Zoned::new(Timestamp::from_second(second - 60).unwrap(), tz.clone()).datetime();
            let minute = jiff::SignedDuration::from_secs(60);
            let mut skipped = before.checked_add(minute).unwrap();
            let mut due = meant(&cron, wall) && (cron.rhythm || seen.is_none_or(|seen| wall > seen));
            while skipped < wall {
                due |= meant(&cron, skipped);
                skipped = skipped.checked_add(minute).unwrap();
            }
            if due {
                expected.push(second);
            }
            seen = Some(seen.map_or(wall, |seen| seen.max(wall)));
        }
        let first = cron.at_or_after(UtcMillis::from_millis(begin * 1_000));
        let found: Vec<i64> = std::iter::successors(first, |at| cron.after(*at))
            .map(|at| at.as_millis() / 1_000)
            .take_while(|second| *second < end)
            .collect();
        prop_assert_eq!(found, expected, "{} {} {}", expression, zone, year);
    }

    /// From any moment on, the next time is the first of those found from an earlier one: nothing is lost or run twice.
    #[test]
    fn from_anywhere_the_times_are_the_same(expression in expression(), from in 1_700_000_000_000_i64..1_900_000_000_000, part in 0_f64..1.0) {
        let Ok(cron) = Cron::parse(&expression, "Europe/Berlin") else { return Ok(()) };
        let from = UtcMillis::from_millis(from);
        let next = cron.after(from).unwrap();
        let between = from.plus(next.since(from).mul_f64(part).saturating_sub(core::time::Duration::from_millis(1)));
        prop_assert_eq!(cron.after(between), Some(next));
        prop_assert_eq!(cron.at_or_after(next), Some(next));
    }
}
