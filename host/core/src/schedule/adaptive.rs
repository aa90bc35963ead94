//! What a source shows and asks: how often it publishes, how long its answers stay fresh, when it wants to be left alone.
//!
//! Owns: [`Published`] and [`Wishes`], and what follows from them for the next run. Must not know: where items or headers come
//! from. Called by the schedule; [`Wishes::not_before`] holds for every schedule, the rest where it says `adaptive`.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contract::Hints;
use crate::limits;
use crate::time::UtcMillis;

/// How often a source publishes, from the newest of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Different publication times that were looked at.
    pub times: u32,
    /// The earliest of them.
    pub oldest: UtcMillis,
    /// The latest of them.
    pub newest: UtcMillis,
}

impl Published {
    /// What the newest [`limits::PUBLISHED`] items tell; the order does not matter. Items of the same moment are one
    /// publication. `None`: there are too few to tell anything.
    #[must_use]
    pub fn of(times: impl IntoIterator<Item = UtcMillis>) -> Option<Self> {
        let (least, most) = limits::PUBLISHED;
        let mut times: Vec<UtcMillis> = times.into_iter().collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        times.dedup();
        times.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        let (newest, oldest) = (*times.first()?, *times.last()?);
        (count >= least).then_some(Self { times: count, oldest, newest })
    }

    /// The mean time from one publication to the next, as of `now`: silence since the newest one makes it longer.
    #[must_use]
    pub fn interval(&self, now: UtcMillis) -> Duration {
        let between = self.newest.since(self.oldest) / self.times.saturating_sub(1).max(1);
        let with_silence = now.since(self.oldest) / self.times.max(1);
        between.max(with_silence)
    }
}

/// What a source and its answers ask of whoever fetches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// `ttl` of RSS 2.0, `sy:updatePeriod` and the like: not more often than this, in milliseconds.
    pub ttl_ms: Option<u64>,
    /// `Cache-Control: max-age` (RFC 9111, 5.2.2.1) less `Age`: the last answer stays fresh so long, in milliseconds.
    pub max_age_ms: Option<u64>,
    /// `Retry-After` (RFC 9110, 10.2.3), as the moment it names.
    pub not_before: Option<UtcMillis>,
    /// `skipHours` of RSS 2.0: bit n is the hour n of the UTC day.
    pub skip_hours: u32,
    /// `skipDays` of RSS 2.0: bit 0 is Sunday, by UTC.
    pub skip_days: u8,
    /// The source says that nothing will change any more.
    pub complete: bool,
}

/// Names of days as plugins give them, from Sunday.
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// Hours in a week.
const WEEK: u32 = 7 * 24;

impl From<&Hints> for Wishes {
    /// What makes no sense (negative spans, hour 25, unknown days) is left out.
    fn from(hints: &Hints) -> Self {
        let hours = hints.skip_hours.iter().filter(|hour| **hour < 24).fold(0, |set, hour| set | 1 << hour);
        let day = |name: &String| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.trim()));
        let days = hints.skip_days.iter().filter_map(day).fold(0_u8, |set, day| set | 1 << day);
        Self {
            ttl_ms: hints.min_interval_s.and_then(millis),
            max_age_ms: hints.fresh_for_s.and_then(millis),
            not_before: hints.not_before.as_deref().and_then(UtcMillis::parse),
            skip_hours: hours,
            skip_days: days,
            complete: hints.complete,
        }
    }
}

fn millis(seconds: f64) -> Option<u64> {
    let span = Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero())?;
    u64::try_from(span.as_millis()).ok()
}

impl Wishes {
    /// The wishes with what an answer's header fields say laid over: the span of `max-age`, and the moment of `Retry-After`.
    #[must_use]
    pub fn with_answer(self, max_age: Option<Duration>, retry_after: Option<UtcMillis>) -> Self {
        let max_age_ms = max_age.and_then(|span| u64::try_from(span.as_millis()).ok());
        Self { max_age_ms: max_age_ms.or(self.max_age_ms), not_before: retry_after.or(self.not_before), ..self }
    }

    /// The interval of `ttl`, at most [`limits::ADAPTIVE_MOST`].
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        let asked = self.ttl_ms.map(Duration::from_millis);
        let asked = if self.complete { Some(limits::ADAPTIVE_MOST) } else { asked };
        asked.map(|span| span.min(limits::ADAPTIVE_MOST))
    }

    /// The interval of `max-age`, at most [`limits::ADAPTIVE_MOST`].
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age_ms.map(|millis| Duration::from_millis(millis).min(limits::ADAPTIVE_MOST))
    }

    /// The moment of `Retry-After`, at most [`limits::RETRY_AFTER_MOST`] after `from`.
    #[must_use]
    pub fn not_before(&self, from: UtcMillis) -> Option<UtcMillis> {
        self.not_before.map(|until| until.min(from.plus(limits::RETRY_AFTER_MOST)))
    }

    /// The first moment at or after `at` that lies in no hour or day to be skipped. A source that skips the whole week is
    /// taken to have said nothing.
    #[must_use]
    pub fn awake(&self, at: UtcMillis) -> UtcMillis {
        let mut open = at;
        for _ in 0..=WEEK {
            if !self.skips(open) {
                return open;
            }
            let hour = UtcMillis::from_millis(open.as_millis() - open.as_millis().rem_euclid(3_600_000));
            open = hour.plus(Duration::from_secs(3_600));
        }
        at
    }

    /// Whether the moment lies in an hour or on a day to be skipped.
    #[must_use]
    pub fn skips(&self, at: UtcMillis) -> bool {
        self.skip_hours >> at.hour() & 1 == 1 || self.skip_days >> weekday(at) & 1 == 1
    }
}

/// Day of the week in UTC, 0 is Sunday. 1970-01-01 was a Thursday.
const fn weekday(at: UtcMillis) -> i64 {
    (at.as_millis().div_euclid(86_400_000) + 4).rem_euclid(7)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> UtcMillis {
        UtcMillis::parse(text).unwrap()
    }

    #[test]
    fn the_mean_interval_grows_in_silence() {
        let hours = |hour: u32| at("2026-11-20T00:00:00Z").plus(Duration::from_secs(3_600) * hour);
        let published = Published::of([2, 4, 0, 6, 6, 8].map(hours)).unwrap();
        assert_eq!(published, Published { times: 5, oldest: hours(0), newest: hours(8) });
        let table = [(8, 2.0), (9, 2.0), (10, 2.0), (20, 4.0), (100, 20.0), (0, 2.0)];
        for (now, interval) in table {
            assert!((published.interval(hours(now)).as_secs_f64() / 3_600.0 - interval).abs() < 1e-9, "{now}");
        }
        assert_eq!(Published::of([1, 2, 3, 3].map(hours)), None, "three times tell nothing");
        assert_eq!(Published::of((0..100).map(hours)).unwrap().oldest, hours(68), "only the newest");
    }

    #[test]
    fn hints_become_wishes() {
        let hints = Hints {
            min_interval_s: Some(5_400.0),
            fresh_for_s: Some(0.25),
            not_before: Some("2026-11-21T12:00:00+01:00".to_owned()),
            skip_hours: vec![0, 23, 24],
            skip_days: vec!["Saturday".to_owned(), "sunday".to_owned(), "caturday".to_owned()],
            ..Hints::default()
        };
        let wishes = Wishes::from(&hints);
        assert_eq!((wishes.ttl_ms, wishes.max_age_ms), (Some(5_400_000), Some(250)));
        assert_eq!(wishes.not_before, Some(at("2026-11-21T11:00:00Z")));
        assert_eq!((wishes.skip_hours, wishes.skip_days), (1 << 23 | 1, 0b100_0001));
        for odd in [-1.0, 0.0, f64::NAN, f64::INFINITY, 1e30] {
            assert_eq!(Wishes::from(&Hints { min_interval_s: Some(odd), ..Hints::default() }).ttl_ms, None, "{odd}");
        }
        let complete = Wishes { complete: true, ..wishes };
        assert_eq!(complete.ttl(), Some(limits::ADAPTIVE_MOST));
        assert_eq!(Wishes { ttl_ms: Some(u64::MAX), ..wishes }.ttl(), Some(limits::ADAPTIVE_MOST));
        let answered = wishes.with_answer(Some(Duration::from_secs(60)), None);
        assert_eq!((answered.max_age_ms, answered.not_before), (Some(60_000), wishes.not_before));
        let from = at("2026-11-01T00:00:00Z");
        assert_eq!(wishes.not_before(from), Some(at("2026-11-02T00:00:00Z")), "at most a day");
    }

    #[test]
    fn skipped_hours_and_days_end() {
        // 2026-11-21 is a Saturday.
        let nights = Wishes { skip_hours: 0xff, ..Wishes::default() };
        let weekend = Wishes { skip_days: 0b100_0001, ..Wishes::default() };
        let both = Wishes { skip_hours: 0xff, ..weekend };
        let table = [
            (Wishes::default(), "2026-11-21T03:30:00Z", "2026-11-21T03:30:00Z"),
            (nights, "2026-11-21T03:30:00Z", "2026-11-21T08:00:00Z"),
            (nights, "2026-11-21T08:30:00Z", "2026-11-21T08:30:00Z"),
            (weekend, "2026-11-21T03:30:00Z", "2026-11-23T00:00:00Z"),
            (both, "2026-11-21T23:59:59.999Z", "2026-11-23T08:00:00Z"),
            (Wishes { skip_hours: u32::MAX, ..nights }, "2026-11-21T03:30:00Z", "2026-11-21T03:30:00Z"),
            (Wishes { skip_days: 127, ..nights }, "2026-11-21T03:30:00Z", "2026-11-21T03:30:00Z"),
        ];
        for (wishes, from, awake) in table {
            assert_eq!(wishes.awake(at(from)), at(awake), "{wishes:?} {from}");
        }
    }

    proptest! {
        #[test]
        fn awake_is_the_first_open_moment(hours in 0_u32..1 << 24, days in 0_u8..127, from in 0_i64..700_000_000) {
            let wishes = Wishes { skip_hours: hours, skip_days: days, ..Wishes::default() };
            let from = UtcMillis::from_millis(1_795_000_000_000 + from);
            let awake = wishes.awake(from);
            prop_assert!(hours == (1 << 24) - 1 || !wishes.skips(awake));
            prop_assert!(awake >= from && awake.since(from) <= Duration::from_secs(7 * 86_400));
            prop_assert!(awake == from || wishes.skips(awake.minus(Duration::from_millis(1))));
        }

        #[test]
        fn never_faster_than_it_publishes(times in prop::collection::vec(0_i64..100_000_000, 4..60), later in 0_i64..1_000_000_000) {
            let Some(published) = Published::of(times.into_iter().map(UtcMillis::from_millis)) else { return Ok(()) };
            let mean = published.newest.since(published.oldest) / (published.times - 1);
            let now = published.newest.plus(Duration::from_millis(later.unsigned_abs()));
            prop_assert!(published.interval(now) >= mean);
            prop_assert!(published.interval(now) <= published.interval(now.plus(Duration::from_secs(60))));
        }
    }
}
