//! `items`: what has been ingested, newest first, in pages.

use serde_json::{Value, json};
use tidegate_core::id::ItemId;
use tidegate_core::time::UtcMillis;

use super::args::{ItemsArgs, Place};
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::output::{Output, short, table};
use crate::ports::{ItemFilter, ItemRow};

/// Lists items.
pub(super) async fn items(place: &Place, args: &ItemsArgs, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    let source = match &args.source {
        Some(name) => Some(find_source(&*store, name).await?.id),
        None => None,
    };
    let filter = ItemFilter {
        source,
        tenant: args.tenant.as_deref().map(tenant).transpose()?,
        before: args.before.as_deref().map(cursor).transpose()?,
        limit: args.limit,
    };
    let items = store.items(&filter).await?;
    let full = u32::try_from(items.len()).is_ok_and(|count| count >= args.limit);
    let next = items.last().filter(|_| full).map(|last| format!("{}/{}", last.sort_at, last.id));
    let data = json!({ "items": items.iter().map(item).collect::<Vec<_>>(), "next": next });
    output.data(&data, |_| {
        if items.is_empty() {
            return "no items".to_owned();
        }
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        let mut text = table(&["PUBLISHED", "TITLE", "URL"], &rows);
        if let Some(next) = &next {
            text.push_str(&format!("more with: --before {next}\n"));
        }
        text
    })?;
    Ok(Exit::Ok)
}

/// The cursor of a listing: `TIME/ID`.
fn cursor(text: &str) -> Result<(UtcMillis, ItemId), CliError> {
    let wrong = || CliError::usage(format!("--before {text:?} is not a cursor of an earlier listing"));
    let (at, id) = text.split_once('/').ok_or_else(wrong)?;
    Ok((UtcMillis::parse(at).ok_or_else(wrong)?, id.parse().map_err(|_| wrong())?))
}

fn row(row: &ItemRow) -> Vec<String> {
    let item = &row.item;
    let title = item.title.as_deref().or(item.text.as_deref()).unwrap_or("(no title)");
    let published = item.published_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    vec![published, short(title, 60), item.url.clone().unwrap_or_else(|| item.external_id.clone())]
}

/// An item as programs see it.
fn item(row: &ItemRow) -> Value {
    let item = &row.item;
    let metrics: serde_json::Map<String, Value> =
        item.metrics.iter().map(|metric| (metric.name.clone(), json!(metric.value))).collect();
    json!({
        "id": row.id,
        "source": row.source,
        "tenant": row.tenant,
        "external_id": item.external_id,
        "kind": item.kind,
        "url": item.url,
        "title": item.title,
        "text": item.text,
        "html": item.html,
        "summary": item.summary,
        "published_at": item.published_at,
        "updated_at": item.updated_at,
        "language": item.detail.language,
        "authors": item.detail.authors,
        "media": item.detail.media,
        "references": item.detail.references,
        "tags": item.detail.tags,
        "metrics": metrics,
        "data": item.detail.data,
        "first_seen_at": row.first_seen_at,
        "changed_at": row.changed_at,
        "removed": row.removed.as_ref().map(|(at, reason)| json!({ "at": at, "reason": reason })),
    })
}
