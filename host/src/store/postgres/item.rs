//! Rows of `item`.
//!
//! Owns: looking up what is known of the items of many pages, writing them, and marking removals: one statement each, however
//! many pages. Must not know: which items are taken; that is [`Intake`](tidegate_core::item::Intake)'s, asked by `commit`.

use std::collections::HashMap;

use sqlx::PgConnection;
use tidegate_core::contract::Metric;
use tidegate_core::id::{ItemId, PageId, SourceId, Tenant};
use tidegate_core::item::{Detail, Item};
use tidegate_core::limits;
use tidegate_core::schedule::adaptive::Published;
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column, millis, uids};
use crate::store::rows::Cells;
use crate::store::rows::item::{Stored, item_columns, read, stored};
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// Rows of one statement: more are written by several.
const ROWS: usize = 1_000;

/// An item's identity: its source, and the platform's id of it.
pub(super) type Identity<'a> = (SourceId, &'a str);

/// An item to be written.
pub(super) struct Whole<'a> {
    pub(super) id: ItemId,
    pub(super) source: SourceId,
    pub(super) tenant: &'a Tenant,
    /// The raw page, if it is kept.
    pub(super) page: Option<PageId>,
    pub(super) now: UtcMillis,
    pub(super) item: &'a Item,
}

/// What else happens to items that are there.
pub(super) enum Change<'a> {
    /// Their metrics are others.
    Metrics(&'a [Metric]),
    /// They were taken away, and are there again.
    Back,
    /// They are gone.
    Gone(UtcMillis, String),
}

/// What is stored under these identities.
pub(super) async fn known(
    conn: &mut PgConnection,
    wanted: &[Identity<'_>],
) -> Outcome<HashMap<SourceId, HashMap<String, Stored>>> {
    let mut known: HashMap<SourceId, HashMap<String, Stored>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(known);
    }
    let sql = "SELECT i.source, i.external_id, i.fingerprint, i.metrics, i.removed_at
        FROM unnest($1::uuid[], $2::text[]) AS j(source, external_id)
        JOIN item i ON i.source = j.source AND i.external_id = j.external_id";
    for row in &of(sql, wanted).fetch_all(conn).await? {
        let (external_id, stored) = stored(row)?;
        let source = Cells::new(row, "item", "external_id").id("source")?;
        known.entry(source).or_default().insert(external_id, stored);
    }
    Ok(known)
}

/// The whole items stored under these identities.
pub(super) async fn whole(
    conn: &mut PgConnection,
    wanted: &[Identity<'_>],
) -> Outcome<HashMap<SourceId, HashMap<String, Item>>> {
    let mut items: HashMap<SourceId, HashMap<String, Item>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(items);
    }
    let sql = concat!(
        "SELECT ",
        item_columns!(),
        " FROM unnest($1::uuid[], $2::text[]) AS j(source, external_id)
        JOIN item i ON i.source = j.source AND i.external_id = j.external_id"
    );
    for row in &of(sql, wanted).fetch_all(conn).await? {
        let row = read(row)?;
        items.entry(row.source).or_default().insert(row.item.external_id.clone(), row.item);
    }
    Ok(items)
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn of(sql: &'static str, wanted: &[Identity<'_>]) -> Query {
    let (sources, ids) = (column(wanted, |(source, _)| Uid::from(*source)), column(wanted, |(_, id)| *id));
    sqlx::query(sql).bind(sources).bind(ids)
}

/// Writes items, new ones and changed ones alike: what is there under the same identity keeps its id and its arrival. Each
/// identity stands here once.
pub(super) async fn write(conn: &mut PgConnection, items: &[Whole<'_>]) -> Outcome<()> {
    for items in items.chunks(ROWS) {
        upsert(conn, items).await?;
    }
    Ok(())
}

async fn upsert(conn: &mut PgConnection, items: &[Whole<'_>]) -> Outcome<()> {
    let sql = "INSERT INTO item (id, source, tenant, external_id, fingerprint, metrics, sort_at, first_seen_at, changed_at,
            published_at, updated_at, page, element, kind, url, title, summary, detail, text, html)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::bigint[], $14::text[], $15::text[],
            $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
        ON CONFLICT (source, external_id) DO UPDATE SET fingerprint = excluded.fingerprint,
            metrics = excluded.metrics, removed_at = NULL, removed_why = NULL,
            sort_at = coalesce(excluded.published_at, item.first_seen_at), changed_at = excluded.changed_at,
            published_at = excluded.published_at, updated_at = excluded.updated_at, page = excluded.page,
            element = excluded.element, kind = excluded.kind, url = excluded.url, title = excluded.title,
            summary = excluded.summary, detail = excluded.detail, text = excluded.text, html = excluded.html";
    let (mut metrics, mut details) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for Whole { item, .. } in items {
        metrics.push((!item.metrics.is_empty()).then(|| json(&item.metrics)).transpose()?);
        details.push((item.detail != Detail::default()).then(|| json(&item.detail)).transpose()?);
    }
    let now = column(items, |row| row.now.as_millis());
    sqlx::query(sql)
        .bind(column(items, |row| Uid::from(row.id)))
        .bind(column(items, |row| Uid::from(row.source)))
        .bind(column(items, |row| row.tenant.as_str()))
        .bind(column(items, |row| row.item.external_id.as_str()))
        .bind(column(items, |row| row.item.fingerprint.cast_signed()))
        .bind(metrics)
        .bind(column(items, |row| row.item.published_at.unwrap_or(row.now).as_millis()))
        .bind(now.clone())
        .bind(now)
        .bind(column(items, |row| millis(row.item.published_at)))
        .bind(column(items, |row| millis(row.item.updated_at)))
        .bind(column(items, |row| row.page.map(Uid::from)))
        .bind(column(items, |row| i64::from(row.item.element)))
        .bind(column(items, |row| clean(&row.item.kind)))
        .bind(column(items, |row| row.item.url.as_deref().map(clean)))
        .bind(column(items, |row| row.item.title.as_deref().map(clean)))
        .bind(column(items, |row| row.item.summary.as_deref().map(clean)))
        .bind(details)
        .bind(column(items, |row| row.item.text.as_deref().map(clean)))
        .bind(column(items, |row| row.item.html.as_deref().map(clean)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes items that are there. Gives those that it changed, by source: of those that are gone, those that were not so
/// already. Each identity stands here once.
pub(super) async fn change(
    conn: &mut PgConnection,
    changes: &[(Identity<'_>, UtcMillis, Change<'_>)],
) -> Outcome<Vec<SourceId>> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "UPDATE item i SET changed_at = j.now, removed_at = j.removed_at, removed_why = j.removed_why,
            metrics = CASE WHEN j.measured THEN j.metrics ELSE i.metrics END
        FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::boolean[], $5::text[], $6::bigint[], $7::text[])
            AS j(source, external_id, now, measured, metrics, removed_at, removed_why)
        WHERE i.source = j.source AND i.external_id = j.external_id
            AND (j.removed_at IS NULL OR i.removed_at IS NULL) RETURNING i.source, i.external_id";
    let mut metrics = Vec::with_capacity(changes.len());
    for (_, _, change) in changes {
        metrics.push(match change {
            Change::Metrics(given) if !given.is_empty() => Some(json(given)?),
            Change::Metrics(_) | Change::Back | Change::Gone(..) => None,
        });
    }
    let gone = |change: &Change<'_>| if let Change::Gone(at, _) = change { Some(at.as_millis()) } else { None };
    let rows = sqlx::query(sql)
        .bind(column(changes, |((source, _), ..)| Uid::from(*source)))
        .bind(column(changes, |((_, id), ..)| *id))
        .bind(column(changes, |(_, now, _)| now.as_millis()))
        .bind(column(changes, |(.., change)| matches!(change, Change::Metrics(_))))
        .bind(metrics)
        .bind(column(changes, |(.., change)| gone(change)))
        .bind(column(changes, |(.., change)| match change {
            Change::Gone(_, why) => Some(clean(why)),
            Change::Metrics(_) | Change::Back => None,
        }))
        .fetch_all(conn)
        .await?;
    let mut changed = Vec::with_capacity(rows.len());
    for row in &rows {
        changed.push(Cells::new(row, "item", "external_id").id("source")?);
    }
    Ok(changed)
}

/// How often these sources publish, by their newest items; those that tell too little are left out.
pub(super) async fn rhythms(conn: &mut PgConnection, sources: &[SourceId]) -> Outcome<HashMap<SourceId, Published>> {
    if sources.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT s.id AS source, i.id, i.published_at FROM unnest($1::uuid[]) AS s(id) CROSS JOIN LATERAL
        (SELECT id, published_at FROM item WHERE source = s.id AND published_at IS NOT NULL
         ORDER BY sort_at DESC, id DESC LIMIT $2) i";
    let most = i64::from(limits::PUBLISHED.1);
    let rows = sqlx::query(sql).bind(uids(sources.iter().copied())).bind(most).fetch_all(conn).await?;
    let mut times: HashMap<SourceId, Vec<UtcMillis>> = HashMap::with_capacity(sources.len());
    for row in &rows {
        let cells = Cells::new(row, "item", "id");
        times.entry(cells.id("source")?).or_default().push(cells.time("published_at")?);
    }
    Ok(times.into_iter().filter_map(|(source, times)| Some((source, Published::of(times)?))).collect())
}
