//! The hours of a day.
//!
//! Owns: how much happens in each hour, of reading and of writing: little at night, most in the evening. Linear in between, so
//! that no hour begins with a jump.

use tidegate_core::time::UtcMillis;

/// Relative weights by hour, UTC, with a mean of 100: what social networks publish of their traffic has this shape, a quiet
/// fifth of the mean before dawn and one and a half times the mean in the evening.
const WEIGHTS: [u32; 24] =
    [75, 50, 35, 25, 20, 25, 45, 75, 100, 110, 115, 120, 130, 125, 120, 120, 125, 130, 140, 150, 165, 160, 135, 105];

/// The highest of [`rate`].
pub(super) const MOST: f64 = 1.65;

const HOUR: i64 = 3_600_000;

/// How much happens at `at`, as a part of the mean, for people `shift` hours east of Greenwich.
pub(super) fn rate(at: UtcMillis, shift: u8) -> f64 {
    let local = at.as_millis() + i64::from(shift) * HOUR;
    let hour = usize::try_from(local.div_euclid(HOUR).rem_euclid(24)).unwrap_or(0);
    let weight = |hour: usize| f64::from(WEIGHTS.get(hour % 24).copied().unwrap_or(100)) / 100.0;
    #[expect(clippy::cast_precision_loss, reason = "below 3,600,000")]
    let part = local.rem_euclid(HOUR) as f64 / HOUR as f64;
    weight(hour) * (1.0 - part) + weight(hour + 1) * part
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_day_has_a_mean_of_one_and_no_jumps() {
        let start = UtcMillis::from_millis(1_793_512_800_000);
        let at = |minute: u64| start.plus(Duration::from_secs(60 * minute));
        let day: Vec<f64> = (0..1_440).map(|minute| rate(at(minute), 3)).collect();
        assert!((day.iter().sum::<f64>() / 1_440.0 - 1.0).abs() < 0.01);
        assert!(day.iter().all(|rate| (0.2..=MOST).contains(rate)));
        assert!(day.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.01));
        assert!((rate(at(0), 0) - rate(at(23 * 60), 1)).abs() < 1e-9, "the same hour of another place");
    }
}
