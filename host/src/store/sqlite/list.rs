//! Listings for people: filters become conditions.
//!
//! Owns: how a listing grows, the text of three listing queries and the limit above all others. Must not know: how rows are read.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use tidegate_core::limits;
use tidegate_core::source::Source;

use crate::ports::{ItemFilter, ItemRow, RunFilter, RunRow, SourceFilter};
use crate::store::rows::item::{self, item_columns};
use crate::store::rows::run::{self, run_columns};
use crate::store::rows::source::{Row, source_columns};
use crate::store::trouble::Outcome;

/// What is asked for, within the store's own limit; 0 asks for that.
fn rows(limit: u32) -> i64 {
    i64::from(if limit == 0 { limits::LIST_ROWS } else { limit.min(limits::LIST_ROWS) })
}

/// A query that grows by conditions.
pub(super) struct Listing(QueryBuilder<Sqlite>);

impl Listing {
    pub(super) fn new(sql: &'static str) -> Self {
        Self(QueryBuilder::new(sql))
    }

    pub(super) fn and<T>(&mut self, condition: &'static str, value: Option<T>) -> &mut Self
    where
        T: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + 'static,
    {
        if let Some(value) = value {
            self.0.push(condition).push_bind(value);
        }
        self
    }

    /// A condition, or a part of the query, that holds always.
    pub(super) fn and_always(&mut self, sql: &'static str) -> &mut Self {
        self.0.push(sql);
        self
    }

    pub(super) fn query(&mut self) -> &mut QueryBuilder<Sqlite> {
        &mut self.0
    }

    pub(super) fn end(&mut self, order: &'static str, limit: u32) -> &mut Self {
        self.0.push(order).push(" LIMIT ").push_bind(rows(limit));
        self
    }
}

pub(super) async fn sources(conn: &mut SqliteConnection, filter: SourceFilter) -> Outcome<Vec<Source>> {
    let mut listing = Listing::new(concat!("SELECT ", source_columns!(), " FROM source s WHERE true"));
    listing
        .and(" AND s.tenant = ", filter.tenant.map(|tenant| tenant.to_string()))
        .and(" AND s.profile = ", filter.profile.map(|profile| profile.to_string()))
        .and(" AND s.state = ", filter.state)
        .and(" AND s.id > ", filter.after.map(|id| id.to_bytes().to_vec()))
        .end(" ORDER BY s.id", filter.limit);
    let found = listing.0.build().persistent(false).fetch_all(conn).await?;
    Ok(found.iter().map(|row| Row::read(row).map(|row| row.source)).collect::<Result<_, _>>()?)
}

pub(super) async fn runs(conn: &mut SqliteConnection, filter: RunFilter) -> Outcome<Vec<RunRow>> {
    let sql = concat!("SELECT ", run_columns!(), " FROM run r JOIN source s ON s.id = r.source WHERE true");
    let mut listing = Listing::new(sql);
    listing
        .and(" AND r.source = ", filter.source.map(|id| id.to_bytes().to_vec()))
        .and(" AND s.tenant = ", filter.tenant.map(|tenant| tenant.to_string()))
        .and(" AND r.stage = ", filter.stage.map(run::stage_word))
        .and(" AND r.ending = ", filter.ending.map(tidegate_core::run::Ending::word))
        .and(" AND r.id < ", filter.before.map(|id| id.to_bytes().to_vec()))
        .end(" ORDER BY r.id DESC", filter.limit);
    let found = listing.0.build().persistent(false).fetch_all(conn).await?;
    Ok(found.iter().map(|row| run::read(row)).collect::<Result<_, _>>()?)
}

/// Sorted by an index where a source or a tenant is named. Where neither is, the keys of all items are looked through, but
/// only those that are shown are read.
pub(super) async fn items(conn: &mut SqliteConnection, filter: ItemFilter) -> Outcome<Vec<ItemRow>> {
    let sql =
        concat!("SELECT ", item_columns!(), " FROM item i WHERE i.rowid IN (SELECT k.rowid FROM item k WHERE true");
    let mut listing = Listing::new(sql);
    listing
        .and(" AND k.source = ", filter.source.map(|id| id.to_bytes().to_vec()))
        .and(" AND k.tenant = ", filter.tenant.map(|tenant| tenant.to_string()));
    if let Some((at, id)) = filter.before {
        listing.0.push(" AND (k.sort_at, k.id) < (").push_bind(at.as_millis());
        listing.0.push(", ").push_bind(id.to_bytes().to_vec()).push(")");
    }
    listing.end(" ORDER BY k.sort_at DESC, k.id DESC", filter.limit);
    listing.0.push(") ORDER BY i.sort_at DESC, i.id DESC");
    let found = listing.0.build().persistent(false).fetch_all(conn).await?;
    Ok(found.iter().map(|row| item::read(row)).collect::<Result<_, _>>()?)
}
