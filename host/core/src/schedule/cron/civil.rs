//! The next time on the wall that an expression means.
//!
//! Owns: the search, bounded by [`limits::CRON_YEARS`]. Must not know: time zones. Called by `zone`.

use jiff::civil::{Date, DateTime, Time};

use super::days::Days;
use crate::limits;

/// An expression, field by field; bit n stands for the value n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) months: u64,
    pub(super) days: Days,
}

impl Fields {
    /// The first date and time at or after `from`, a whole second. `None`: there is none in the years that are searched.
    pub(super) fn next(&self, from: DateTime) -> Option<DateTime> {
        let mut first = from.date().first_of_month();
        // Days before the one it begins at are not meant in the first month.
        let mut open = u32::MAX << from.day().unsigned_abs();
        for _ in 0..limits::CRON_YEARS * 12 {
            if has(self.months, first.month()) {
                let days = self.days.in_month(first) & open;
                if let Some(found) = self.in_days(first, days, from) {
                    return Some(found);
                }
            }
            open = u32::MAX;
            first = next_month(first)?;
        }
        None
    }

    /// The first time on one of these days, at or after `from`.
    fn in_days(&self, first: Date, mut days: u32, from: DateTime) -> Option<DateTime> {
        while days != 0 {
            let day = i8::try_from(days.trailing_zeros()).ok()?;
            let date = Date::new(first.year(), first.month(), day).ok()?;
            let least = if date == from.date() { from.time() } else { Time::midnight() };
            if let Some(time) = self.time(least) {
                return Some(date.to_datetime(time));
            }
            days &= days - 1;
        }
        None
    }

    /// The first time of a day at or after `least`.
    fn time(&self, least: Time) -> Option<Time> {
        let (hour, minute, second) = (least.hour(), least.minute(), least.second());
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = from(self.seconds, second)
            {
                return Time::new(hour, minute, second, 0).ok();
            }
            if let Some(minute) = from(self.minutes, minute + 1) {
                return Time::new(hour, minute, from(self.seconds, 0)?, 0).ok();
            }
        }
        let hour = from(self.hours, hour + 1)?;
        Time::new(hour, from(self.minutes, 0)?, from(self.seconds, 0)?, 0).ok()
    }
}

fn has(set: u64, value: i8) -> bool {
    set >> value.unsigned_abs() & 1 == 1
}

/// The smallest value of a set that is not below `least`.
fn from(set: u64, least: i8) -> Option<i8> {
    let rest = set & (u64::MAX << least.unsigned_abs());
    (rest != 0).then(|| i8::try_from(rest.trailing_zeros()).ok()).flatten()
}

fn next_month(first: Date) -> Option<Date> {
    match first.month() {
        12 => Date::new(first.year().checked_add(1)?, 1, 1).ok(),
        month => Date::new(first.year(), month + 1, 1).ok(),
    }
}
