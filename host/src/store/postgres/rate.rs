//! Rows of `rate` and `host`.
//!
//! Owns: the locks on them. A claim takes those of its rates after its sources and before the ledger; a turn at a host takes
//! hosts only. Each takes all it needs at once, in the order of the keys. Must not know: the rules, which are
//! `tidegate_core::rate`'s.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sqlx::PgConnection;
use tidegate_core::id::ProfileName;
use tidegate_core::limits;
use tidegate_core::rate::{Line, RunRate, Turned};
use tidegate_core::time::UtcMillis;

use super::cell::{column, millis};
use super::{PostgresStore, parked};
use crate::ports::{HostRow, Hosts, StoreError, TurnAsk, TurnBack};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::rows::rate::{Needed, host, host_row, turn};
use crate::store::rows::source::json;
use crate::store::trouble::Outcome;

/// The line before these rates, held until the transaction ends.
pub(super) async fn hold(
    conn: &mut PgConnection,
    wanted: impl Iterator<Item = &RunRate>,
    now: UtcMillis,
) -> Outcome<Line> {
    let needed = Needed::of(wanted);
    let keys = needed.all();
    if keys.is_empty() {
        return Ok(Line::default());
    }
    // What counts runs under way is held too: two that count at once would both find room.
    let make = "INSERT INTO rate (scope, changed_at) SELECT j.scope, $2 FROM unnest($1::text[]) AS j(scope)
        ORDER BY j.scope COLLATE \"C\" ON CONFLICT DO NOTHING";
    sqlx::query(make).bind(&keys).bind(now.as_millis()).execute(&mut *conn).await?;
    let take =
        "SELECT scope, minute_at, hour_at, tail_at FROM rate WHERE scope = ANY($1) ORDER BY scope FOR NO KEY UPDATE";
    stand(conn, &needed, take).await
}

/// The line before these rates as it stands.
async fn read(conn: &mut PgConnection, wanted: Vec<RunRate>) -> Outcome<Line> {
    let take = "SELECT scope, minute_at, hour_at, tail_at FROM rate WHERE scope = ANY($1)";
    stand(conn, &Needed::of(&wanted), take).await
}

async fn stand(conn: &mut PgConnection, needed: &Needed, take: &'static str) -> Outcome<Line> {
    let mut line = Line::default();
    for row in &sqlx::query(take).bind(needed.all()).fetch_all(&mut *conn).await? {
        needed.put(&mut line, row)?;
    }
    let (accounts, profiles) = needed.counts();
    let accounts = if accounts { parked::under_way(conn).await? } else { BTreeMap::new() };
    let profiles = if profiles { of_profiles(conn).await? } else { BTreeMap::new() };
    needed.put_under_way(&mut line, &accounts, &profiles);
    Ok(line)
}

/// Runs under way.
async fn of_profiles(conn: &mut PgConnection) -> Outcome<BTreeMap<ProfileName, u32>> {
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
pub(super) async fn write(conn: &mut PgConnection, line: &Line, now: UtcMillis) -> Outcome<()> {
    let changed: Vec<_> = line.changed().collect();
    if changed.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE rate r SET minute_at = j.minute_at, hour_at = j.hour_at, tail_at = j.tail_at, changed_at = $5
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS j(scope, minute_at, hour_at, tail_at)
        WHERE r.scope = j.scope";
    sqlx::query(sql)
        .bind(column(&changed, |(scope, _)| scope.key()))
        .bind(column(&changed, |(_, place)| place.pace.minute_at.as_millis()))
        .bind(column(&changed, |(_, place)| place.pace.hour_at.as_millis()))
        .bind(column(&changed, |(_, place)| place.tail_at.as_millis()))
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

#[async_trait]
impl Hosts for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn turns(&self, asks: Vec<TurnAsk>, backs: Vec<TurnBack>, now: UtcMillis) -> Result<Vec<Turned>, StoreError> {
        self.write("take turns at hosts", Box::new(move |conn| Box::pin(turns(conn, asks, backs, now)))).await
    }

    async fn line(&self, rates: Vec<RunRate>) -> Result<Line, StoreError> {
        self.read("read the rates", Box::new(move |conn| Box::pin(read(conn, rates)))).await
    }

    async fn closed_hosts(&self, now: UtcMillis) -> Result<Vec<HostRow>, StoreError> {
        self.read("list closed hosts", Box::new(move |conn| Box::pin(closed(conn, now)))).await
    }
}

async fn turns(
    conn: &mut PgConnection,
    asks: Vec<TurnAsk>,
    backs: Vec<TurnBack>,
    now: UtcMillis,
) -> Outcome<Vec<Turned>> {
    let names: BTreeSet<&str> =
        asks.iter().map(|ask| ask.host.as_str()).chain(backs.iter().map(|b| b.host.as_str())).collect();
    let names: Vec<&str> = names.into_iter().collect();
    // Lost with the machine's power at worst, with the requests that were under way then: no flush for this.
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *conn).await?;
    let make = "INSERT INTO host (name, changed_at) SELECT j.name, $2 FROM unnest($1::text[]) AS j(name)
        ORDER BY j.name COLLATE \"C\" ON CONFLICT DO NOTHING";
    sqlx::query(make).bind(&names).bind(now.as_millis()).execute(&mut *conn).await?;
    let mut hosts = BTreeMap::new();
    let take = "SELECT name, state FROM host WHERE name = ANY($1) ORDER BY name FOR NO KEY UPDATE";
    for row in &sqlx::query(take).bind(&names).fetch_all(&mut *conn).await? {
        hosts.extend([host(row)?]);
    }
    let answers = turn(&mut hosts, &asks, &backs, now);
    let states = hosts.values().map(json).collect::<Outcome<Vec<_>>>()?;
    let sql = "UPDATE host h SET state = j.state, closed_until = j.closed_until, changed_at = $4
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS j(name, state, closed_until) WHERE h.name = j.name";
    sqlx::query(sql)
        .bind(column(hosts.keys(), String::as_str))
        .bind(states)
        .bind(column(hosts.values(), |state| millis(state.closed(now).map(|(closed, _)| closed.until))))
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(answers)
}

async fn closed(conn: &mut PgConnection, now: UtcMillis) -> Outcome<Vec<HostRow>> {
    let sql = "SELECT name, state FROM host WHERE closed_until > $1 ORDER BY name";
    let mut rows = Vec::new();
    for row in &sqlx::query(sql).bind(now.as_millis()).fetch_all(conn).await? {
        let (name, state) = host(row)?;
        rows.push(host_row(name, &state, now));
    }
    Ok(rows)
}

/// Deletes what is known of hosts and rates that nothing has asked for in [`limits::HOST_KEPT`]; gives how many.
pub(super) async fn forget(conn: &mut PgConnection, now: UtcMillis, most: u64) -> Outcome<u64> {
    // A line may reach further than an hour's rate remembers.
    let before = now.minus(limits::HOST_KEPT).as_millis();
    let rates =
        "DELETE FROM rate WHERE scope IN (SELECT scope FROM rate WHERE changed_at < $1 ORDER BY changed_at LIMIT $2)";
    let hosts =
        "DELETE FROM host WHERE name IN (SELECT name FROM host WHERE changed_at < $1 ORDER BY changed_at LIMIT $2)";
    let mut gone = 0;
    for sql in [rates, hosts] {
        let done = sqlx::query(sql).bind(before).bind(signed(most - gone)).execute(&mut *conn).await?;
        gone += done.rows_affected();
    }
    Ok(gone)
}
