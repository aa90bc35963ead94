//! The run of a start whose answer was lost.
//!
//! Owns: how a run is recognized: by the mark in what it says of its start's `User-Agent`; where the platform shows no such
//! marks at all, by its charge cap, its time and its input. Must not know: how long to go on looking. Called through the port.

use std::collections::HashSet;

use serde_json::Value;
use tidegate_core::actor::{Order, RemoteId, RemoteRun};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::time::Instant;

use super::Inner;
use super::ask::{Ask, Whole};
use super::credential::Held;
use super::record;
use super::start::{sent_cap, sent_seconds};
use super::trouble::Unread;
use crate::ports::intent_mark;

/// What every mark begins with.
const MARKS: &str = "(intent int_";
/// How much earlier than its start a run may seem to be, where both clocks are known: dates of answers are whole seconds, and
/// an answer takes its time.
const TOLERANCE: core::time::Duration = core::time::Duration::from_secs(10);

/// What the list says.
enum Listed {
    /// There it is.
    Found(Box<Value>),
    /// It is not there, and would show its mark.
    Missing,
    /// None of the runs shows a mark. These may be it, by the times of their starts; newest first.
    Unmarked(Vec<(RemoteId, UtcMillis)>),
}

impl Inner {
    pub(super) async fn find(
        &self,
        held: &Held,
        order: &Order,
        since: UtcMillis,
        taken: &[RemoteId],
        end: Instant,
    ) -> Result<Option<RemoteRun>, Failure> {
        let mut from = held.list_from(since);
        let mut listed = self.search(held, order, from, end).await?;
        // The first answer may have told that the platform's clock is further behind than was assumed.
        if !matches!(listed, Listed::Found(_)) && held.list_from(since) < from {
            from = held.list_from(since);
            listed = self.search(held, order, from, end).await?;
        }
        match listed {
            Listed::Missing => Ok(None),
            Listed::Found(row) => match record::of_value(&row, &held.secrets) {
                Some(run) => Ok(Some(run)),
                None => match record::id(row.get("id")) {
                    Some(id) => self.inspect(held, &id, end).await,
                    None => Ok(None),
                },
            },
            Listed::Unmarked(rows) => {
                // A run of before is not it, however alike: the same source asks the same every time. Nor is one that stands
                // for another order: two tenants may ask the same.
                let earliest = held.at_platform(since).minus(TOLERANCE);
                let taken: HashSet<&RemoteId> = taken.iter().collect();
                let free = rows.iter().filter(|(id, started)| *started >= earliest && !taken.contains(id));
                // Oldest first: the run is more likely to be close to its start.
                let free: Vec<&RemoteId> = free.rev().map(|(id, _)| id).collect();
                self.by_fingerprint(held, order, &free, end).await
            }
        }
    }

    /// Reads the list of the actor's runs, newest first, until the mark is found or nothing follows. A list that does not end
    /// says nothing: a "none" would have the start made again.
    async fn search(&self, held: &Held, order: &Order, from: UtcMillis, end: Instant) -> Result<Listed, Failure> {
        let mark = intent_mark(order.intent);
        let (mut offset, mut limit) = (0, limits::ACTOR_FIND);
        let (mut unmarked, mut marks) = (Vec::new(), false);
        for _ in 0..limits::ACTOR_FIND_PAGES {
            let words = format!("looking for the run of {} for intent {}", order.actor, order.intent);
            let ask = Ask::get(words, format!("/v2/actors/{}/runs", order.actor.path())).with("desc", &1);
            let ask = ask.with("limit", &limit).with("offset", &offset).with("startedAfter", &from);
            let rows = self.ask_freely(held, &ask, &Whole(rows), end).await?;
            offset += rows.len();
            limit = limits::ACTOR_LIST;
            let last = rows.is_empty();
            for row in rows {
                let agent = record::user_agent(&row);
                if agent.contains(&mark) {
                    return Ok(Listed::Found(Box::new(row)));
                }
                marks |= agent.contains(MARKS);
                // Nothing else of it is kept: there may be thousands.
                unmarked.extend(record::id(row.get("id")).zip(record::started(&row)));
            }
            if last {
                return Ok(if marks { Listed::Missing } else { Listed::Unmarked(unmarked) });
            }
        }
        let message = format!(
            "looking for the run of {} for intent {}: it is not among the {offset} latest runs, and there are more",
            order.actor, order.intent
        );
        Err(Failure::new(Class::Transient, message))
    }

    /// The one run among these that was started like this one. That several were, nobody can decide but a person.
    async fn by_fingerprint(
        &self,
        held: &Held,
        order: &Order,
        runs: &[&RemoteId],
        end: Instant,
    ) -> Result<Option<RemoteRun>, Failure> {
        let mut found: Vec<RemoteRun> = Vec::new();
        let mut seen = HashSet::new();
        // A list that grows while it is read shows rows twice.
        let mut runs = runs.iter().filter(|id| seen.insert(**id));
        for id in runs.by_ref().take(limits::ACTOR_FIND_INPUTS) {
            if let Some(run) = self.alike(held, order, id, end).await? {
                found.push(run);
            }
        }
        if found.len() > 1 {
            let ids: Vec<&str> = found.iter().map(|run| run.id.as_str()).collect();
            let message = format!(
                "looking for the run of {} for intent {}: runs {} could all be it; compare them in the platform's console",
                order.actor,
                order.intent,
                ids.join(", ")
            );
            return Err(Failure::new(Class::BadAnswer, message));
        }
        match found.pop() {
            None if runs.next().is_some() => {
                let message = format!(
                    "looking for the run of {} for intent {}: none of {} runs is it, and more could be",
                    order.actor,
                    order.intent,
                    limits::ACTOR_FIND_INPUTS
                );
                Err(Failure::new(Class::Transient, message))
            }
            found => Ok(found),
        }
    }

    /// The run, if it has the order's charge cap, time and input.
    async fn alike(
        &self,
        held: &Held,
        order: &Order,
        run: &RemoteId,
        end: Instant,
    ) -> Result<Option<RemoteRun>, Failure> {
        let words = format!("comparing run {run} with intent {}", order.intent);
        let ask = Ask::get(words.as_str(), format!("/v2/actor-runs/{run}"));
        let (cap, seconds) = (sent_cap(order.charge_cap), sent_seconds(order.timeout));
        let reader = Whole(|body: &[u8]| {
            let run = record::data(body)?;
            let alike = record::has_options(&run, cap, seconds) && !record::user_agent(&run).contains(MARKS);
            Ok(record::of_value(&run, &held.secrets).filter(|_| alike))
        });
        let Some(found) = absent_is_none(self.ask_freely(held, &ask, &reader, end).await)? else { return Ok(None) };
        let ask = Ask::get(words, format!("/v2/actor-runs/{run}/key-value-store/records/INPUT"));
        let Ok(ordered) = serde_json::from_str::<Value>(&order.input) else { return Ok(None) };
        let reader = Whole(|body: &[u8]| {
            let stored: Option<Value> = serde_json::from_slice(body).ok();
            Ok(stored.filter(|stored| holds(stored, &ordered)))
        });
        let same = absent_is_none(self.ask_freely(held, &ask, &reader, end).await)?;
        Ok(same.map(|_| found))
    }
}

fn rows(body: &[u8]) -> Result<Vec<Value>, Unread> {
    match record::data(body)?.get_mut("items").map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(Unread::shape("its \"data\" has no \"items\"")),
    }
}

fn absent_is_none<T>(answer: Result<Option<T>, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        other => other,
    }
}

/// Whether a stored input is the ordered one. It may hold more: the platform may fill in an actor's defaults.
fn holds(stored: &Value, ordered: &Value) -> bool {
    match (stored, ordered) {
        (Value::Object(stored), Value::Object(ordered)) => {
            ordered.iter().all(|(name, value)| stored.get(name).is_some_and(|other| same(other, value)))
        }
        _ => same(stored, ordered),
    }
}

/// Equal as JSON, where 15 and 15.0 are the same number. Both were parsed, which bounds how deep this goes.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_are_compared_as_json() {
        let ordered = json!({"a": [1, {"b": 2.0}], "c": "x"});
        for (stored, alike) in [
            (json!({"c": "x", "a": [1.0, {"b": 2}]}), true),
            (json!({"c": "x", "a": [1, {"b": 2}], "default": true}), true),
            (json!({"c": "x"}), false),
            (json!({"c": "x", "a": [{"b": 2}, 1]}), false),
            (json!({"c": "x", "a": [1, {"b": 2, "d": 3}]}), false),
            (json!([ordered]), false),
            (json!(null), false),
        ] {
            assert_eq!(holds(&stored, &ordered), alike, "{stored}");
        }
    }
}
