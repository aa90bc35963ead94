//! What an actor run may cost at worst.
//!
//! Owns: the price table an operator writes into a profile, and the worst case of a run by it. Must not know: budgets or
//! what a run did cost. Called by budgets (before a claim), by the plan's checks and by forecasts.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::money::MicroUsd;

/// Prices of one actor, as of a day. All in US dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceTable {
    /// The day the prices were looked up: `2026-08-20`.
    pub as_of: String,
    /// Of a start.
    pub start: MicroUsd,
    /// Of one element in the dataset; errors and padding are elements too.
    pub element: MicroUsd,
    /// Of one of each paid event beyond start and element, by the name the plugin gives it.
    pub events: BTreeMap<String, MicroUsd>,
    /// Of a compute unit (1 GB for 1 h), where platform usage is paid for.
    pub compute_unit: MicroUsd,
    /// The least charge cap with which the actor starts at all.
    pub minimum: MicroUsd,
}

/// The least step of a charge cap: the platform keeps four decimals for certain (`reference`: apify, section 14).
const CAP_STEP: u64 = 100;

/// What one run of an actor is allowed to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Memory in MB.
    pub memory_mb: u32,
    /// Time.
    pub timeout: Duration,
}

impl PriceTable {
    /// The most a run with so many elements can cost, if each element comes with every event of `events`, rounded up to what a
    /// charge cap can say, and never below the actor's minimum.
    #[must_use]
    pub fn worst_case(&self, elements: u32, size: Size) -> MicroUsd {
        let each = self.events.values().fold(self.element, |sum, price| sum.plus(*price));
        self.total(each.times(u64::from(elements)), size)
    }

    /// The most a planned run can cost: so many elements and so many of each named event.
    ///
    /// # Errors
    /// The name of an event that has no price.
    pub fn planned(&self, elements: u32, events: &BTreeMap<String, u64>, size: Size) -> Result<MicroUsd, String> {
        let mut sum = self.element.times(u64::from(elements));
        for (event, count) in events {
            let price = self.events.get(event).ok_or_else(|| event.clone())?;
            sum = sum.plus(price.times(*count));
        }
        Ok(self.total(sum, size))
    }

    fn total(&self, sum: MicroUsd, size: Size) -> MicroUsd {
        let sum = sum.plus(self.start).plus(self.usage(size));
        sum.max(self.minimum).rounded_up(CAP_STEP)
    }

    /// Compute units of the whole time at full memory.
    fn usage(&self, size: Size) -> MicroUsd {
        // MB times seconds; a compute unit is 1,024 MB for 3,600 s.
        let used = u64::from(size.memory_mb).saturating_mul(size.timeout.as_secs());
        let micros = u128::from(used).saturating_mul(u128::from(self.compute_unit.micros())).div_ceil(1_024 * 3_600);
        MicroUsd::new(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: Size = Size { memory_mb: 1_024, timeout: Duration::from_secs(360) };

    fn table() -> PriceTable {
        PriceTable {
            as_of: "2026-08-20".to_owned(),
            start: MicroUsd::new(1_000),
            element: MicroUsd::new(2_300),
            events: BTreeMap::from([("date-filter".to_owned(), MicroUsd::new(1_300))]),
            compute_unit: MicroUsd::ZERO,
            minimum: MicroUsd::ZERO,
        }
    }

    #[test]
    fn the_worst_case_of_a_measured_run() {
        // 15 elements with a date filter were billed $0.055 (`reference`: platforms, section 1.1).
        assert_eq!(table().worst_case(15, SIZE), MicroUsd::new(55_000));
        let events = BTreeMap::from([("date-filter".to_owned(), 15)]);
        assert_eq!(table().planned(15, &events, SIZE), Ok(MicroUsd::new(55_000)));
        assert_eq!(table().planned(15, &BTreeMap::new(), SIZE), Ok(MicroUsd::new(35_500)));
        let unknown = BTreeMap::from([("comment".to_owned(), 1)]);
        assert_eq!(table().planned(15, &unknown, SIZE), Err("comment".to_owned()));
    }

    #[test]
    fn minimum_rounding_and_platform_usage() {
        let floor = PriceTable { minimum: MicroUsd::new(500_000), ..table() };
        assert_eq!(floor.worst_case(1, SIZE), MicroUsd::new(500_000));
        let odd = PriceTable { element: MicroUsd::new(1), ..table() };
        assert_eq!(odd.worst_case(1, SIZE), MicroUsd::new(2_400));
        // A tenth of a compute unit at $0.40.
        let usage = PriceTable { compute_unit: MicroUsd::new(400_000), ..table() };
        assert_eq!(usage.worst_case(0, SIZE), MicroUsd::new(41_000));
    }

    proptest! {
        /// What is planned within the elements and events of the worst case never costs more than it.
        #[test]
        fn a_plan_within_the_caps_stays_below_the_worst_case(
            prices in prop::collection::vec(0_u64..1_000_000, 5), elements in 0_u32..1_000, fewer in 0_u32..1_000, memory in 0_u32..32_768,
        ) {
            let table = PriceTable {
                as_of: String::new(),
                start: MicroUsd::new(prices[0]),
                element: MicroUsd::new(prices[1]),
                events: BTreeMap::from([("a".to_owned(), MicroUsd::new(prices[2]))]),
                compute_unit: MicroUsd::new(prices[3]),
                minimum: MicroUsd::new(prices[4]),
            };
            let size = Size { memory_mb: memory, ..SIZE };
            let planned = fewer.min(elements);
            let events = BTreeMap::from([("a".to_owned(), u64::from(planned))]);
            prop_assert!(table.planned(planned, &events, size).unwrap() <= table.worst_case(elements, size));
        }
    }
}
