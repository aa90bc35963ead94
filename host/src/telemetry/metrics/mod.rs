//! What is counted, in the text format of Prometheus.
//!
//! Owns: the metrics and how events move them; the numbers of the database are asked for at each scrape. Must not know: who
//! scrapes. Labels are bounded: names an operator gives (tenant, profile, plugin, webhook) and words of ours, never a source,
//! an identifier or a text; of each at most [`limits::METRIC_LABELS`] values.

mod events;
mod scrape;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::{CounterVec, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry};
use tidegate_core::id::{ProfileName, RunId, Tenant};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

pub use scrape::{Watched, limits_of};
pub use table::{Metric, documented};

/// Upper bounds of the buckets of times, in seconds: from a local answer to a run's deadline.
const SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

/// Counts what happens, and gives it as text.
pub struct Metrics {
    registry: Registry,
    counters: HashMap<&'static str, CounterVec>,
    gauges: HashMap<&'static str, GaugeVec>,
    histograms: HashMap<&'static str, HistogramVec>,
    labels: Mutex<HashMap<&'static str, BTreeSet<String>>>,
    costs: Mutex<Costs>,
    /// One scrape at a time: the gauges are made anew for each.
    scrape: tokio::sync::Mutex<()>,
}

/// Costs that cannot be booked to a tenant yet.
#[derive(Default)]
struct Costs {
    /// Whose runs have ended whose cost may change.
    of: HashMap<RunId, (Tenant, ProfileName)>,
    /// Final costs of runs of an earlier life of the daemon.
    unknown: Vec<(RunId, MicroUsd)>,
}

impl Metrics {
    /// Nothing counted yet. `started`: when the process was.
    ///
    /// # Errors
    /// The registry's, should the table name a metric twice or wrongly; a test holds that it does not.
    pub fn new(started: UtcMillis) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let (mut counters, mut gauges, mut histograms) = (HashMap::new(), HashMap::new(), HashMap::new());
        for Metric { name, sort, labels, help } in table::ALL {
            let opts = Opts::new(name, help);
            match sort {
                "counter" => {
                    let counter = CounterVec::new(opts, labels)?;
                    registry.register(Box::new(counter.clone()))?;
                    // What has no labels is there from the start: a rate needs its zero.
                    if labels.is_empty() {
                        counter.with_label_values::<&str>(&[]);
                    }
                    counters.insert(name, counter);
                }
                "histogram" => {
                    let opts = HistogramOpts { common_opts: opts, buckets: SECONDS.to_vec() };
                    let histogram = HistogramVec::new(opts, labels)?;
                    registry.register(Box::new(histogram.clone()))?;
                    histograms.insert(name, histogram);
                }
                _ => {
                    let gauge = GaugeVec::new(opts, labels)?;
                    registry.register(Box::new(gauge.clone()))?;
                    gauges.insert(name, gauge);
                }
            }
        }
        let metrics = Self {
            registry,
            counters,
            gauges,
            histograms,
            labels: Mutex::default(),
            costs: Mutex::default(),
            scrape: tokio::sync::Mutex::default(),
        };
        metrics.set(&table::BUILD, &[env!("CARGO_PKG_VERSION")], 1.0);
        metrics.set(&table::RELOAD_OK, &[], 1.0);
        metrics.set(&table::PROFILES_REFUSED, &[], 0.0);
        metrics.set(&table::STARTED, &[], seconds(started));
        Ok(metrics)
    }

    fn add(&self, metric: &Metric, labels: &[&str], amount: f64) {
        let bounded = self.bounded(metric, labels);
        let bounded: Vec<&str> = bounded.iter().map(String::as_str).collect();
        if let Some(Ok(counter)) =
            self.counters.get(metric.name).map(|counter| counter.get_metric_with_label_values(&bounded))
        {
            counter.inc_by(amount);
        }
    }

    fn set(&self, metric: &Metric, labels: &[&str], value: f64) {
        let bounded = self.bounded(metric, labels);
        let bounded: Vec<&str> = bounded.iter().map(String::as_str).collect();
        if let Some(Ok(gauge)) = self.gauges.get(metric.name).map(|gauge| gauge.get_metric_with_label_values(&bounded))
        {
            gauge.set(value);
        }
    }

    /// Forgets what a gauge shows, whatever its labels.
    fn clear(&self, metric: &Metric) {
        if let Some(gauge) = self.gauges.get(metric.name) {
            gauge.reset();
        }
    }

    fn observe(&self, metric: &Metric, labels: &[&str], value: f64) {
        let bounded = self.bounded(metric, labels);
        let bounded: Vec<&str> = bounded.iter().map(String::as_str).collect();
        if let Some(Ok(histogram)) =
            self.histograms.get(metric.name).map(|histogram| histogram.get_metric_with_label_values(&bounded))
        {
            histogram.observe(value);
        }
    }

    /// Values beyond the most there may be of a label are all the same one.
    fn bounded(&self, metric: &Metric, values: &[&str]) -> Vec<String> {
        let mut known = lock(&self.labels);
        let mut bounded = Vec::with_capacity(values.len());
        for (label, value) in metric.labels.iter().zip(values) {
            let known = known.entry(label).or_default();
            let fits = known.contains(*value) || known.len() < limits::METRIC_LABELS;
            if fits && !known.contains(*value) {
                known.insert((*value).to_owned());
            }
            bounded.push(if fits { (*value).to_owned() } else { "_other".to_owned() });
        }
        bounded
    }
}

/// A time in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in 53 bits")]
fn seconds(at: UtcMillis) -> f64 {
    at.as_millis() as f64 / 1_000.0
}

/// A count as the format has it.
#[expect(clippy::cast_precision_loss, reason = "exact to 2^53, and a metric beyond")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// An amount of money in US dollars.
fn usd(amount: MicroUsd) -> f64 {
    float(amount.micros()) / 1e6
}

/// Nothing that holds a lock can panic half-way through a change, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
