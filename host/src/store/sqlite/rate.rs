//! Rows of `rate` and `host`.
//!
//! Owns: reading and writing them, inside a transaction that can already write. Must not know: the rules, which are
//! `tidegate_core::rate`'s.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::rate::{Line, RunRate, Turned};
use tidegate_core::time::UtcMillis;

use super::writer::Work;
use super::{SqliteStore, parked};
use crate::ports::{HostRow, Hosts, StoreError, TurnAsk, TurnBack};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::rate::{Needed, host, host_row, turn};
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// The line before these rates.
pub(super) async fn read(conn: &mut SqliteConnection, wanted: impl Iterator<Item = &RunRate>) -> Outcome<Line> {
    let needed = Needed::of(wanted);
    let mut line = Line::default();
    let keys = needed.paced();
    if !keys.is_empty() {
        let sql =
            "SELECT scope, minute_at, hour_at, tail_at FROM rate WHERE scope IN (SELECT value FROM json_each(?1))";
        for row in &sqlx::query(sql).bind(json(&keys)?).fetch_all(&mut *conn).await? {
            needed.put(&mut line, row)?;
        }
    }
    let (accounts, profiles) = needed.counts();
    let accounts = if accounts { parked::under_way(conn).await? } else { BTreeMap::new() };
    let profiles = if profiles { of_profiles(conn).await? } else { BTreeMap::new() };
    needed.put_under_way(&mut line, &accounts, &profiles);
    Ok(line)
}

/// Runs under way.
async fn of_profiles(conn: &mut SqliteConnection) -> Outcome<BTreeMap<ProfileName, u32>> {
    let sql = "SELECT s.profile, count(*) AS runs FROM run r JOIN source s ON s.id = r.source
        WHERE r.stage IN ('running', 'waiting') GROUP BY s.profile";
    let mut under_way = BTreeMap::new();
    for row in &sqlx::query(sql).fetch_all(conn).await? {
        let cells = Cells::new(row, "source", "profile");
        under_way.insert(cells.name("profile")?, cells.count("runs")?);
    }
    Ok(under_way)
}

/// Writes what has changed.
pub(super) async fn write(conn: &mut SqliteConnection, line: &Line, now: UtcMillis) -> Outcome<()> {
    let changed: Vec<_> = line
        .changed()
        .map(|(scope, place)| {
            let pace = place.pace;
            (scope.key(), pace.minute_at.as_millis(), pace.hour_at.as_millis(), place.tail_at.as_millis())
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO rate (scope, minute_at, hour_at, tail_at, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2 FROM json_each(?1) WHERE true
        ON CONFLICT (scope) DO UPDATE SET minute_at = excluded.minute_at, hour_at = excluded.hour_at,
            tail_at = excluded.tail_at, changed_at = excluded.changed_at";
    sqlx::query(sql).bind(json(&changed)?).bind(now.as_millis()).execute(conn).await?;
    Ok(())
}

#[async_trait]
impl Hosts for SqliteStore {
    fn is_shared(&self) -> bool {
        false
    }

    async fn turns(&self, asks: Vec<TurnAsk>, backs: Vec<TurnBack>, now: UtcMillis) -> Result<Vec<Turned>, StoreError> {
        self.schedule("take turns at hosts", Box::new(move |conn| Box::pin(turns(conn, asks, backs, now)))).await
    }

    async fn line(&self, rates: Vec<RunRate>) -> Result<Line, StoreError> {
        let work: Work<_> = Box::new(move |conn| Box::pin(async move { read(conn, rates.iter()).await }));
        self.read("read the rates", work).await
    }

    async fn closed_hosts(&self, now: UtcMillis) -> Result<Vec<HostRow>, StoreError> {
        self.read("list closed hosts", Box::new(move |conn| Box::pin(closed(conn, now)))).await
    }
}

async fn turns(
    conn: &mut SqliteConnection,
    asks: Vec<TurnAsk>,
    backs: Vec<TurnBack>,
    now: UtcMillis,
) -> Outcome<Vec<Turned>> {
    let names: BTreeSet<_> = asks.iter().map(|ask| &ask.host).chain(backs.iter().map(|back| &back.host)).collect();
    let mut hosts = BTreeMap::new();
    let sql = "SELECT name, state FROM host WHERE name IN (SELECT value FROM json_each(?1))";
    for row in &sqlx::query(sql).bind(json(&names)?).fetch_all(&mut *conn).await? {
        hosts.extend([host(row)?]);
    }
    let answers = turn(&mut hosts, &asks, &backs, now);
    let mut rows = Vec::with_capacity(hosts.len());
    for (name, state) in &hosts {
        let closed = state.closed(now).map(|(closed, _)| closed.until.as_millis());
        rows.push((name, json(state)?, closed));
    }
    let sql = "INSERT INTO host (name, state, closed_until, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, ?2 FROM json_each(?1) WHERE true
        ON CONFLICT (name) DO UPDATE SET state = excluded.state, closed_until = excluded.closed_until,
            changed_at = excluded.changed_at";
    sqlx::query(sql).bind(json(&rows)?).bind(now.as_millis()).execute(conn).await?;
    Ok(answers)
}

async fn closed(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<Vec<HostRow>> {
    let sql = "SELECT name, state FROM host WHERE closed_until > ?1 ORDER BY name";
    let mut rows = Vec::new();
    for row in &sqlx::query(sql).bind(now.as_millis()).fetch_all(conn).await? {
        let (name, state) = host(row)?;
        rows.push(host_row(name, &state, now));
    }
    Ok(rows)
}

/// Deletes what is known of hosts and rates that nothing has asked for in [`limits::HOST_KEPT`]; gives how many.
pub(super) async fn forget(conn: &mut SqliteConnection, now: UtcMillis, most: u64) -> Outcome<u64> {
    // A line may reach further than an hour's rate remembers.
    let before = now.minus(limits::HOST_KEPT).as_millis();
    let rates =
        "DELETE FROM rate WHERE scope IN (SELECT scope FROM rate WHERE changed_at < ?1 ORDER BY changed_at LIMIT ?2)";
    let hosts =
        "DELETE FROM host WHERE name IN (SELECT name FROM host WHERE changed_at < ?1 ORDER BY changed_at LIMIT ?2)";
    let mut gone = 0;
    for sql in [rates, hosts] {
        let done = sqlx::query(sql).bind(before).bind(signed(most - gone)).execute(&mut *conn).await?;
        gone += done.rows_affected();
    }
    Ok(gone)
}
