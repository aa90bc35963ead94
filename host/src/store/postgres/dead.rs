//! Rows of `dead_letter`, and the kept pages they are about.
//!
//! Owns: writing letters with the most that are kept, listing, counting and discarding them. Must not know: what takes them
//! up again (`replay`, `extra`), or which runs become letters (the core's settlement says so).

use std::collections::BTreeSet;

use sqlx::{PgConnection, Postgres, QueryBuilder};
use tidegate_core::contract::Reject;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::id::{PageId, ProfileName, RunId, Tenant};
use tidegate_core::limits;
use tidegate_core::source::Source;
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, clean, column};
use super::list::Listing;
use crate::ports::{DeadCount, DeadFilter, DeadLetter, LetterId, PageRow, RawPage};
use crate::store::rows::dead::{count, page_row, raw_page, read};
use crate::store::trouble::Outcome;

/// Where letters come from: the run and the attempt that leave them, with its source.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) run: RunId,
    pub(super) attempt: u32,
    pub(super) source: &'a Source,
    pub(super) now: UtcMillis,
}

/// What a letter is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// A rejected element of a page.
    Element(Option<PageId>, &'a Reject),
    /// A run that nothing tries again, and what it asked for last.
    Run(&'a Failure, Option<&'a str>),
}

impl About<'_> {
    const fn word(&self) -> &'static str {
        match self {
            Self::Element(..) => "element",
            Self::Run(..) => "run",
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Element(..) => Class::BadAnswer,
            Self::Run(failure, _) => failure.class,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Element(_, reject) => &reject.reason,
            Self::Run(failure, _) => &failure.message,
        }
    }

    fn reject(&self) -> Option<&Reject> {
        match self {
            Self::Element(_, reject) => Some(reject),
            Self::Run(..) => None,
        }
    }
}

/// Writes letters down.
pub(super) async fn bury(conn: &mut PgConnection, letters: &[(From<'_>, About<'_>)]) -> Outcome<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO dead_letter
            (kind, source, tenant, profile, run, attempt, page, element, class, reason, extra, request, created_at)
        SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[],
            $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[])";
    let page = |about: &About<'_>| if let About::Element(page, _) = about { page.map(Uid::from) } else { None };
    let request =
        |about: &About<'_>| if let About::Run(_, Some(text)) = about { Some(clean(text).into_owned()) } else { None };
    sqlx::query(sql)
        .bind(column(letters, |(_, about)| about.word()))
        .bind(column(letters, |(from, _)| Uid::from(from.source.id)))
        .bind(column(letters, |(from, _)| from.source.tenant.as_str()))
        .bind(column(letters, |(from, _)| from.source.profile.as_str()))
        .bind(column(letters, |(from, _)| Uid::from(from.run)))
        .bind(column(letters, |(from, _)| i64::from(from.attempt)))
        .bind(column(letters, |(_, about)| page(about)))
        .bind(column(letters, |(_, about)| about.reject().map(|reject| i64::from(reject.element))))
        .bind(column(letters, |(_, about)| about.class().word()))
        .bind(column(letters, |(_, about)| clean(about.reason())))
        .bind(column(letters, |(_, about)| about.reject().and_then(|reject| reject.extra.as_deref()).map(clean)))
        .bind(column(letters, |(_, about)| request(about)))
        .bind(column(letters, |(from, _)| from.now.as_millis()))
        .execute(&mut *conn)
        .await?;
    let places: BTreeSet<_> = letters.iter().map(|(from, _)| (&from.source.tenant, &from.source.profile)).collect();
    for (tenant, profile) in places {
        trim(conn, tenant, profile).await?;
    }
    Ok(())
}

/// Lets the oldest letters of a tenant and profile go that are too many. Somebody else who is about to do the same is passed
/// over: the next one that is written comes by here again.
async fn trim(conn: &mut PgConnection, tenant: &Tenant, profile: &ProfileName) -> Outcome<()> {
    let sql =
        "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE tenant = $1 AND profile = $2 AND id <=
            (SELECT id FROM dead_letter WHERE tenant = $1 AND profile = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)
        ORDER BY id FOR UPDATE SKIP LOCKED)";
    sqlx::query(sql)
        .bind(tenant.as_str())
        .bind(profile.as_str())
        .bind(i64::from(limits::DEAD_LETTERS_MOST))
        .execute(conn)
        .await?;
    Ok(())
}

/// Marks letters as taken up by a run.
pub(super) async fn mark(conn: &mut PgConnection, letters: &[LetterId], by: RunId, now: UtcMillis) -> Outcome<()> {
    let sql = "UPDATE dead_letter SET retried_at = $2, retried_by = $3 WHERE id = ANY($1)";
    sqlx::query(sql).bind(letters).bind(now.as_millis()).bind(Uid::from(by)).execute(conn).await?;
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
        .and(" AND d.source = ", filter.source.map(Uid::from))
        .and(" AND d.kind = ", filter.kind.map(|kind| clean(&kind).into_owned()))
        .and(" AND d.class = ", filter.class.map(Class::word))
        // Of the ASCII letters alone, whatever the database's locale.
        .and(
            " AND 0 < strpos(lower(d.reason COLLATE \"C\"), ",
            filter.reason.as_ref().map(|text| clean(text).to_ascii_lowercase()),
        );
    if filter.reason.is_some() {
        listing.and_always(")");
    }
    listing
        .and(" AND d.created_at >= ", filter.since.map(UtcMillis::as_millis))
        .and(" AND d.id < ", filter.before)
        .and(" AND d.id <= ", filter.up_to);
}

pub(super) async fn list(conn: &mut PgConnection, filter: DeadFilter) -> Outcome<Vec<DeadLetter>> {
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

pub(super) async fn counts(conn: &mut PgConnection, filter: DeadFilter) -> Outcome<Vec<DeadCount>> {
    let sql = "SELECT d.tenant, d.profile, d.kind, d.class, count(*) AS letters, max(d.id) AS last
        FROM dead_letter d WHERE true";
    let mut listing = Listing::new(sql);
    narrow(&mut listing, filter);
    listing.and_always(
        " GROUP BY d.tenant, d.profile, d.kind, d.class
        ORDER BY d.tenant, d.profile, d.kind COLLATE \"C\", d.class COLLATE \"C\"",
    );
    let rows = listing.query().build().persistent(false).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| count(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn discard(conn: &mut PgConnection, filter: DeadFilter, limit: u32) -> Outcome<u64> {
    let mut listing = Listing::new("DELETE FROM dead_letter WHERE id IN (SELECT d.id FROM dead_letter d WHERE true");
    narrow(&mut listing, filter);
    let query: &mut QueryBuilder<Postgres> = listing.query();
    query.push(" ORDER BY d.id LIMIT ").push_bind(i64::from(limit)).push(" FOR UPDATE)");
    Ok(query.build().persistent(false).execute(conn).await?.rows_affected())
}

pub(super) async fn pages(conn: &mut PgConnection, run: RunId) -> Outcome<Vec<PageRow>> {
    let sql = "SELECT id, attempt, number, status, url, body_bytes, fetched_at, keep_until FROM page WHERE run = $1
        ORDER BY attempt, number, id LIMIT $2";
    let rows = sqlx::query(sql).bind(Uid::from(run)).bind(i64::from(limits::LIST_ROWS)).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| page_row(row)).collect::<Result<_, _>>()?)
}

pub(super) async fn page(conn: &mut PgConnection, id: PageId) -> Outcome<Option<RawPage>> {
    let sql = "SELECT id, number, status, url, meta, body, body_bytes, fetched_at, keep_until, left_out FROM page WHERE id = $1";
    let found = sqlx::query(sql).bind(Uid::from(id)).fetch_optional(conn).await?;
    Ok(found.as_ref().map(|row| raw_page(row)).transpose()?)
}
