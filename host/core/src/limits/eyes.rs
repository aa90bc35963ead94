//! Limits of what operators see: alerts, the listener, metrics. Part of [`limits`](crate::limits).

use core::time::Duration;

use super::KIB;

// ---- alerts -------------------------------------------------------------------------------------------------------

/// How long after it was told a condition that lasts is told again, unless the configuration says otherwise.
pub const ALERT_REMIND: Duration = Duration::from_secs(24 * 60 * 60);
/// Rate limits of one platform within [`ALERT_WINDOW`] that make an alert.
pub const ALERT_RATE_LIMITS: u32 = 5;
/// The window in which rate limits are counted, and the shortest time between two alerts about dead letters of a profile.
/// Without another one for as long, rate limits are over.
pub const ALERT_WINDOW: Duration = Duration::from_secs(60 * 60);
/// Failures of one pass within [`ALERT_PASS_WINDOW`] that make an alert.
pub const ALERT_PASS_FAILURES: usize = 3;
/// The window of those failures. A pass that has not failed for as long works again.
pub const ALERT_PASS_WINDOW: Duration = Duration::from_secs(5 * 60);
/// How long after the last one dead letters of a profile are no longer growing.
pub const ALERT_LETTERS_QUIET: Duration = Duration::from_secs(6 * 60 * 60);
/// How often a condition that is alerted of already is noted again: its text and its last sight.
pub const ALERT_TOUCH: Duration = Duration::from_secs(60);
/// How often open alerts are compared with what there is: resolved elsewhere, silent for long, due for a reminder.
pub const ALERT_SWEEP: Duration = Duration::from_secs(60);
/// Open alerts that are looked at in one sweep, and listed.
pub const ALERTS_OPEN: usize = 1_000;
/// Events that wait to be judged; what comes on top is counted and dropped.
pub const ALERT_INBOX: usize = 1_024;
/// Notices that wait for one webhook; what comes on top is counted and dropped.
pub const ALERT_QUEUE: usize = 256;
/// Notices in one request to a webhook.
pub const ALERT_BATCH: usize = 50;
/// Notices of one request that a chat message spells out; the rest is counted.
pub const ALERT_LINES: usize = 10;
/// Waits before a request to a webhook is repeated: three times.
pub const ALERT_RETRIES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// The longest a webhook may ask us to wait before it is asked again.
pub const ALERT_RETRY_AFTER_MOST: Duration = Duration::from_secs(60);
/// Time of one request to a webhook, from the look-up of its name to the end of the answer's header.
pub const ALERT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to deliver what waits when the daemon stops.
pub const ALERT_FLUSH: Duration = Duration::from_secs(10);
/// Length of a text in an alert, in characters: errors of other programs can be long.
pub const ALERT_TEXT: usize = 1_000;
/// Webhooks for alerts.
pub const ALERT_WEBHOOKS: usize = 16;

// ---- quarantine of plugins ----------------------------------------------------------------------------------------

/// Runs in which one version of a plugin breaks down within [`QUARANTINE_WINDOW`] that put it into quarantine ...
pub const QUARANTINE_FAULTS: u32 = 5;
/// ... if they are of so many different sources ...
pub const QUARANTINE_SOURCES: u32 = 3;
/// ... and it has not worked on so many times as many sources meanwhile.
pub const QUARANTINE_GOOD: u32 = 3;
/// The window in which faults are counted.
pub const QUARANTINE_WINDOW: Duration = Duration::from_secs(60 * 60);
/// Faults of a plugin that are remembered, newest first.
pub const QUARANTINE_KEPT: u32 = 256;
/// How soon a source of a plugin in quarantine is looked at again, should nobody tell that it is over.
pub const QUARANTINE_LOOK: Duration = Duration::from_secs(10 * 60);
/// The fault of a plugin as it is kept, in bytes.
pub const QUARANTINE_WHY: usize = 500;

// ---- listener and metrics -----------------------------------------------------------------------------------------

/// Connections to the listener at once; more wait to be accepted.
pub const HTTP_CONNECTIONS: usize = 128;
/// Time to send the header of a request, and between two requests of one connection.
pub const HTTP_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to make and send an answer.
pub const HTTP_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection is kept, whatever happens on it.
pub const HTTP_CONNECTION_LIFE: Duration = Duration::from_secs(10 * 60);
/// Bytes of the header of a request.
pub const HTTP_HEADER_BYTES: usize = 16 * KIB;
/// Header fields of a request.
pub const HTTP_HEADER_COUNT: usize = 64;
/// Time the database has to answer whether it is there.
pub const READY_TIMEOUT: Duration = Duration::from_secs(2);
/// Values of one label of a metric; those on top are counted as `_other`.
pub const METRIC_LABELS: usize = 500;
/// Runs whose tenant and profile the metrics remember until their cost is final.
pub const METRIC_RUNS: usize = 10_000;
/// Due sources that are counted one by one.
pub const DUE_COUNTED: u64 = 100_000;
