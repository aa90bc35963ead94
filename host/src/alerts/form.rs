//! What a webhook is sent.
//!
//! Owns: the JSON of notices, as documented in docs/alerts.md. Must not know: where it goes.

use serde_json::{Value, json};
use tidegate_core::alert::{Change, Notice, Severity};
use tidegate_core::limits;

/// How notices are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Our own JSON.
    Generic,
    /// A message as Slack's incoming webhooks take it.
    Slack,
}

impl Form {
    /// The body of a request.
    #[must_use]
    pub fn body(self, notices: &[Notice]) -> String {
        match self {
            Self::Generic => json!({ "version": 1, "alerts": notices.iter().map(generic).collect::<Vec<_>>() }),
            Self::Slack => json!({ "text": slack(notices) }),
        }
        .to_string()
    }
}

fn generic(notice: &Notice) -> Value {
    let open = &notice.open;
    let (alert, about) = (&open.alert, &open.alert.about);
    json!({
        "id": notice.id(),
        "change": notice.change.word(),
        "at": notice.at,
        "key": alert.key.stored(),
        "kind": alert.key.kind(),
        "severity": alert.severity,
        "title": alert.title,
        "text": alert.text,
        "remedy": alert.remedy,
        "since": open.opened_at,
        "seen_at": open.seen_at,
        "count": open.count,
        "source": about.source,
        "identifier": about.identifier,
        "tenant": about.tenant,
        "platform": about.platform,
        "profile": about.profile,
        "class": about.class,
    })
}

/// <https://docs.slack.dev/messaging/formatting-message-text>: `*bold*`, `` `code` ``, and three characters to escape.
fn slack(notices: &[Notice]) -> String {
    let mut lines: Vec<String> = notices.iter().take(limits::ALERT_LINES).map(message).collect();
    if notices.len() > limits::ALERT_LINES {
        lines.push(format!("… and {} more: `tidegate alert list`", notices.len() - limits::ALERT_LINES));
    }
    lines.join("\n")
}

fn message(notice: &Notice) -> String {
    let alert = &notice.open.alert;
    let mark = match (notice.change, alert.severity) {
        (Change::Resolved, _) => ":white_check_mark:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":warning:",
        (_, Severity::Info) => ":information_source:",
    };
    let mut text = format!("{mark} *{}*", escaped(&notice.line()));
    if notice.change != Change::Resolved {
        text.push_str(&format!("\n{}", escaped(&alert.text)));
        if let Some(remedy) = &alert.remedy {
            text.push_str(&format!("\n`{}`", escaped(remedy).replace('`', "'")));
        }
    }
    text
}

/// What a source is called or a platform says must not mention people or hide a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
