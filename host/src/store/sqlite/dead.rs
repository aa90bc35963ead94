//! Rows of `dead_letter`, and the kept pages they are about.
//!
//! Owns: writing letters with the most that are kept, listing, counting and discarding them. Must not know: what takes them
//! up again (`replay`, `extra`), or which runs become letters (the core's settlement says so).

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use tidegate_core::contract::Reject;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{PageId, RunId};
use tidegate_core::limits;
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;

use super::list::Listing;
use crate::ports::{DeadCount, DeadFilter, DeadLetter, LetterId, PageRow, RawPage};
use crate::store::rows::dead::{count, page_row, raw_page, read};
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// Where letters come from: the run and the attempt that leave them, with its source.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) run: RunId,
    pub(super) attempt: u32,
    pub(super) source: &'a Source,
    pub(super) now: UtcMillis,
}

/// Writes rejected elements of a page down.
pub(super) async fn bury_elements(
    conn: &mut SqliteConnection,
    from: From<'_>,
    page: Option<PageId>,
    rejects: &[Reject],
) -> Outcome<()> {
    let rows: Vec<_> = rejects.iter().map(|reject| (reject.element, &reject.reason, &reject.extra)).collect();
    let sql = "INSERT INTO dead_letter
            (kind, source, tenant, profile, run, attempt, page, element, class, reason, extra, created_at)
        SELECT 'element', ?1, ?2, ?3, ?4, ?5, ?6, value ->> 0, ?7, value ->> 1, value ->> 2, ?8 FROM json_each(?9)";
    sqlx::query(sql)
        .bind(from.source.id.to_bytes().to_vec())
        .bind(from.source.tenant.to_string())
        .bind(from.source.profile.to_string())
        .bind(from.run.to_bytes().to_vec())
        .bind(from.attempt)
        .bind(page.map(|page| page.to_bytes().to_vec()))
        .bind(Class::BadAnswer.word())
        .bind(from.now.as_millis())
        .bind(json(&rows)?)
        .execute(&mut *conn)
        .await?;
    trim(conn, from.source).await
}

/// Writes a run down that nothing tries again.
pub(super) async fn bury_run(
    conn: &mut SqliteConnection,
    from: From<'_>,
    failure: &Failure,
    request: Option<String>,
) -> Outcome<()> {
    let sql =
        "INSERT INTO dead_letter (kind, source, tenant, profile, run, attempt, class, reason, request, created_at)
        VALUES ('run', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    sqlx::query(sql)
        .bind(from.source.id.to_bytes().to_vec())
        .bind(from.source.tenant.to_string())
        .bind(from.source.profile.to_string())
        .bind(from.run.to_bytes().to_vec())
        .bind(from.attempt)
        .bind(failure.class.word())
        .bind(failure.message.clone())
        .bind(request)
        .bind(from.now.as_millis())
        .execute(&mut *conn)
        .await?;
    trim(conn, from.source).await
}

/// Lets the oldest letters of a source's tenant and profile go that are too many.
async fn trim(conn: &mut SqliteConnection, source: &Source) -> Outcome<()> {
    let sql = "DELETE FROM dead_letter WHERE tenant = ?1 AND profile = ?2 AND id <=
        (SELECT id FROM dead_letter WHERE tenant = ?1 AND profile = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)";
    sqlx::query(sql)
        .bind(source.tenant.to_string())
        .bind(source.profile.to_string())
        .bind(limits::DEAD_LETTERS_MOST)
        .execute(conn)
        .await?;
    Ok(())
}

/// Marks letters as taken up by a run.
pub(super) async fn mark(conn: &mut SqliteConnection, letters: &[LetterId], by: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE dead_letter SET retried_at = ?2, retried_by = ?3 WHERE id IN (SELECT value FROM json_each(?1))";
    let letters = json(&letters)?;
    sqlx::query(sql).bind(letters).bind(now.as_millis()).bind(by.to_bytes().to_vec()).execute(conn).await?;
    Ok(())
}

/// The conditions of a filter, on the table under the name `d`.
fn narrow(listing: &mut Listing, filter: DeadFilter) {
    if !filter.retried {
        listing.and_always(" AND d.retried_at IS NULL");
    }
    listing
        .and(" AND d.id = ", filter.id)
        .and(" AND d.tenant = ", filter.tenant.map(|tenant| tenant.to_string()))
        .and(" AND d.profile = ", filter.profile.map(|profile| profile.to_string()))
        .and(" AND d.source = ", filter.source.map(|id| id.to_bytes().to_vec()))
        .and(" AND d.kind = ", filter.kind)
        .and(" AND d.class = ", filter.class.map(Class::word))
        .and(" AND 0 < instr(lower(d.reason), ", filter.reason.as_ref().map(|text| text.to_ascii_lowercase()));
    if filter.reason.is_some() {
        listing.and_always(")");
    }
    listing
        .and(" AND d.created_at >= ", filter.since.map(UtcMillis::as_millis))
        .and(" AND d.id < ", filter.before)
        .and(" AND d.id <= ", filter.up_to);
}

pub(super) async fn list(conn: &mut SqliteConnection, filter: DeadFilter) -> Outcome<Vec<DeadLetter>> {
    let sql = "SELECT d.id, d.kind, d.source, s.identifier, d.tenant, d.profile, d.run, d.attempt, d.page, d.element,
        d.class, d.reason, d.extra, d.request, d.created_at, d.retried_at, d.retried_by
        FROM dead_letter d JOIN source s ON s.id = d.source WHERE true";
    let mut listing = Listing::new(sql);
    let limit = filter.limit;
    narrow(&mut listing, filter);
    listing.end(" ORDER BY d.id DESC", limit);
    let rows = listing.query().build().persistent(false).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| read(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn counts(conn: &mut SqliteConnection, filter: DeadFilter) -> Outcome<Vec<DeadCount>> {
    let sql = "SELECT d.tenant, d.profile, d.kind, d.class, count(*) AS letters, max(d.id) AS last
        FROM dead_letter d WHERE true";
    let mut listing = Listing::new(sql);
    narrow(&mut listing, filter);
    listing.and_always(" GROUP BY d.tenant, d.profile, d.kind, d.class ORDER BY d.tenant, d.profile, d.kind, d.class");
    let rows = listing.query().build().persistent(false).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| count(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn discard(conn: &mut SqliteConnection, filter: DeadFilter, limit: u32) -> Outcome<u64> {
    let mut listing = Listing::new("DELETE FROM dead_letter WHERE id IN (SELECT d.id FROM dead_letter d WHERE true");
    narrow(&mut listing, filter);
    let query: &mut QueryBuilder<Sqlite> = listing.query();
    query.push(" ORDER BY d.id LIMIT ").push_bind(i64::from(limit)).push(")");
    Ok(query.build().persistent(false).execute(conn).await?.rows_affected())
}

pub(super) async fn pages(conn: &mut SqliteConnection, run: RunId) -> Outcome<Vec<PageRow>> {
    let sql = "SELECT id, attempt, number, status, url, body_bytes, fetched_at, keep_until FROM page WHERE run = ?1
        ORDER BY attempt, number, id LIMIT ?2";
    let rows = sqlx::query(sql).bind(run.to_bytes().to_vec()).bind(limits::LIST_ROWS).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| page_row(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn page(conn: &mut SqliteConnection, id: PageId) -> Outcome<Option<RawPage>> {
    let sql = "SELECT id, number, status, url, meta, body, body_bytes, fetched_at, keep_until, left_out FROM page WHERE id = ?1";
    let found = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?;
    Ok(found.as_ref().map(|row| raw_page(row)).transpose()?)
}
