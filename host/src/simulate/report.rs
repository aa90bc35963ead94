//! What a simulated world has shown.
//!
//! Owns: the figures, as `docs/cli-json.md` documents them, and their text for people. Must not know: how they were counted.

use std::collections::BTreeMap;

use serde::Serialize;
use tidegate_core::time::Span;

use super::tally::Counts;
use super::world::World;

/// Figures of a world. All of them leave the warm-up out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How many people.
    pub users: usize,
    /// How many sources.
    pub sources: usize,
    /// Hours that were watched.
    pub hours: u32,
    /// Runs that ended.
    pub runs: u64,
    /// Of these, runs that failed.
    pub failed_runs: u64,
    /// The same by class of failure.
    pub failures: BTreeMap<&'static str, u64>,
    /// Sources that were paused automatically.
    pub sources_paused: u64,
    /// Items stored.
    pub items: u64,
    /// Fetches, repetitions inside a run included.
    pub fetches: u64,
    /// Fetches in an hour, on average.
    pub fetches_per_hour: f64,
    /// Fetches in the busiest hour.
    pub fetches_per_hour_peak: u64,
    /// Fetches in an hour if each visit had fetched all it read.
    pub fetch_per_request_per_hour: f64,
    /// The part of these that was saved, from 0 to 1.
    pub savings: f64,
    /// Paid to actor platforms in a day, in US dollars.
    pub usd_per_day: f64,
    /// Seconds from publication to the store that half of the items of a tier did not exceed.
    pub freshness_p50_s: BTreeMap<String, f64>,
    /// The same for 95 in 100.
    pub freshness_p95_s: BTreeMap<String, f64>,
    /// The same for 99 in 100.
    pub freshness_p99_s: BTreeMap<String, f64>,
    /// Sources in each tier in the end.
    pub tiers: BTreeMap<String, u64>,
    /// Decisions not to run, by reason.
    pub skips: BTreeMap<&'static str, u64>,
    /// Runs that began in the busiest minute.
    pub runs_per_minute_peak: u64,
    /// Passes of the scheduler that failed.
    pub failed_passes: u64,
    /// What is not sound in the store in the end: nothing.
    pub problems: Vec<String>,
}

/// What the driver knows beside the counts.
pub(super) struct Seen {
    pub(super) requests: u64,
    /// By interval in seconds; `None` is dormant.
    pub(super) tiers: BTreeMap<Option<u64>, u64>,
    pub(super) problems: Vec<String>,
}

impl Report {
    pub(super) fn new(world: &World, counts: Counts, seen: Seen) -> Self {
        let hours = f64::from(world.hours.max(1));
        let fetches: u64 = counts.fetches.values().sum();
        let (per_hour, requested) = (real(fetches) / hours, real(seen.requests) / hours);
        let at = |part: f64| {
            counts.freshness.iter().map(|(tier, ages)| (label(Some(*tier)), percentile(ages, part))).collect()
        };
        Self {
            seed: world.seed,
            users: world.people.users,
            sources: world.sources,
            hours: world.hours,
            runs: counts.runs,
            failed_runs: counts.failed,
            failures: counts.failures.iter().map(|(class, count)| (class.word(), *count)).collect(),
            sources_paused: counts.paused,
            items: counts.items,
            fetches,
            fetches_per_hour: round(per_hour),
            fetches_per_hour_peak: counts.fetches.values().max().copied().unwrap_or(0),
            fetch_per_request_per_hour: round(requested),
            savings: if requested > 0.0 { round3(1.0 - per_hour / requested) } else { 0.0 },
            usd_per_day: (real(counts.cost) / 1e6 * 24.0 / hours * 1e4).round() / 1e4,
            freshness_p50_s: at(0.50),
            freshness_p95_s: at(0.95),
            freshness_p99_s: at(0.99),
            tiers: seen.tiers.iter().map(|(tier, count)| (label(*tier), *count)).collect(),
            skips: counts.skips,
            runs_per_minute_peak: counts.starts.values().max().copied().unwrap_or(0),
            failed_passes: counts.failed_passes,
            problems: seen.problems,
        }
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("{} users, {} sources, {} hours, seed {}", self.users, self.sources, self.hours, self.seed),
            String::new(),
            format!(
                "fetches per hour     {} on average, {} in the busiest hour",
                self.fetches_per_hour, self.fetches_per_hour_peak
            ),
            format!(
                "fetch-per-request    {} per hour; saved {:.1} %",
                self.fetch_per_request_per_hour,
                self.savings * 100.0
            ),
            format!("cost per day         ${:.2}", self.usd_per_day),
            format!(
                "runs                 {}, {} failed; at most {} began in a minute",
                self.runs, self.failed_runs, self.runs_per_minute_peak
            ),
            format!("items                {}", self.items),
            format!("failures             {}", listed(&self.failures)),
            format!("skips                {}", listed(&self.skips)),
            String::new(),
            "tier      sources   freshness p50       p95       p99".to_owned(),
        ];
        let mut tiers: Vec<(u64, &String)> = self.tiers.keys().map(|tier| (order(tier), tier)).collect();
        tiers.sort();
        for (_, tier) in tiers {
            let count = self.tiers.get(tier).copied().unwrap_or(0);
            let age = |of: &BTreeMap<String, f64>| of.get(tier).map_or_else(|| "-".to_owned(), |age| minutes(*age));
            let ages = [&self.freshness_p50_s, &self.freshness_p95_s, &self.freshness_p99_s].map(age);
            lines.push(format!("{tier:8}  {count:>7}   {:>13}  {:>8}  {:>8}", ages[0], ages[1], ages[2]));
        }
        if self.failed_passes > 0 {
            lines.push(format!("{} passes failed", self.failed_passes));
        }
        lines.extend(self.problems.iter().map(|problem| format!("not sound: {problem}")));
        lines.join("\n")
    }
}

/// A tier's name: its interval, or `dormant`.
fn label(tier: Option<u64>) -> String {
    let span = |seconds: u64| Span::seconds(u32::try_from(seconds).unwrap_or(u32::MAX)).to_string();
    tier.map_or_else(|| "dormant".to_owned(), span)
}

fn order(label: &str) -> u64 {
    label.parse::<Span>().map_or(u64::MAX, |span| span.duration().as_secs())
}

fn listed(counts: &BTreeMap<&'static str, u64>) -> String {
    let all: Vec<String> = counts.iter().map(|(word, count)| format!("{word} {count}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn minutes(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
const fn real(count: u64) -> f64 {
    count as f64
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn round3(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The smallest value that this part of all does not exceed (nearest rank), in seconds.
fn percentile(ages: &[u64], part: f64) -> f64 {
    let mut sorted = ages.to_vec();
    sorted.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the number of items")]
    let rank = (real(u64::try_from(sorted.len()).unwrap_or(0)) * part).ceil() as usize;
    let at = sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0);
    round(real(at) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let ages: Vec<u64> = (1..=100).rev().map(|second| second * 1_000).collect();
        let of = |part| percentile(&ages, part);
        assert_eq!((of(0.5), of(0.95), of(0.99)), (50.0, 95.0, 99.0));
        assert_eq!((percentile(&[7_000], 0.5), percentile(&[], 0.5)), (7.0, 0.0));
        assert_eq!((label(Some(180)), label(Some(7_200)), label(None)), ("3m".into(), "2h".into(), "dormant".into()));
        assert!(order("3m") < order("2h") && order("2h") < order("dormant"));
    }
}
