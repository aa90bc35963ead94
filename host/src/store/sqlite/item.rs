//! Rows of `item`.
//!
//! Owns: looking up what is known of a page's items, writing them, and marking removals. Must not know: which items are taken; that is [`Intake`](tidegate_core::item::Intake)'s, asked by `commit`.

use std::collections::HashMap;
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, SqliteConnection};
use tidegate_core::contract::{Metric, Removal};
use tidegate_core::id::{ItemId, SourceId};
use tidegate_core::item::{Detail, Item};
use tidegate_core::limits;
use tidegate_core::schedule::adaptive::Published;
use tidegate_core::time::UtcMillis;

use crate::store::rows::item::{Origin, Stored, item_columns, read};
use crate::store::rows::source::json;
use crate::store::rows::{self, Cells};
use crate::store::trouble::Outcome;

/// Rows of one insert. There is one statement for each number up to it, made and prepared when first needed.
const ROWS: usize = 32;

/// What is stored of these items, by external id.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    source: SourceId,
    items: &[Item],
) -> Outcome<HashMap<String, Stored>> {
    let ids: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).collect();
    let sql = "SELECT external_id, fingerprint, metrics, removed_at FROM item
        WHERE source = ?1 AND external_id IN (SELECT value FROM json_each(?2))";
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(json(&ids)?).fetch_all(conn).await?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (external_id, stored) = rows::item::stored(row)?;
        known.insert(external_id, stored);
    }
    Ok(known)
}

/// The whole items stored under these external ids.
pub(super) async fn whole(
    conn: &mut SqliteConnection,
    source: SourceId,
    ids: &[&str],
) -> Outcome<HashMap<String, Item>> {
    let sql = concat!(
        "SELECT ",
        item_columns!(),
        " FROM item i WHERE i.source = ?1 AND i.external_id IN (SELECT value FROM json_each(?2))"
    );
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(json(&ids)?).fetch_all(conn).await?;
    let mut items = HashMap::with_capacity(rows.len());
    for row in &rows {
        let item = read(row)?.item;
        items.insert(item.external_id.clone(), item);
    }
    Ok(items)
}

/// Writes items, new ones and changed ones alike: what is there under the same identity keeps its id and its arrival.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    origin: Origin<'_>,
    mut items: Vec<(ItemId, Item)>,
) -> Outcome<()> {
    while !items.is_empty() {
        let rest = items.split_off(items.len().min(ROWS));
        let mut query = sqlx::query(AssertSqlSafe(upsert(items.len())));
        for (id, item) in items {
            let now = origin.now.as_millis();
            let detail = (item.detail != Detail::default()).then(|| json(&item.detail)).transpose()?;
            let metrics = (!item.metrics.is_empty()).then(|| json(&item.metrics)).transpose()?;
            query = query
                .bind(id.to_bytes().to_vec())
                .bind(origin.source.to_bytes().to_vec())
                .bind(origin.tenant.to_string())
                .bind(item.external_id)
                .bind(item.fingerprint.cast_signed())
                .bind(metrics)
                .bind(item.published_at.map_or(now, UtcMillis::as_millis))
                .bind(now)
                .bind(now)
                .bind(item.published_at.map(UtcMillis::as_millis))
                .bind(item.updated_at.map(UtcMillis::as_millis))
                .bind(origin.page.map(|page| page.to_bytes().to_vec()))
                .bind(item.element)
                .bind(item.kind)
                .bind(item.url)
                .bind(item.title)
                .bind(item.summary)
                .bind(detail)
                .bind(item.text)
                .bind(item.html);
        }
        query.execute(&mut *conn).await?;
        items = rest;
    }
    Ok(())
}

/// The statement that writes so many rows. Its parameters have no numbers: SQLite looks a numbered one up in a list.
fn upsert(rows: usize) -> &'static str {
    static STATEMENTS: [OnceLock<String>; ROWS] = [const { OnceLock::new() }; ROWS];
    let make = || {
        let one = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
        let all = vec![one; rows].join(",");
        format!(
            "INSERT INTO item (id, source, tenant, external_id, fingerprint, metrics, sort_at, first_seen_at, changed_at,
            published_at, updated_at, page, element, kind, url, title, summary, detail, text, html) VALUES {all}
            ON CONFLICT (source, external_id) DO UPDATE SET fingerprint = excluded.fingerprint,
            metrics = excluded.metrics, removed_at = NULL, removed_why = NULL,
            sort_at = coalesce(excluded.published_at, item.first_seen_at), changed_at = excluded.changed_at,
            published_at = excluded.published_at, updated_at = excluded.updated_at, page = excluded.page,
            element = excluded.element, kind = excluded.kind, url = excluded.url, title = excluded.title,
            summary = excluded.summary, detail = excluded.detail, text = excluded.text, html = excluded.html"
        )
    };
    match STATEMENTS.get(rows.saturating_sub(1)) {
        Some(statement) => statement.get_or_init(make),
        // `write` never asks for more than `ROWS`.
        None => "",
    }
}

/// Writes new metrics of known items.
pub(super) async fn write_metrics(
    conn: &mut SqliteConnection,
    origin: Origin<'_>,
    items: &[(String, Vec<Metric>)],
) -> Outcome<()> {
    let mut rows = Vec::with_capacity(items.len());
    for (external_id, metrics) in items {
        rows.push((external_id, (!metrics.is_empty()).then(|| json(metrics)).transpose()?));
    }
    let sql = "UPDATE item SET metrics = j.value ->> 1, changed_at = ?2, removed_at = NULL, removed_why = NULL
        FROM json_each(?3) j WHERE item.source = ?1 AND item.external_id = j.value ->> 0";
    sqlx::query(sql)
        .bind(origin.source.to_bytes().to_vec())
        .bind(origin.now.as_millis())
        .bind(json(&rows)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Unmarks items that were taken away and are there again, unchanged.
pub(super) async fn restore(conn: &mut SqliteConnection, origin: Origin<'_>, ids: &[String]) -> Outcome<()> {
    let sql = "UPDATE item SET removed_at = NULL, removed_why = NULL, changed_at = ?2
        WHERE source = ?1 AND external_id IN (SELECT value FROM json_each(?3))";
    sqlx::query(sql)
        .bind(origin.source.to_bytes().to_vec())
        .bind(origin.now.as_millis())
        .bind(json(&ids)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Marks items as gone; gives how many were not so already.
pub(super) async fn remove(conn: &mut SqliteConnection, origin: Origin<'_>, removals: &[Removal]) -> Outcome<u64> {
    let at = |removal: &Removal| removal.at.as_deref().and_then(UtcMillis::parse).unwrap_or(origin.now).as_millis();
    let rows: Vec<_> = removals.iter().map(|r| (r.external_id.replace('\0', "\u{fffd}"), at(r), &r.reason)).collect();
    let sql = "UPDATE item SET removed_at = j.value ->> 1, removed_why = j.value ->> 2, changed_at = ?2
        FROM json_each(?3) j
        WHERE item.source = ?1 AND item.external_id = j.value ->> 0 AND item.removed_at IS NULL";
    let done = sqlx::query(sql)
        .bind(origin.source.to_bytes().to_vec())
        .bind(origin.now.as_millis())
        .bind(json(&rows)?)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// How often a source publishes, by its newest items.
pub(super) async fn rhythm(conn: &mut SqliteConnection, source: SourceId) -> Outcome<Option<Published>> {
    let sql = "SELECT id, published_at FROM item WHERE source = ?1 AND published_at IS NOT NULL
        ORDER BY sort_at DESC, id DESC LIMIT ?2";
    let rows = sqlx::query(sql).bind(source.to_bytes().to_vec()).bind(limits::PUBLISHED.1).fetch_all(conn).await?;
    let mut times = Vec::with_capacity(rows.len());
    for row in &rows {
        times.push(Cells::new(row, "item", "id").time("published_at")?);
    }
    Ok(Published::of(times))
}
