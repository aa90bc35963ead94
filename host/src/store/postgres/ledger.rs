//! Rows of `ledger` and `reservation`.
//!
//! Owns: the locks on windows, loading and writing balances, and settling what runs have reserved. A transaction takes these
//! locks last, all that it needs at once, in the order of the table's key: so nobody who holds one waits for anything but the
//! disk, and 16 daemons never pass a limit. Must not know: the rule, which is [`Balance`]'s.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use tidegate_core::budget::{Balance, Reservation, Window};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::time::UtcMillis;

use super::cell::{Uid, column, uids};
use crate::ports::LedgerRow;
use crate::store::rows::Cells;
use crate::store::rows::ledger::{WINDOW_MOST, balance, open, signed};
use crate::store::trouble::Outcome;

/// The key of a window, as the table has it: its start, its scope, what is measured.
type Key = (i64, String, String);

fn key(window: &Window) -> Key {
    (window.start.as_millis(), window.scope.key(), window.measure.word().to_owned())
}

/// Balances of some windows, held until the transaction ends.
#[derive(Debug, Default)]
pub(super) struct Balances(BTreeMap<Key, Balance>);

impl Balances {
    /// Takes the windows of these reservations, making those that are not there yet.
    pub(super) async fn hold<'r>(
        conn: &mut PgConnection,
        wanted: impl Iterator<Item = &'r Reservation>,
    ) -> Outcome<Self> {
        let wanted: BTreeMap<Key, &str> = wanted.map(|r| (key(&r.window), r.window.zone.name())).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let sql = "INSERT INTO ledger (start, scope, measure, zone)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS j(start, scope, measure, zone)
            ORDER BY j.start, j.scope COLLATE \"C\", j.measure COLLATE \"C\" ON CONFLICT DO NOTHING";
        sqlx::query(sql)
            .bind(column(wanted.keys(), |key| key.0))
            .bind(column(wanted.keys(), |key| &key.1))
            .bind(column(wanted.keys(), |key| &key.2))
            .bind(column(wanted.values(), |zone| *zone))
            .execute(&mut *conn)
            .await?;
        Self::lock(conn, wanted).await
    }

    /// Takes windows that are there.
    async fn lock<V>(conn: &mut PgConnection, wanted: BTreeMap<Key, V>) -> Outcome<Self> {
        let sql = "SELECT l.start, l.scope, l.measure, l.reserved, l.spent FROM ledger l
            WHERE (l.start, l.scope, l.measure) IN (SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]))
            ORDER BY l.start, l.scope, l.measure FOR NO KEY UPDATE";
        let rows = sqlx::query(sql)
            .bind(column(wanted.keys(), |key| key.0))
            .bind(column(wanted.keys(), |key| &key.1))
            .bind(column(wanted.keys(), |key| &key.2))
            .fetch_all(conn)
            .await?;
        let mut held = BTreeMap::new();
        for row in &rows {
            let cells = Cells::new(row, "ledger", "scope");
            held.insert((cells.int("start")?, cells.text("scope")?, cells.text("measure")?), balance(&cells)?);
        }
        Ok(Self(held))
    }

    /// Reserves all of these or none. `Err`: the first that does not fit, and what stands in its window.
    pub(super) fn reserve(&mut self, wanted: &[Reservation]) -> Result<(), (Reservation, Balance)> {
        let mut after = BTreeMap::new();
        for reservation in wanted {
            let key = key(&reservation.window);
            let before = after.get(&key).or_else(|| self.0.get(&key)).copied().unwrap_or_default();
            // What a column cannot hold does not fit either.
            let most = reservation.limit.min(i64::MAX.unsigned_abs());
            match before.reserve(reservation.amount, most) {
                Some(balance) => after.insert(key, balance),
                None => return Err((reservation.clone(), before)),
            };
        }
        self.0.extend(after);
        Ok(())
    }

    /// Writes all of them back.
    pub(super) async fn write(self, conn: &mut PgConnection) -> Outcome<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE ledger l SET reserved = j.reserved, spent = j.spent
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
                AS j(start, scope, measure, reserved, spent)
            WHERE l.start = j.start AND l.scope = j.scope AND l.measure = j.measure";
        sqlx::query(sql)
            .bind(column(self.0.keys(), |key| key.0))
            .bind(column(self.0.keys(), |key| &key.1))
            .bind(column(self.0.keys(), |key| &key.2))
            .bind(column(self.0.values(), |balance| signed(balance.reserved)))
            .bind(column(self.0.values(), |balance| signed(balance.spent)))
            .execute(conn)
            .await?;
        Ok(())
    }
}

/// What is given back of a window, and what was spent in it instead.
type Settled = BTreeMap<Key, (u64, u64)>;

/// Books settlements, as [`Balance::settle`] says.
async fn book(conn: &mut PgConnection, settled: Settled) -> Outcome<()> {
    if settled.is_empty() {
        return Ok(());
    }
    let mut balances = Balances::lock(conn, settled.clone()).await?;
    for (key, (amount, used)) in &settled {
        if let Some(balance) = balances.0.get_mut(key) {
            *balance = balance.settle(*amount, *used);
        }
    }
    balances.write(conn).await
}

fn add(settled: &mut Settled, row: &sqlx::postgres::PgRow, used: u64) -> Outcome<()> {
    let cells = Cells::new(row, "reservation", "scope");
    let key = (cells.int("start")?, cells.text("scope")?, cells.text("measure")?);
    let sum = settled.entry(key).or_default();
    *sum = (sum.0.saturating_add(cells.count("amount")?), sum.1.saturating_add(used));
    Ok(())
}

/// Settles what runs have reserved of runs. `bool`: whether it counts as spent.
pub(super) async fn settle_runs(conn: &mut PgConnection, runs: &[(RunId, bool)]) -> Outcome<()> {
    let mut settled = Settled::new();
    give_back(conn, runs, &mut settled).await?;
    book(conn, settled).await
}

/// Settles runs that have ended, each of which counts as one, and what those of them that may have paid have reserved of
/// money: all windows at once, as they are taken in order.
pub(super) async fn settle_ended(conn: &mut PgConnection, runs: &[RunId], paid: &[RunId]) -> Outcome<()> {
    let spent: Vec<_> = runs.iter().map(|run| (*run, true)).collect();
    let mut settled = Settled::new();
    give_back(conn, &spent, &mut settled).await?;
    for run in paid {
        close(conn, *run, &mut settled).await?;
    }
    book(conn, settled).await
}

/// Settles what a run that was given up has reserved, of runs and of money.
pub(super) async fn settle_given_up(conn: &mut PgConnection, run: RunId, spent: bool) -> Outcome<()> {
    let mut settled = Settled::new();
    give_back(conn, &[(run, spent)], &mut settled).await?;
    close(conn, run, &mut settled).await?;
    book(conn, settled).await
}

/// Settles what a run has reserved of money, if nothing of it is open any more.
pub(super) async fn settle_money(conn: &mut PgConnection, run: RunId) -> Outcome<bool> {
    let mut settled = Settled::new();
    let closed = close(conn, run, &mut settled).await?;
    book(conn, settled).await?;
    Ok(closed)
}

/// The reservations of runs go.
async fn give_back(conn: &mut PgConnection, runs: &[(RunId, bool)], settled: &mut Settled) -> Outcome<()> {
    let sql = "DELETE FROM reservation v USING unnest($1::uuid[], $2::boolean[]) AS j(run, spent)
        WHERE v.run = j.run AND v.measure = 'runs-per-day' RETURNING v.start, v.scope, v.measure, v.amount, j.spent";
    let rows = sqlx::query(sql)
        .bind(uids(runs.iter().map(|(run, _)| *run)))
        .bind(column(runs, |(_, spent)| *spent))
        .fetch_all(conn)
        .await?;
    for row in &rows {
        let spent = Cells::new(row, "reservation", "scope").flag("spent")?;
        add(settled, row, u64::from(spent))?;
    }
    Ok(())
}

/// If nothing of a run is open any more, its reservations of money go, what its settled actor runs cost is spent and they are
/// booked. While the cost of one may still grow, all of it stays reserved.
async fn close(conn: &mut PgConnection, run: RunId, settled: &mut Settled) -> Outcome<bool> {
    let open = "SELECT EXISTS (SELECT 1 FROM actor_run WHERE run = $1 AND stage IN ('intended', 'started', 'ended'))
        OR EXISTS (SELECT 1 FROM run WHERE id = $1 AND stage IN ('running', 'waiting'))";
    let open: bool = sqlx::query_scalar(open).bind(Uid::from(run)).fetch_one(&mut *conn).await?;
    if open {
        return Ok(false);
    }
    let costs = "UPDATE actor_run SET stage = 'booked' WHERE run = $1 AND stage = 'settled' RETURNING id, cost";
    let mut cost: u64 = 0;
    for row in &sqlx::query(costs).bind(Uid::from(run)).fetch_all(&mut *conn).await? {
        cost = cost.saturating_add(Cells::new(row, "actor_run", "id").count("cost")?);
    }
    let sql = "DELETE FROM reservation WHERE run = $1 AND measure <> 'runs-per-day'
        RETURNING start, scope, measure, amount";
    for row in &sqlx::query(sql).bind(Uid::from(run)).fetch_all(conn).await? {
        add(settled, row, cost)?;
    }
    Ok(true)
}

/// Settles all that the runs of a source still have reserved of money at the most it can have cost.
pub(super) async fn settle_worst(conn: &mut PgConnection, source: SourceId) -> Outcome<()> {
    let sql = "DELETE FROM reservation v USING run r WHERE r.id = v.run AND r.source = $1
        RETURNING v.start, v.scope, v.measure, v.amount, CASE v.measure WHEN 'runs-per-day' THEN 0 ELSE
            coalesce((SELECT sum(CASE a.stage WHEN 'settled' THEN a.cost ELSE greatest(a.charge_cap, a.cost) END)
                FROM actor_run a WHERE a.run = v.run AND a.stage IN ('intended', 'started', 'ended', 'settled')), 0)::bigint
            END AS cost";
    let mut settled = Settled::new();
    for row in &sqlx::query(sql).bind(Uid::from(source)).fetch_all(&mut *conn).await? {
        let cost = Cells::new(row, "reservation", "scope").count("cost")?;
        add(&mut settled, row, cost)?;
    }
    book(conn, settled).await
}

/// Windows that are open at `now`.
pub(super) async fn open_windows(conn: &mut PgConnection, now: UtcMillis) -> Outcome<Vec<LedgerRow>> {
    let sql = "SELECT start, scope, measure, zone, reserved, spent FROM ledger WHERE start BETWEEN $1 AND $2
        ORDER BY start, scope, measure";
    let rows = sqlx::query(sql).bind(now.minus(WINDOW_MOST).as_millis()).bind(now.as_millis()).fetch_all(conn).await?;
    Ok(rows.iter().filter_map(|row| open(row, now).transpose()).collect::<Result<_, _>>()?)
}

/// Windows whose reservations are not the sum of what live runs have reserved.
pub(super) async fn imbalances(conn: &mut PgConnection) -> Outcome<Vec<String>> {
    let sql = "SELECT l.scope, l.reserved, coalesce(v.amount, 0)::bigint AS live FROM ledger l LEFT JOIN
            (SELECT start, scope, measure, sum(amount) AS amount FROM reservation GROUP BY start, scope, measure) v
            ON v.start = l.start AND v.scope = l.scope AND v.measure = l.measure
        WHERE l.reserved <> coalesce(v.amount, 0) ORDER BY l.start, l.scope";
    let mut found = Vec::new();
    for row in &sqlx::query(sql).persistent(false).fetch_all(conn).await? {
        let cells = Cells::new(row, "ledger", "scope");
        let (scope, reserved, live) = (cells.text("scope")?, cells.int("reserved")?, cells.int("live")?);
        found.push(format!("ledger window {scope}: {reserved} reserved, but live runs hold {live}"));
    }
    Ok(found)
}
