//! Which fields of an item differ, for a person.
//!
//! Owns: the list of fields, and how a value is shown. Must not know: which of two items is the newer one.

use serde::Serialize;
use serde_json::{Value, json};

use crate::item::{Detail, Item};
use crate::limits;

/// One field that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Which.
    pub field: &'static str,
    /// What is stored, cut; "" is nothing.
    pub before: String,
    /// What would be, cut.
    pub after: String,
}

/// Every field but the metrics in which `after` differs from `before`.
pub(super) fn changes(before: &Item, after: &Item) -> Vec<FieldChange> {
    let mut found = Vec::new();
    for ((field, one), (_, two)) in values(before).into_iter().zip(values(after)) {
        if one != two {
            found.push(change(field, &one, &two));
        }
    }
    found
}

/// The metrics, which differ.
pub(super) fn metrics(before: &Item, after: &Item) -> FieldChange {
    change("metrics", &json!(before.metrics), &json!(after.metrics))
}

fn change(field: &'static str, before: &Value, after: &Value) -> FieldChange {
    FieldChange { field, before: shown(before), after: shown(after) }
}

fn values(item: &Item) -> [(&'static str, Value); 14] {
    // As they are stored: as JSON text, which is read again.
    let text = serde_json::to_string(&item.detail).unwrap_or_default();
    let detail: Detail = serde_json::from_str(&text).unwrap_or_default();
    [
        ("kind", json!(item.kind)),
        ("url", json!(item.url)),
        ("title", json!(item.title)),
        ("text", json!(item.text)),
        ("html", json!(item.html)),
        ("summary", json!(item.summary)),
        ("published_at", json!(item.published_at)),
        ("updated_at", json!(item.updated_at)),
        ("authors", json!(detail.authors)),
        ("media", json!(detail.media)),
        ("references", json!(detail.references)),
        ("tags", json!(detail.tags)),
        ("language", json!(detail.language)),
        ("data", detail.data),
    ]
}

/// On one line, without control characters, cut.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = plain.take(limits::REPLAY_SHOWN_CHARS).collect();
    if text.chars().nth(limits::REPLAY_SHOWN_CHARS).is_some() {
        cut.push('…');
    }
    cut
}
