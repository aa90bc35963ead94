//! `alert list|test`.
//!
//! Owns: what is shown of alerts, and trying the webhooks. Must not know: when an alert is told.

use serde::Serialize;
use serde_json::json;
use tidegate_core::alert::{self, Change, Notice, OpenAlert};
use tidegate_core::limits;
use tidegate_core::nearest;

use super::args::{AlertCommand, Place};
use super::error::{CliError, Exit};
use super::eyes::form;
use super::home::Home;
use super::output::{Output, short, table};
use crate::config::{FoundWebhook, Process, WebhookFormat};
use crate::egress::Egress;
use crate::ports::{Clock, Webhook};
use crate::system::SystemClock;

/// What came of a test.
#[derive(Serialize)]
struct Tried {
    sink: String,
    format: WebhookFormat,
    ok: bool,
    /// The status of the webhook's answer.
    status: Option<u16>,
    detail: String,
}

/// Runs an `alert` command.
pub(super) async fn alert(place: &Place, command: &AlertCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        AlertCommand::List => list(&home, output).await,
        AlertCommand::Test { name } => Box::pin(test(&home, name.as_deref(), output)).await,
    }
}

async fn list(home: &Home, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let open = store.alerts(limits::ALERTS_OPEN).await?;
    output.data(&json!({ "alerts": open.iter().map(shown).collect::<Vec<_>>() }), |_| {
        if open.is_empty() { "no open alerts".to_owned() } else { listed(&open) }
    })?;
    Ok(Exit::Ok)
}

/// An open alert as JSON.
pub(super) fn shown(open: &OpenAlert) -> serde_json::Value {
    let alert = &open.alert;
    json!({
        "key": alert.key.stored(), "kind": alert.key.kind(), "severity": alert.severity, "title": alert.title,
        "text": alert.text, "remedy": alert.remedy, "about": alert.about, "since": open.opened_at,
        "told_at": open.told_at, "seen_at": open.seen_at, "count": open.count,
    })
}

fn listed(open: &[OpenAlert]) -> String {
    let row = |open: &OpenAlert| {
        let alert = &open.alert;
        vec![
            open.opened_at.to_string(),
            alert.severity.word().to_owned(),
            short(&alert.title, 60),
            short(&alert.text, 80),
            alert.remedy.clone().unwrap_or_default(),
        ]
    };
    table(&["SINCE", "SEVERITY", "WHAT", "WHY", "REMEDY"], &open.iter().map(row).collect::<Vec<_>>())
}

async fn test(home: &Home, name: Option<&str>, output: Output) -> Result<Exit, CliError> {
    let mut found = home.config.alerts.webhooks(&home.dir, &Process);
    if let Some(name) = name {
        let known: Vec<String> = found.iter().map(|webhook| webhook.name.to_string()).collect();
        found.retain(|webhook| webhook.name.as_str() == name);
        if found.is_empty() {
            let hint = match nearest::nearest(name, known.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("add [alerts.webhook.{name}] to tidegate.toml"),
            };
            return Err(CliError::not_found(format!("there is no webhook {name:?} for alerts")).hint(hint));
        }
    }
    let egress = home.egress()?;
    let mut sending = tokio::task::JoinSet::new();
    for (place, webhook) in found.into_iter().enumerate() {
        let (egress, contact) = (egress.clone(), home.config.net.contact.clone());
        sending.spawn(async move { (place, try_one(&egress, webhook, contact).await) });
    }
    let mut tried = Vec::new();
    while let Some(one) = sending.join_next().await {
        tried.extend(one.ok());
    }
    tried.sort_by_key(|(place, _)| *place);
    let tried: Vec<Tried> = tried.into_iter().map(|(_, tried)| tried).collect();
    let ok = tried.iter().all(|tried| tried.ok);
    output.data(&json!({ "ok": ok, "sinks": tried }), |_| {
        if tried.is_empty() {
            return "no webhook is configured: alerts go to the log only; add [alerts.webhook.NAME] to tidegate.toml"
                .to_owned();
        }
        let mark = |tried: &Tried| if tried.ok { "ok   " } else { "FAILED" };
        tried.iter().map(|tried| format!("{:<6}  {}: {}\n", mark(tried), tried.sink, tried.detail)).collect()
    })?;
    Ok(if ok { Exit::Ok } else { Exit::Failed })
}

async fn try_one(egress: &Egress, webhook: FoundWebhook, contact: Option<String>) -> Tried {
    let (sink, format) = (webhook.name.to_string(), webhook.format);
    let tried = |ok, status, detail| Tried { sink: sink.clone(), format, ok, status, detail };
    let url = match webhook.url {
        Ok(url) => url,
        Err(why) => return tried(false, None, why),
    };
    let now = SystemClock.now();
    let (open, _) = alert::raise(None, alert::test(), now, None);
    let notices = [Notice { change: Change::Test, open, at: now }];
    let way = egress.webhook(url, webhook.grant, contact);
    // One attempt: a person waits for the answer.
    match way.post(form(format).body(&notices)).await {
        Ok(status) => tried(true, Some(status), format!("taken with status {status}")),
        Err(error) => tried(false, None, error.why),
    }
}
