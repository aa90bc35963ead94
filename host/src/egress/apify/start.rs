//! Starting a run, once.
//!
//! Owns: the request of a start, and when it may be repeated: only as long as no run can have come of it. Must not know: what
//! the engine does about a start whose outcome is unknown. Called through the port.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tidegate_core::actor::{Asked, Order, RemoteRun};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::money::MicroUsd;
use tokio::time::Instant;

use super::Inner;
use super::ask::{Ask, Whole};
use super::credential::Held;
use super::record;
use super::trouble::{Fate, Trouble};
use crate::ports::{NotStarted, intent_mark};

/// The least step of a charge cap in micro-USD: the platform is known to keep four decimals of a dollar.
const CAP_STEP: u64 = 100;

impl Inner {
    pub(super) async fn start(&self, held: &Held, order: &Order, end: Instant) -> Result<RemoteRun, NotStarted> {
        let ask = question(order).map_err(NotStarted::Refused)?;
        let reader = Whole(|body: &[u8]| record::of_answer(body, &held.secrets));
        self.ask(held, &ask, &reader, end, is_safe).await.map_err(|trouble| match trouble.fate {
            Fate::Unsent | Fate::Refused(_) => NotStarted::Refused(trouble.failure),
            Fate::Lost => NotStarted::Unknown(trouble.failure),
        })
    }
}

/// Whether the start may be sent again: it never left, or was turned away by the limit on the rate, before any run.
fn is_safe(trouble: &Trouble) -> bool {
    match trouble.fate {
        Fate::Unsent => trouble.passes,
        Fate::Refused(429) => trouble.failure.class == Class::RateLimited,
        Fate::Refused(_) | Fate::Lost => false,
    }
}

fn question(order: &Order) -> Result<Ask, Failure> {
    let words = format!("starting {} for intent {}", order.actor, order.intent);
    let cap = sent_cap(order.charge_cap);
    if cap == MicroUsd::ZERO {
        // Some platforms read 0 as "no limit".
        let message = format!("{words}: the charge cap {} is below the least there is, $0.0001", order.charge_cap);
        return Err(Failure::new(Class::Config, message));
    }
    let ask = Ask {
        asked: Asked::Start,
        method: Method::POST,
        body: Some(Bytes::from(order.input.clone().into_bytes())),
        mark: intent_mark(order.intent),
        ..Ask::get(words, format!("/v2/actors/{}/runs", order.actor.path()))
    };
    let ask = ask.with("timeout", &sent_seconds(order.timeout)).with("build", &order.build);
    let ask = ask.with("maxTotalChargeUsd", &in_dollars(cap));
    Ok(match order.memory_mb {
        Some(memory) => ask.with("memory", &memory),
        None => ask,
    })
}

/// The charge cap as it is sent: never more than what was ordered.
pub(super) fn sent_cap(cap: MicroUsd) -> MicroUsd {
    MicroUsd::new(cap.micros() / CAP_STEP * CAP_STEP)
}

/// The time as it is sent, in seconds; never 0, which means "no limit".
pub(super) fn sent_seconds(timeout: Duration) -> u64 {
    let part = u64::from(timeout.subsec_nanos() > 0);
    timeout.as_secs().saturating_add(part).max(1)
}

/// Four decimals, exactly.
fn in_dollars(cap: MicroUsd) -> String {
    let steps = cap.micros() / CAP_STEP;
    format!("{}.{:04}", steps / 10_000, steps % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_and_times_never_become_more_or_nothing() {
        for (micros, text) in [(100, "0.0001"), (199, "0.0001"), (55_000, "0.0550"), (12_345_678, "12.3456")] {
            assert_eq!(in_dollars(sent_cap(MicroUsd::new(micros))), text);
        }
        assert_eq!(sent_cap(MicroUsd::new(99)), MicroUsd::ZERO);
        for (timeout, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (360_000, 360)] {
            assert_eq!(sent_seconds(Duration::from_millis(timeout)), seconds);
        }
    }
}
