//! Ad-hoc webhooks: what is to be told to whom, and when.
//!
//! Owns: their reading from the query, payloads, the schedule of deliveries and retries. Must not know: sockets (the
//! driver in `server` delivers). Called when a run starts, ends or comes back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::Millis;
use crate::ids::Id;
use crate::limits::{WEBHOOK_ATTEMPTS, WEBHOOK_DELAY_MS};
use crate::runs::{Run, Status};
use crate::script::WebhookFault;

/// A webhook of one run.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    event_types: Vec<String>,
    pub(crate) request_url: String,
    payload_template: Option<String>,
    headers_template: Option<String>,
    #[serde(default)]
    should_interpolate_strings: bool,
    #[serde(default)]
    do_not_retry: bool,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Created,
    Succeeded,
    Failed,
    Aborted,
    TimedOut,
    Resurrected,
}

/// One delivery that is due.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) number: u64,
    pub(crate) run: Id,
    pub(crate) url: String,
    event: Event,
    at: Millis,
    webhook: Arc<Webhook>,
    fault: Option<WebhookFault>,
    attempt: u32,
}

/// What is due by now.
pub(crate) enum Due {
    Deliver(Box<Delivery>),
    /// The run comes back to life.
    ComeBack(Id),
}

/// Deliveries and returns, by their time.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: BinaryHeap<Reverse<(Millis, u64)>>,
    waiting: HashMap<u64, Due>,
    numbers: u64,
}

impl Event {
    pub(crate) fn of(end: Status) -> Self {
        match end {
            Status::Failed => Self::Failed,
            Status::Aborted => Self::Aborted,
            Status::TimedOut => Self::TimedOut,
            _ => Self::Succeeded,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Created => "ACTOR.RUN.CREATED",
            Self::Succeeded => "ACTOR.RUN.SUCCEEDED",
            Self::Failed => "ACTOR.RUN.FAILED",
            Self::Aborted => "ACTOR.RUN.ABORTED",
            Self::TimedOut => "ACTOR.RUN.TIMED_OUT",
            Self::Resurrected => "ACTOR.RUN.RESURRECTED",
        }
    }
}

/// Reads the query parameter `webhooks`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(text: &str) -> Result<Box<[Webhook]>, String> {
    let bytes = STANDARD.decode(text).map_err(|error| format!("webhooks must be base64: {error}"))?;
    let webhooks: Box<[Webhook]> = serde_json::from_slice(&bytes)
        .map_err(|error| format!("webhooks must be a JSON array of webhooks: {error}"))?;
    for webhook in &webhooks {
        let templates = [&webhook.payload_template, &webhook.headers_template].into_iter().flatten();
        for name in templates.flat_map(|template| variables(template)) {
            let root = name.split('.').next().unwrap_or_default();
            if !["userId", "createdAt", "eventType", "eventData", "resource", "globals"].contains(&root) {
                return Err(format!("webhooks: the template's variable {root:?} is not known"));
            }
        }
    }
    Ok(webhooks)
}

fn variables(template: &str) -> Vec<String> {
    let parts = template.split("{{").skip(1);
    parts.filter_map(|part| part.split_once("}}").map(|(name, _)| name.trim().to_owned())).collect()
}

impl Outbox {
    /// Puts down what the run's webhooks are to be told.
    pub(crate) fn announce(&mut self, run: &Run, event: Event, at: Millis) {
        let fault = run.twisted(|twist| twist.webhook);
        for webhook in run.webhooks.iter().filter(|webhook| webhook.event_types.iter().any(|name| name == event.name()))
        {
            if fault == Some(WebhookFault::Never) {
                continue;
            }
            let mut url = webhook.request_url.clone();
            if fault == Some(WebhookFault::WrongSecret) {
                let last = url.pop();
                url.push(if last == Some('x') { 'y' } else { 'x' });
            }
            let late = if fault == Some(WebhookFault::Late) { 60_000 } else { 0 };
            let delivery = Delivery {
                number: 0,
                run: run.id,
                url,
                event,
                at,
                webhook: Arc::new(webhook.clone()),
                fault,
                attempt: 1,
            };
            for _ in 0..if fault == Some(WebhookFault::Twice) { 2 } else { 1 } {
                self.put(at.after(late), |number| Due::Deliver(Box::new(Delivery { number, ..delivery.clone() })));
            }
        }
    }

    /// Puts down that a run will come back.
    pub(crate) fn come_back(&mut self, run: Id, at: Millis) {
        self.put(at, |_| Due::ComeBack(run));
    }

    /// A delivery failed: later again, with doubled delays, up to the last attempt.
    pub(crate) fn again(&mut self, delivery: Delivery, now: Millis) {
        if delivery.attempt >= WEBHOOK_ATTEMPTS || delivery.webhook.do_not_retry {
            return;
        }
        let delay = WEBHOOK_DELAY_MS.saturating_mul(1 << (delivery.attempt - 1).min(20));
        let next = Delivery { attempt: delivery.attempt + 1, ..delivery };
        self.put(now.after(delay), |_| Due::Deliver(Box::new(next)));
    }

    fn put(&mut self, at: Millis, make: impl FnOnce(u64) -> Due) {
        self.numbers += 1;
        self.queue.push(Reverse((at, self.numbers)));
        self.waiting.insert(self.numbers, make(self.numbers));
    }

    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.queue.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out what is due.
    pub(crate) fn due(&mut self, now: Millis) -> Vec<Due> {
        let mut due = Vec::new();
        while self.next_due().is_some_and(|at| at <= now) {
            let number = self.queue.pop().map(|Reverse((_, number))| number);
            due.extend(number.and_then(|number| self.waiting.remove(&number)));
        }
        due
    }
}

impl Delivery {
    /// Header fields and body, for the run as it is now.
    pub(crate) fn message(&self, run: &Run, now: Millis) -> (Map<String, Value>, Vec<u8>) {
        let unknown = self.fault == Some(WebhookFault::UnknownRun);
        let id = if unknown { Id::nth(self.number, "unknown", 0) } else { run.id };
        let mut resource = run.object(now, true);
        if unknown {
            crate::published::instagram::merge(&mut resource, json!({"id": id}));
        }
        let values = json!({
            "userId": resource.get("userId"), "createdAt": self.at.iso(), "eventType": self.event.name(),
            "eventData": {"actorId": run.actor.id, "actorTaskId": Value::Null, "actorRunId": id},
            "resource": resource,
            "globals": {"dateISO": now.iso(), "dateUnix": now.0.div_euclid(1_000)},
        });
        let body = match &self.webhook.payload_template {
            Some(template) => fill(template, &values, self.webhook.should_interpolate_strings).into_bytes(),
            None => {
                let mut payload = values.clone();
                if let Some(map) = payload.as_object_mut() {
                    map.remove("globals");
                }
                payload.to_string().into_bytes()
            }
        };
        let headers = self.webhook.headers_template.as_deref().map(|template| fill(template, &values, true));
        let headers = headers.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        (headers, body)
    }
}

/// Replaces `{{path}}`: by JSON outside of strings, and, where it is wanted, by text inside of them.
fn fill(template: &str, values: &Value, in_strings: bool) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let value = name.trim().split('.').try_fold(values, |value, part| value.get(part)).unwrap_or(&Value::Null);
        let quotes = out.bytes().filter(|byte| *byte == b'"').count() - out.matches("\\\"").count();
        match (quotes % 2 == 1, value) {
            (false, value) => out.push_str(&value.to_string()),
            (true, _) if !in_strings => out.push_str(&format!("{{{{{name}}}}}")),
            (true, Value::String(text)) => out.push_str(text),
            (true, value) => out.push_str(&value.to_string()),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;
    use serde_json::json;

    #[test]
    fn templates_are_filled_outside_and_inside_of_strings() {
        let values = json!({"resource": {"id": "r1", "n": 2}});
        let cases = [
            ("{\"a\":{{resource.id}}}", true, "{\"a\":\"r1\"}"),
            ("{\"a\":\"run {{ resource.id }}\"}", true, "{\"a\":\"run r1\"}"),
            ("{\"a\":\"run {{resource.id}}\"}", false, "{\"a\":\"run {{resource.id}}\"}"),
            ("{{resource}}", false, "{\"id\":\"r1\",\"n\":2}"),
            ("{{resource.none}}", false, "null"),
            ("no end {{x", true, "no end {{x"),
        ];
        for (template, in_strings, expected) in cases {
            assert_eq!(fill(template, &values, in_strings), expected);
        }
    }
}
