//! Runs as the API shows them.
//!
//! Owns: the fields of a run object and of a list's element (which has neither input nor options). Called by `api` and by
//! webhooks.

use serde::Serialize;
use serde_json::{Value, json};

use super::life::Why;
use super::{Run, Status};
use crate::clock::Millis;
use crate::ids::Id;
use crate::published::instagram::merge;

/// The user all runs belong to.
pub(crate) const USER_ID: &str = "7sT5jcggjjA9fNcxF";

/// An element of a list of runs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<'a> {
    id: Id,
    act_id: &'a str,
    user_id: &'a str,
    actor_task_id: Option<()>,
    status: Status,
    started_at: String,
    finished_at: Option<String>,
    build_id: &'a str,
    build_number: &'a str,
    meta: Meta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_total_usd: Option<Value>,
    default_key_value_store_id: Id,
    default_dataset_id: Id,
    default_request_queue_id: Id,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    origin: &'a str,
    client_ip: &'a str,
    user_agent: &'a str,
}

impl Run {
    fn meta(&self) -> Meta<'_> {
        Meta { origin: "API", client_ip: "203.0.113.7", user_agent: &self.user_agent }
    }

    fn finished(&self, now: Millis) -> Option<Millis> {
        self.status(now).is_terminal().then_some(self.life.ends)
    }

    /// `usageTotalUsd`: of the actors of others it exists for pay-per-event only.
    fn usage(&self, now: Millis) -> Option<Value> {
        self.event_counts(0)?;
        Some(self.cost_of(self.shown_rows(now)).usd())
    }

    /// As an element of a list.
    pub(crate) fn listed(&self, now: Millis) -> Listed<'_> {
        Listed {
            id: self.id,
            act_id: self.actor.id,
            user_id: USER_ID,
            actor_task_id: None,
            status: self.status(now),
            started_at: self.started.iso(),
            finished_at: self.finished(now).map(Millis::iso),
            build_id: self.actor.build_id,
            build_number: self.actor.build_number,
            meta: self.meta(),
            usage_total_usd: self.usage(now),
            default_key_value_store_id: self.store,
            default_dataset_id: self.dataset,
            default_request_queue_id: self.store,
        }
    }

    /// As an object of its own. Without a token the costs are left out.
    pub(crate) fn object(&self, now: Millis, with_costs: bool) -> Value {
        let status = self.status(now);
        let settled = status.is_terminal() && !self.is_preliminary(now);
        let message = self.message(now, settled);
        let mut object = json!({
            "id": self.id, "actId": self.actor.id, "userId": USER_ID, "actorTaskId": Value::Null,
            "startedAt": self.started.iso(), "finishedAt": self.finished(now).map(Millis::iso), "status": status,
            "statusMessage": message,
            "isStatusMessageTerminal": if settled && message.is_some() { json!(true) } else { Value::Null },
            "meta": self.meta(),
            "pricingInfo": self.actor.pricing_info(),
            "stats": {
                "inputBodyLen": self.input.len(), "migrationCount": 0, "rebootCount": 0, "restartCount": 0,
                "resurrectCount": self.resurrected, "computeUnits": 0,
                "runTimeSecs": now.min(self.life.ends).since(self.life.begins).max(0) / 1_000,
            },
            "options": {
                "build": &*self.build, "timeoutSecs": self.options.timeout_s, "memoryMbytes": self.options.memory_mb,
                "diskMbytes": self.options.memory_mb * 2, "maxItems": self.options.max_items,
                "maxTotalChargeUsd": self.options.cap.map(crate::money::MicroUsd::usd),
            },
            "buildId": self.actor.build_id, "buildNumber": self.actor.build_number,
            "exitCode": self.exit_code(status), "generalAccess": "FOLLOW_USER_SETTING",
            "defaultKeyValueStoreId": self.store, "defaultDatasetId": self.dataset, "defaultRequestQueueId": self.store,
            "storageIds": {
                "datasets": {"default": self.dataset}, "keyValueStores": {"default": self.store},
                "requestQueues": {"default": self.store},
            },
            "containerUrl": format!("https://{}.runs.apify.net", self.id.as_str().to_ascii_lowercase()),
            "isContainerServerReady": false, "gitBranchName": Value::Null, "platformUsageBillingModel": "DEVELOPER",
        });
        if let Some(counts) = self.event_counts(self.shown_rows(now)) {
            merge(&mut object, json!({"chargedEventCounts": counts}));
        }
        if let Some(usage) = self.usage(now).filter(|_| with_costs) {
            merge(&mut object, json!({"usageTotalUsd": usage}));
        }
        object
    }

    fn message(&self, now: Millis, settled: bool) -> Option<String> {
        let rows = self.rows(now);
        match self.status(now) {
            Status::Ready | Status::TimingOut => None,
            Status::Running => Some(format!("Scraped {rows} of {}", self.life.wanted())),
            Status::Aborting => Some("Aborting the run".to_owned()),
            // Costs and messages of a run that has just ended are not final.
            Status::Succeeded if !settled => None,
            status => match self.twisted(|twist| twist.message.clone()) {
                Some(message) => Some(message).filter(|message| !message.is_empty()),
                None => match (status, self.life.why) {
                    (Status::Failed, _) => Some("The Actor process failed".to_owned()),
                    (Status::Aborted, Why::Cap) => Some("Maximum charge reached".to_owned()),
                    (Status::Aborted, _) => Some("The run was aborted".to_owned()),
                    (Status::Succeeded, _) => Some("Finished".to_owned()),
                    _ => None,
                },
            },
        }
    }

    fn exit_code(&self, status: Status) -> Option<i32> {
        match status {
            Status::Succeeded => Some(0),
            Status::Failed => Some(self.twisted(|twist| twist.exit_code).unwrap_or(91)),
            _ => None,
        }
    }
}
