//! What a run costs.
//!
//! Owns: the arithmetic of events, caps and preliminary figures. Called by the life of a run, by its view and by the
//! books.

use std::collections::BTreeMap;

use super::Run;
use crate::actors::Pricing;
use crate::clock::Millis;
use crate::money::MicroUsd;

/// Of the final figures, what the first answers after the end show: six tenths.
const PRELIMINARY: (u32, u32) = (6, 10);

impl Run {
    /// The cap that holds: the one that was sent, or a lower one of a rule.
    pub(crate) fn cap(&self) -> Option<MicroUsd> {
        let twisted = self.twisted(|twist| twist.cap_micro_usd);
        [self.options.cap, twisted].into_iter().flatten().min()
    }

    fn item_price(&self) -> MicroUsd {
        self.actor.item_price(self.dated, self.detailed)
    }

    /// Items that are charged, of so many in the dataset: `maxItems` caps what is charged, and only where results have a
    /// price.
    pub(crate) fn charged_items(&self, rows: u32) -> u32 {
        match self.actor.pricing {
            Pricing::Item(_) => rows.min(self.options.max_items.unwrap_or(u32::MAX)),
            Pricing::Events(_) => rows,
        }
    }

    /// The price of a run with so many items.
    pub(crate) fn cost_of(&self, rows: u32) -> MicroUsd {
        self.actor.start_price().plus(self.item_price().times(u64::from(self.charged_items(rows))))
    }

    /// How many items the cap pays; `None` where it pays any number.
    pub(crate) fn affordable(&self) -> Option<u32> {
        let left = self.cap()?.less(self.actor.start_price());
        let count = left.0.checked_div(self.item_price().0)?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        // Where charging ends before the cap does, the cap never binds.
        if count >= self.charged_items(u32::MAX) { None } else { Some(count) }
    }

    /// What it costs by now. After the end: the bill.
    pub(crate) fn cost(&self, now: Millis) -> MicroUsd {
        self.cost_of(self.rows(now))
    }

    /// Whether the figures that are shown are preliminary.
    pub(crate) fn is_preliminary(&self, now: Millis) -> bool {
        let lag = self.twisted(|twist| twist.cost_lag_ms).unwrap_or(self.cost_lag);
        self.status(now).is_terminal() && now < self.life.ends.after(lag)
    }

    /// The items that the figures shown are about.
    pub(crate) fn shown_rows(&self, now: Millis) -> u32 {
        let rows = self.rows(now);
        if self.is_preliminary(now) { rows.saturating_mul(PRELIMINARY.0) / PRELIMINARY.1 } else { rows }
    }

    /// Event counts for so many items; `None` where the actor is not paid by events.
    pub(crate) fn event_counts(&self, rows: u32) -> Option<BTreeMap<&'static str, u32>> {
        let Pricing::Events(events) = &self.actor.pricing else { return None };
        let count = |event: &crate::actors::Event| match event.of_item(self.dated, self.detailed) {
            true => rows,
            // An add-on that was not ordered, or the start.
            false => u32::from(event.name == "apify-actor-start"),
        };
        Some(events.iter().map(|event| (event.name, count(event))).collect())
    }
}
