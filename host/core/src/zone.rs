//! Where the day of a budget begins.
//!
//! Owns: [`Zone`], and the days and months of its wall clock as instants. Must not know: what is counted in them. Called by
//! budgets. Cron has its own way from the wall to an instant, as it asks for times and not for days.
//!
//! A day begins with the first instant of its date. Where clocks skip midnight, that is the instant after the gap; where
//! midnight comes twice, the first one. A date that a zone leaves out has no day. So days lie without gap or overlap, each
//! instant in one of them: 23 hours long, 24 or 25, or whatever a zone has come up with.

use core::cmp::Ordering;
use core::fmt;

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::schedule::cron::{NotCron, named};
use crate::time::UtcMillis;

/// A time zone of the IANA database, UTC if nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Option<TimeZone>);

/// A stretch of time: its first instant, and the first one after it.
type Stretch = (UtcMillis, UtcMillis);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(None);

    /// The zone of that name: `Europe/Berlin`, `UTC`.
    ///
    /// # Errors
    /// [`NotCron::Zone`], with what was probably meant.
    pub fn parse(name: &str) -> Result<Self, NotCron> {
        let zone = named(name)?;
        Ok(if zone == TimeZone::UTC { Self::UTC } else { Self(Some(zone)) })
    }

    /// Its name, as the database writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.as_ref().and_then(TimeZone::iana_name).unwrap_or("UTC")
    }

    /// The day in which `now` lies.
    #[must_use]
    pub fn day(&self, now: UtcMillis) -> Stretch {
        let utc = (now.day_start(), now.day_end());
        self.0.as_ref().and_then(|zone| day(zone, now)).map_or(utc, |(_, day)| day)
    }

    /// The month in which `now` lies.
    #[must_use]
    pub fn month(&self, now: UtcMillis) -> Stretch {
        let utc = (now.month_start(), now.month_end());
        self.0.as_ref().and_then(|zone| month(zone, now)).unwrap_or(utc)
    }
}

/// The date of a day, and when it lasts. `None`: at the end of all years.
fn day(zone: &TimeZone, now: UtcMillis) -> Option<(Date, Stretch)> {
    let instant = Timestamp::from_millisecond(now.as_millis()).ok()?;
    let mut date = zone.to_datetime(instant).date();
    // Where midnight is set back over, the wall shows yesterday's date again: it is today all the same.
    while now < begins(zone, date)? {
        date = date.yesterday().ok()?;
    }
    loop {
        let tomorrow = date.tomorrow().ok()?;
        let end = begins(zone, tomorrow)?;
        if now < end {
            return Some((date, (begins(zone, date)?, end)));
        }
        date = tomorrow;
    }
}

fn month(zone: &TimeZone, now: UtcMillis) -> Option<Stretch> {
    let (date, _) = day(zone, now)?;
    let first = date.first_of_month();
    let next = first.checked_add(1.month()).ok()?;
    Some((begins(zone, first)?, begins(zone, next)?))
}

/// The first instant of a date; of one that is left out, of the next.
fn begins(zone: &TimeZone, date: Date) -> Option<UtcMillis> {
    let midnight = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    let skipped = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
    let first = midnight.compatible().ok()?;
    // In a gap midnight is reckoned on from before it; the day begins where the gap ends.
    let first = match skipped {
        true => zone.preceding(first.checked_add(1.second()).ok()?).next()?.timestamp(),
        false => first,
    };
    Some(UtcMillis::from_millis(first.as_millisecond()))
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Zone {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl TryFrom<String> for Zone {
    type Error = NotCron;

    fn try_from(name: String) -> Result<Self, NotCron> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::at;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    /// An instant, and the day in which it lies: from, until, hours.
    #[test]
    fn days_are_those_of_the_wall() {
        let table = [
            ("UTC", "2026-11-22T12:00:00Z", "2026-11-22T00:00:00Z", 24.0),
            ("Europe/Berlin", "2026-11-22T12:00:00Z", "2026-11-21T23:00:00Z", 24.0),
            ("Europe/Berlin", "2026-11-21T22:59:59.999Z", "2026-11-20T23:00:00Z", 24.0),
            ("Europe/Berlin", "2026-11-21T23:00:00Z", "2026-11-21T23:00:00Z", 24.0),
            // Clocks are set forward in March, and back in October.
            ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23.0),
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", 25.0),
            ("Europe/Berlin", "2026-10-25T22:59:00Z", "2026-10-24T22:00:00Z", 25.0),
            ("America/New_York", "2026-03-08T20:00:00Z", "2026-03-08T05:00:00Z", 23.0),
            ("America/New_York", "2026-11-01T20:00:00Z", "2026-11-01T04:00:00Z", 25.0),
            ("Australia/Sydney", "2026-10-04T01:00:00Z", "2026-10-03T14:00:00Z", 23.0),
            ("Australia/Sydney", "2026-04-05T01:00:00Z", "2026-04-04T13:00:00Z", 25.0),
            // By half an hour.
            ("Australia/Lord_Howe", "2026-04-05T01:00:00Z", "2026-04-04T13:00:00Z", 24.5),
            // Midnight itself is skipped, or comes twice.
            ("Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", 23.0),
            ("Africa/Cairo", "2026-10-29T12:00:00Z", "2026-10-28T21:00:00Z", 25.0),
            ("America/Havana", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", 23.0),
            ("America/Havana", "2026-11-01T04:30:00Z", "2026-11-01T04:00:00Z", 25.0),
            ("America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z", 25.0),
            // A date that was left out: the 30th of December 2011.
            ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", 24.0),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", 24.0),
        ];
        for (name, now, from, hours) in table {
            let (start, end) = zone(name).day(at(now));
            assert_eq!((start, end.since(start).as_secs_f64() / 3_600.0), (at(from), hours), "{name} {now}");
        }
    }

    #[test]
    fn months_are_those_of_the_wall() {
        let table = [
            ("UTC", "2026-11-22T12:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("Europe/Berlin", "2026-10-31T23:00:00Z", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
            ("Europe/Berlin", "2026-10-31T22:59:59Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
            ("Asia/Tokyo", "2026-12-31T15:00:00Z", "2026-12-31T15:00:00Z", "2027-01-31T15:00:00Z"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"),
        ];
        for (name, now, from, until) in table {
            assert_eq!(zone(name).month(at(now)), (at(from), at(until)), "{name} {now}");
        }
    }

    #[test]
    fn names_are_those_of_the_database() {
        assert_eq!((zone("UTC"), Zone::default().name()), (Zone::UTC, "UTC"));
        assert_eq!(serde_json::to_string(&zone("Europe/Berlin")).unwrap(), "\"Europe/Berlin\"");
        let wrong = serde_json::from_str::<Zone>("\"Europe/Berln\"").unwrap_err().to_string();
        assert!(wrong.contains("did you mean \"Europe/Berlin\"?"), "{wrong}");
    }

    const ZONES: [&str; 12] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/Havana",
        "Asia/Beirut",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/Nuuk",
    ];

    proptest! {
        /// Each instant lies in one day and one month, which begin where those before them end.
        #[test]
        fn days_and_months_lie_without_gap_or_overlap(index in 0..ZONES.len(), millis in -2_000_000_000_000_i64..5_000_000_000_000) {
            let (zone, now) = (zone(ZONES[index]), UtcMillis::from_millis(millis));
            let moment = Duration::from_millis(1);
            for stretch in [Zone::day, Zone::month] {
                let (start, end) = stretch(&zone, now);
                prop_assert!(start <= now && now < end, "{start} {now} {end}");
                prop_assert_eq!(stretch(&zone, start), (start, end));
                prop_assert_eq!(stretch(&zone, end.minus(moment)), (start, end));
                prop_assert_eq!(stretch(&zone, end).0, end);
                prop_assert_eq!(stretch(&zone, start.minus(moment)).1, start);
            }
            let ((day, night), (first, last)) = (zone.day(now), zone.month(now));
            prop_assert!(first <= day && night <= last, "a day lies in one month");
        }
    }
}
