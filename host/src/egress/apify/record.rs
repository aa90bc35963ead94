//! A run as the platform writes it.
//!
//! Owns: its field names, and what it cost by them. Must not know: how it was come by. Called for each answer that describes
//! a run. Only the ids are needed; whatever else is missing or odd is "not said", as fields come and go.

use serde_json::Value;
use tidegate_core::actor::{RemoteId, RemoteRun, RemoteStatus};
use tidegate_core::limits;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::UtcMillis;

use super::super::secret::Credential;
use super::trouble::{Unread, line};

/// The event charged for each element, where the actor has no event of its own for it.
const ELEMENT_EVENT: &str = "apify-default-dataset-item";
/// Names actors give to that event of their own, where none is marked as the main one.
const ELEMENT_NAMES: [&str; 4] = ["result", "dataset-item", "result-item", "item"];

/// What stands in `data` of an answer.
pub(super) fn data(body: &[u8]) -> Result<Value, Unread> {
    match serde_json::from_slice(body)? {
        Value::Object(mut fields) => fields.remove("data").ok_or_else(|| Unread::shape("it has no \"data\"")),
        _ => Err(Unread::shape("it is no object")),
    }
}

/// The run that an answer describes.
pub(super) fn of_answer(body: &[u8], secrets: &[Credential]) -> Result<RemoteRun, Unread> {
    of_value(&data(body)?, secrets).ok_or_else(|| Unread::shape("it has no id of a run with a dataset"))
}

/// What the run that an answer describes pays for each element, where that is all it pays and it does not say how many:
/// dollars, and the most that are paid for.
pub(super) fn per_element(body: &[u8]) -> Option<(f64, u64)> {
    let run = data(body).ok()?;
    let pricing = run.get("pricingInfo")?;
    if pricing.get("pricingModel").and_then(Value::as_str)? != "PRICE_PER_DATASET_ITEM" || cost(&run).is_some() {
        return None;
    }
    let most = run.pointer("/options/maxItems").and_then(count).filter(|most| *most > 0);
    Some((price(pricing, ELEMENT_EVENT)?, most.unwrap_or(u64::MAX)))
}

/// The elements of the dataset that an answer describes. Lags behind by up to 5 s.
pub(super) fn element_count(body: &[u8]) -> Result<u64, Unread> {
    data(body)?.get("itemCount").and_then(count).ok_or_else(|| Unread::shape("it has no \"itemCount\""))
}

/// What so many elements cost.
pub(super) fn elements_cost((dollars, most): (f64, u64), elements: u64) -> Option<MicroUsd> {
    #[expect(clippy::cast_precision_loss, reason = "counts of elements are far below 2^53")]
    let times = elements.min(most) as f64;
    MicroUsd::from_usd(dollars * times)
}

/// A run; none without its id and that of its dataset.
pub(super) fn of_value(run: &Value, secrets: &[Credential]) -> Option<RemoteRun> {
    let dataset = id(run.get("defaultDatasetId")).or_else(|| id(run.pointer("/storageIds/datasets/default")))?;
    let text = |name| run.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(RemoteRun {
        id: id(run.get("id"))?,
        dataset,
        status: RemoteStatus::of_platform(text("status").unwrap_or_default()),
        message: text("statusMessage").map(|message| line(message, limits::MESSAGE_BYTES, secrets)),
        build: text("buildNumber").map(|build| line(build, limits::WORD_BYTES, secrets)),
        cost: cost(run),
        charged_elements: charged_elements(run),
    })
}

/// When it was started, by the platform's clock.
pub(super) fn started(run: &Value) -> Option<UtcMillis> {
    UtcMillis::parse(run.get("startedAt")?.as_str()?)
}

/// What the `User-Agent` of its start was.
pub(super) fn user_agent(run: &Value) -> &str {
    run.pointer("/meta/userAgent").and_then(Value::as_str).unwrap_or_default()
}

/// Whether it was started with this charge cap and this time.
pub(super) fn has_options(run: &Value, charge_cap: MicroUsd, timeout_s: u64) -> bool {
    let option = |name| run.get("options").and_then(|options| options.get(name));
    option("maxTotalChargeUsd").and_then(dollars).and_then(MicroUsd::from_usd) == Some(charge_cap)
        && option("timeoutSecs").and_then(count) == Some(timeout_s)
}

pub(super) fn id(value: Option<&Value>) -> Option<RemoteId> {
    value?.as_str()?.parse().ok()
}

/// A number of dollars; some shapes have numbers as text.
pub(super) fn dollars(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|dollars| dollars.is_finite())
}

/// A count, also where it is written as 15.0.
pub(super) fn count(value: &Value) -> Option<u64> {
    // 2^53: up to there a number is exact.
    let exact = |number: f64| (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
    let whole = |number: f64| exact(number).then_some(number as u64);
    value.as_u64().or_else(|| whole(value.as_f64()?))
}

/// What the run has cost so far: what the platform says, else the charged events by the prices it names.
fn cost(run: &Value) -> Option<MicroUsd> {
    if let Some(total) = run.get("usageTotalUsd").and_then(dollars).and_then(MicroUsd::from_usd) {
        return Some(total);
    }
    let pricing = run.get("pricingInfo")?;
    let events = run.get("chargedEventCounts")?.as_object()?;
    if events.is_empty() {
        return None;
    }
    let mut total = 0.0;
    for (event, charged) in events {
        let charged = count(charged)?;
        if charged > 0 {
            #[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
            let times = charged as f64;
            total += price(pricing, event)? * times;
        }
    }
    MicroUsd::from_usd(total)
}

/// Dollars for one event. Where only prices by tier are named, the highest: which tier holds is not said.
fn price(pricing: &Value, event: &str) -> Option<f64> {
    let model = pricing.get("pricingModel").and_then(Value::as_str).unwrap_or_default();
    if model == "PRICE_PER_DATASET_ITEM" && event == ELEMENT_EVENT {
        let tiers = || highest(pricing.get("tieredPricing")?, "tieredPricePerUnitUsd");
        return pricing.get("pricePerUnitUsd").and_then(dollars).or_else(tiers);
    }
    let priced = pricing.pointer("/pricingPerEvent/actorChargeEvents")?.get(event)?;
    let tiers = || highest(priced.get("eventTieredPricingUsd")?, "tieredEventPriceUsd");
    priced.get("eventPriceUsd").and_then(dollars).or_else(tiers)
}

fn highest(tiers: &Value, name: &str) -> Option<f64> {
    let prices = tiers.as_object()?.values().filter_map(|tier| tier.get(name).and_then(dollars));
    prices.reduce(f64::max)
}

fn charged_elements(run: &Value) -> Option<u64> {
    let events = run.get("chargedEventCounts")?.as_object()?;
    let main = |event: &&String| {
        let priced = run.pointer("/pricingInfo/pricingPerEvent/actorChargeEvents").and_then(|all| all.get(*event));
        priced.and_then(|priced| priced.get("isPrimaryEvent")).and_then(Value::as_bool) == Some(true)
    };
    let own = events.keys().find(main).map(String::as_str);
    let named = std::iter::once(ELEMENT_EVENT).chain(own).chain(ELEMENT_NAMES);
    named.filter_map(|name| events.get(name)).find_map(count)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
