//! The hours in which a source's followers read.
//!
//! Owns: [`Activity`], 24 weights made of counts of views, and an interval stretched by them. Must not know: who reads, or
//! where views are counted. Called by the schedule.
//!
//! A weight of 1 leaves an interval as it is, 2 halves it, one half doubles it. The weights of a day add up to 24, and an
//! interval is used up as fast as the weights of the hours it passes: over a day as many intervals fit as without weights, for
//! any interval and wherever they begin. Hours are UTC, so that no day has 23 or 25 of them.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::UtcMillis;

/// How fast time passes in each hour of the UTC day, in thousandths: 500 to 2,000, together 24,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u16>", into = "Vec<u16>")]
pub struct Activity([u16; HOURS]);

const HOURS: usize = 24;
/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// A weight of 1.
const ONE: u16 = 1_000;
/// What weights may be: at most twice as fast, at most half as fast.
const BOUNDS: (u16, u16) = (ONE / 2, ONE * 2);
/// Views that are assumed in each hour before any was counted: with as many real ones a day's pattern counts for half.
const ASSUMED: f64 = 10.0;
/// Halvings in the search for the scale; each gives a bit.
const HALVINGS: u32 = 60;

impl Default for Activity {
    /// All hours alike.
    fn default() -> Self {
        Self([ONE; HOURS])
    }
}

/// Weights that do not keep the rules of [`Activity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("activity needs 24 weights of 500 to 2000 that add up to 24000")]
pub struct NotAnActivity;

impl TryFrom<Vec<u16>> for Activity {
    type Error = NotAnActivity;

    fn try_from(weights: Vec<u16>) -> Result<Self, NotAnActivity> {
        let weights: [u16; HOURS] = weights.try_into().map_err(|_| NotAnActivity)?;
        let inside = weights.iter().all(|weight| (BOUNDS.0..=BOUNDS.1).contains(weight));
        let sum: u32 = weights.iter().copied().map(u32::from).sum();
        if inside && sum == DAY { Ok(Self(weights)) } else { Err(NotAnActivity) }
    }
}

impl From<Activity> for Vec<u16> {
    fn from(activity: Activity) -> Self {
        activity.0.to_vec()
    }
}

/// All weights of a day.
const DAY: u32 = 24 * ONE as u32;

impl Activity {
    /// The weights that follow from views by hour of the UTC day.
    ///
    /// Each hour counts half, its neighbours a quarter each, and [`ASSUMED`] views stand in every hour: few views change little.
    #[must_use]
    pub fn of(views: &[u32; HOURS]) -> Self {
        let at = |hour: usize| views.get(hour % HOURS).copied().map_or(0.0, f64::from);
        let wanted: [f64; HOURS] =
            core::array::from_fn(|hour| at(hour + HOURS - 1) / 4.0 + at(hour) / 2.0 + at(hour + 1) / 4.0 + ASSUMED);
        Self::balanced(&wanted)
    }

    /// The multiple of `wanted` that adds up to a day once it is cut to the bounds.
    fn balanced(wanted: &[f64; HOURS]) -> Self {
        let (least, most) = (f64::from(BOUNDS.0), f64::from(BOUNDS.1));
        let cut = |scale: f64| wanted.map(|weight| (weight * scale).clamp(least, most));
        // The sum grows with the scale. At the low end all are cut to half, at the high end to double (views are u32).
        let (mut low, mut high) = (0.0, most / ASSUMED);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if cut(middle).iter().sum::<f64>() > f64::from(DAY) { high = middle } else { low = middle }
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "500 to 2,000")]
        let mut weights = cut(low).map(|weight| weight.floor() as u16);
        // Cutting to whole thousandths took less than one of each hour.
        let mut missing = DAY.saturating_sub(weights.iter().copied().map(u32::from).sum());
        // At most 8 hours are cut to double, so two rounds over the others give it back.
        for _ in 0..2 {
            for weight in weights.iter_mut().filter(|weight| **weight < BOUNDS.1) {
                let back = u16::from(missing > 0);
                *weight += back;
                missing -= u32::from(back);
            }
        }
        Self(weights)
    }

    /// The weight of the hour at `at`, in thousandths.
    #[must_use]
    pub fn at(&self, at: UtcMillis) -> u16 {
        self.0.get(usize::from(at.hour())).copied().unwrap_or(ONE)
    }

    /// When an interval that begins at `from` is used up: between half of it and double of it later.
    #[must_use]
    pub fn after(&self, from: UtcMillis, interval: Duration) -> UtcMillis {
        // What is left of it, in thousandths of milliseconds.
        let mut left = interval.as_millis().saturating_mul(u128::from(ONE));
        // A whole day uses up a day.
        let day = u128::from(DAY) * HOUR.unsigned_abs() as u128;
        let days = left / day;
        left %= day;
        let mut at = from.plus(Duration::from_secs(86_400).saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)));
        loop {
            let weight = u128::from(self.at(at)).max(1);
            let end = HOUR - at.as_millis().rem_euclid(HOUR);
            let here = weight * u128::from(end.unsigned_abs());
            if left <= here {
                let millis = u64::try_from(left.div_ceil(weight)).unwrap_or(u64::MAX);
                return at.plus(Duration::from_millis(millis));
            }
            left -= here;
            let next = at.plus(Duration::from_millis(end.unsigned_abs()));
            if next == at {
                // The end of the years there are.
                return at;
            }
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: i64 = 1_795_000_000_000;

    fn sum(activity: &Activity) -> u32 {
        activity.0.iter().copied().map(u32::from).sum()
    }

    #[test]
    fn peaks_are_faster_and_nights_slower() {
        let mut views = [0; 24];
        views[18..22].fill(1_000);
        let activity = Activity::of(&views);
        assert_eq!((activity.0[19], activity.0[3]), (2_000, 667), "{activity:?}");
        assert!(activity.0[22] > activity.0[23], "the neighbour of the peak counts: {activity:?}");
        let hour = Duration::from_secs(3_600);
        let at = |text: &str| UtcMillis::parse(text).unwrap_or_default();
        assert_eq!(activity.after(at("2026-11-21T19:00:00Z"), hour), at("2026-11-21T19:30:00Z"));
        assert!(activity.after(at("2026-11-21T03:00:00Z"), hour) > at("2026-11-21T04:20:00Z"));
    }

    #[test]
    fn little_data_changes_little() {
        assert_eq!(Activity::of(&[0; 24]), Activity::default());
        assert_eq!(Activity::of(&[7; 24]), Activity::default());
        let mut views = [0; 24];
        views[12] = 2;
        let activity = Activity::of(&views);
        assert!(activity.0.iter().all(|weight| (990..=1_100).contains(weight)), "{activity:?}");
    }

    #[test]
    fn stored_weights_keep_the_rules() {
        let right = serde_json::to_string(&Activity::default()).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Activity>(&right).ok(), Some(Activity::default()));
        for wrong in [vec![1_000; 23], vec![1_001; 24], [vec![2_500], vec![1_000; 22], vec![0]].concat()] {
            assert!(Activity::try_from(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    fn views() -> impl Strategy<Value = [u32; 24]> {
        let count = prop_oneof![Just(0_u32), 0_u32..50, 0_u32..100_000, any::<u32>()];
        prop::collection::vec(count, 24).prop_map(|views| core::array::from_fn(|hour| views[hour]))
    }

    proptest! {
        #[test]
        fn weights_stay_in_their_bounds_and_add_up(views in views()) {
            let activity = Activity::of(&views);
            prop_assert_eq!(sum(&activity), DAY);
            prop_assert!(activity.0.iter().all(|weight| (BOUNDS.0..=BOUNDS.1).contains(weight)), "{:?}", activity);
            let busiest = (0..24).max_by_key(|hour| views[*hour]).unwrap_or_default();
            let alone = (0..24).all(|hour| hour == busiest || views[hour] < views[busiest] / 16);
            prop_assert!(!alone || activity.0[busiest] >= ONE, "{:?}", activity);
        }

        /// As many runs a day as without weights: each is late by less than a millisecond of rounding.
        #[test]
        fn a_day_has_as_many_runs(views in views(), runs in 1_u32..480, begin in 0_i64..86_400_000) {
            let activity = Activity::of(&views);
            let day = Duration::from_secs(86_400);
            let from = UtcMillis::from_millis(BASE + begin);
            let mut at = from;
            for _ in 0..runs {
                at = activity.after(at, day / runs);
            }
            let off = at.since(from).as_millis().abs_diff(day.as_millis());
            prop_assert!(off <= 2 * u128::from(runs), "{off} ms");
        }

        #[test]
        fn an_interval_is_at_most_halved_or_doubled(views in views(), seconds in 1_u64..2_000_000, begin in 0_i64..86_400_000) {
            let interval = Duration::from_secs(seconds);
            let from = UtcMillis::from_millis(BASE + begin);
            let waited = Activity::of(&views).after(from, interval).since(from);
            prop_assert!(waited >= interval / 2 && waited <= interval * 2 + Duration::from_millis(1), "{waited:?}");
        }
    }
}
