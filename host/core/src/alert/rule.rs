//! When an alert is told, told again, and over.
//!
//! Owns: one alert for each key until it is resolved; reminders; which conditions end by silence. Must not know: who tells.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Alert, AlertKey, OpenAlert};
use crate::actor::gate::GateKey;
use crate::limits;
use crate::time::UtcMillis;

/// Why a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Opened,
    /// It was told long ago and is still so.
    Reminder,
    /// It is over.
    Resolved,
    /// Somebody wanted to see one.
    Test,
}

impl Change {
    /// The change in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// What becomes of an alert whose cause was seen at `now`, with what is open under its key: the open alert afterwards, and
/// whether somebody is told. `remind`: the shortest time between two tellings; `None`: told once.
#[must_use]
pub fn raise(
    open: Option<OpenAlert>,
    alert: Alert,
    now: UtcMillis,
    remind: Option<Duration>,
) -> (OpenAlert, Option<Change>) {
    let Some(open) = open else {
        let fresh = OpenAlert { alert, opened_at: now, told_at: now, seen_at: now, count: 1 };
        return (fresh, Some(Change::Opened));
    };
    let again = again_after(&alert.key, remind).is_some_and(|after| now.since(open.told_at) >= after);
    let after = OpenAlert {
        alert,
        opened_at: open.opened_at,
        told_at: if again { now } else { open.told_at },
        // A clock that was set back must not end it by silence.
        seen_at: now.max(open.seen_at),
        count: open.count.saturating_add(1),
    };
    (after, again.then_some(Change::Reminder))
}

/// Whether an open alert whose cause lasts is told again, although nothing new happened.
#[must_use]
pub fn reminder_due(open: &OpenAlert, now: UtcMillis, remind: Option<Duration>) -> bool {
    let lasts = match open.alert.key {
        AlertKey::SourcePaused(_) | AlertKey::Gate(_) | AlertKey::PluginQuarantined(_) | AlertKey::PassFailing(_) => {
            true
        }
        // What is gone stays gone, and the others are told again when it happens again.
        AlertKey::SourceInvalid(_)
        | AlertKey::RetriesExhausted(_)
        | AlertKey::RateLimited(_)
        | AlertKey::DeadLetters(..)
        | AlertKey::Test => false,
    };
    lasts && remind.is_some_and(|after| now.since(open.told_at) >= after)
}

/// Whether an alert has ended by silence: its cause says only that it is there, never that it is gone.
#[must_use]
pub fn is_over(open: &OpenAlert, now: UtcMillis) -> bool {
    quiet_after(&open.alert.key).is_some_and(|quiet| now.since(open.seen_at) >= quiet)
}

/// How long the cause of such an alert must not have been seen. `None`: something else says that it is over.
#[must_use]
pub const fn quiet_after(key: &AlertKey) -> Option<Duration> {
    match key {
        // An actor's gate opens by itself, and the next start is the question: over is it when that was not refused.
        AlertKey::Gate(GateKey::Actor(..)) => Some(limits::GATE_ACTOR.saturating_mul(2)),
        AlertKey::Gate(GateKey::Net(_)) => Some(limits::GATE_PROBE.saturating_mul(2)),
        AlertKey::RateLimited(_) => Some(limits::ALERT_WINDOW),
        AlertKey::PassFailing(_) => Some(limits::ALERT_PASS_WINDOW),
        AlertKey::DeadLetters(..) => Some(limits::ALERT_LETTERS_QUIET),
        AlertKey::SourcePaused(_)
        | AlertKey::SourceInvalid(_)
        | AlertKey::RetriesExhausted(_)
        | AlertKey::PluginQuarantined(_)
        | AlertKey::Gate(GateKey::Credential(_)) => None,
        AlertKey::Test => Some(Duration::ZERO),
    }
}

/// How long after the last telling an alert is told again when its cause is seen again.
fn again_after(key: &AlertKey, remind: Option<Duration>) -> Option<Duration> {
    match key {
        // They grow: once an hour, however many.
        AlertKey::DeadLetters(..) => Some(limits::ALERT_WINDOW),
        _ => remind,
    }
}
