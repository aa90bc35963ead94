//! From a time on the wall to an instant.
//!
//! Owns: the two rules of daylight saving that [`super`] states. Must not know: how expressions are written. Called by
//! [`super::Cron::at_or_after`].
//!
//! Between two changes of a zone the wall runs as fast as time: the search goes from one such stretch to the next and looks
//! at what each change skips or repeats.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::civil::Fields;
use crate::limits;
use crate::time::UtcMillis;

/// The first instant at or after `at`. `rhythm`: whether times that come twice are run twice.
pub(super) fn at_or_after(fields: &Fields, zone: &TimeZone, rhythm: bool, at: UtcMillis) -> Option<UtcMillis> {
    let least = at.as_millis().div_euclid(1_000) + i64::from(at.as_millis().rem_euclid(1_000) > 0);
    // A second earlier, so that a change at `least` itself is still ahead.
    let mut from = Timestamp::from_second(least - 1).ok()?;
    let mut wall = zone.to_offset(from).to_datetime(from);
    if !rhythm && let Some(end) = had(zone, from) {
        wall = wall.max(end);
    }
    for _ in 0..limits::CRON_CHANGES {
        let offset = zone.to_offset(from);
        let mut found = fields.next(wall)?;
        if instant(found, offset)? < least {
            found = fields.next(found.checked_add(jiff::SignedDuration::from_secs(1)).ok()?)?;
        }
        let Some(change) = zone.following(from).next().map(|change| change.timestamp()) else {
            return millis(instant(found, offset)?);
        };
        let (before, after) = (offset.to_datetime(change), zone.to_offset(change).to_datetime(change));
        if found < before {
            return millis(instant(found, offset)?);
        }
        if found < after {
            // It was skipped.
            return millis(change.as_second());
        }
        // What comes again has had its turn, unless it is a rhythm.
        wall = if rhythm { after } else { after.max(before) };
        from = change;
    }
    None
}

/// Until which time of the wall everything has been before, if `from` lies where the clock was set back.
fn had(zone: &TimeZone, from: Timestamp) -> Option<DateTime> {
    // Only what lies strictly before is found.
    let after = from.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
    let change = zone.preceding(after).next()?.timestamp();
    let before = change.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
    Some(zone.to_offset(before).to_datetime(change))
}

fn instant(wall: DateTime, offset: Offset) -> Option<i64> {
    offset.to_timestamp(wall).ok().map(Timestamp::as_second)
}

fn millis(seconds: i64) -> Option<UtcMillis> {
    Some(UtcMillis::from_millis(seconds.checked_mul(1_000)?))
}
