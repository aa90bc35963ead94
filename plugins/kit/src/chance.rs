//! Random elements of datasets, for properties of plugins on actors.
//!
//! Owns: what an element can look like (objects of known and unknown names with values that fit and values that do not,
//! nested ones, other values, texts that are no JSON), and what holds of every batch. Must not know: any platform; the
//! plugin's test brings the names and some values that it looks at. Called by the plugins' tests.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{ActorEnd, Batch, DatasetPage, Job, Page};

/// A value: `own` are those that mean something to the plugin.
fn value(own: &[Value]) -> impl Strategy<Value = Value> + use<> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Into::into),
        1 => any::<i64>().prop_map(Into::into),
        1 => any::<f64>().prop_map(Into::into),
        1 => ".{0,12}".prop_map(Into::into),
        1 => (1_u64..u64::MAX).prop_map(|id| id.to_string().into()),
        u32::try_from(own.len()).unwrap_or(u32::MAX) => proptest::sample::select(own.to_vec()),
    ]
}

/// An element as text. `names` are the members the plugin looks at, `own` values that mean something to it.
pub fn element(names: &'static [&'static str], own: &[Value]) -> impl Strategy<Value = String> + use<> {
    let name = || prop_oneof![9 => proptest::sample::select(names).prop_map(str::to_owned), 1 => ".{0,6}"];
    let object = prop::collection::vec((name(), value(own)), 0..14)
        .prop_map(|members| Value::Object(members.into_iter().collect()).to_string());
    let nested = (name(), name(), value(own)).prop_map(|(a, b, value)| json!({ a: { b: value } }).to_string());
    prop_oneof![6 => object, 2 => nested, 1 => value(own).prop_map(|value| value.to_string()), 1 => ".{0,20}"]
}

/// A page of up to eleven such elements, the last of its dataset or not, with a state that is none.
pub fn page(names: &'static [&'static str], own: &[Value]) -> impl Strategy<Value = Page> + use<> {
    let elements = prop::collection::vec(element(names, own), 0..12);
    let state = prop_oneof![Just(None), ".{0,10}".prop_map(Some)];
    (elements, any::<bool>(), state).prop_map(|(elements, more, state)| {
        let ended = if more { ActorEnd::Running } else { ActorEnd::Succeeded };
        Page::dataset(state, DatasetPage { more, ended, ..DatasetPage::whole(elements) }, 0)
    })
}

/// A job of `actor` at the start of 2026.
pub fn job(kind: &str, identifier: &str, actor: &str) -> Job {
    Job { actor: Some(actor.to_owned()), ..Job::new(kind, identifier) }
}

/// A count of `batch.extra`; 0 if it is not there.
pub fn counted(batch: &Batch, name: &str) -> usize {
    let extra: Value = batch.extra.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    extra[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

/// What holds of every batch: ids, counts that are not negative, JSON where the contract wants JSON.
///
/// # Errors
///
/// What does not hold.
pub fn is_sound(batch: &Batch) -> Result<(), TestCaseError> {
    let object = |text: &str| serde_json::from_str::<serde_json::Map<String, Value>>(text).is_ok();
    for item in &batch.items {
        prop_assert!(!item.external_id.is_empty());
        prop_assert!(item.metrics.iter().all(|metric| metric.value >= 0.0), "{:?}", item.metrics);
        prop_assert!(item.data.as_deref().is_none_or(object), "{:?}", item.data);
    }
    for text in [&batch.state, &batch.extra] {
        prop_assert!(text.as_deref().is_none_or(object), "{text:?}");
    }
    Ok(())
}
