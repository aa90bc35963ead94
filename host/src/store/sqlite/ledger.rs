//! Rows of `ledger` and `reservation`.
//!
//! Owns: loading and writing balances, and settling what a run has reserved. Must not know: the rule, which is
//! [`Balance`]'s. Called by claims, commits and everything that ends a claim.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqliteConnection};
use tidegate_core::budget::{Balance, Reservation, Window};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::time::UtcMillis;

use crate::ports::LedgerRow;
use crate::store::rows::Cells;
use crate::store::rows::ledger::{WINDOW_MOST, balance, open, signed};
use crate::store::trouble::Outcome;

/// Balances of some windows, held while the transaction may write and written back at its end.
#[derive(Debug, Default)]
pub(super) struct Balances(BTreeMap<Window, Balance>);

impl Balances {
    /// Reserves all of these or none. `Err`: the first that does not fit, and what stands in its window.
    pub(super) async fn reserve(
        &mut self,
        conn: &mut SqliteConnection,
        wanted: &[Reservation],
    ) -> Outcome<Result<(), (Reservation, Balance)>> {
        let mut after = BTreeMap::new();
        for reservation in wanted {
            let before = match after.get(&reservation.window) {
                Some(balance) => *balance,
                None => self.of(conn, &reservation.window).await?,
            };
            // What a column cannot hold does not fit either.
            let most = reservation.limit.min(i64::MAX.unsigned_abs());
            match before.reserve(reservation.amount, most) {
                Some(balance) => after.insert(reservation.window.clone(), balance),
                None => return Ok(Err((reservation.clone(), before))),
            };
        }
        self.0.extend(after);
        Ok(Ok(()))
    }

    async fn of(&mut self, conn: &mut SqliteConnection, window: &Window) -> Outcome<Balance> {
        if let Some(balance) = self.0.get(window) {
            return Ok(*balance);
        }
        let sql = "SELECT scope, reserved, spent FROM ledger WHERE start = ?1 AND scope = ?2 AND measure = ?3";
        let row = sqlx::query(sql)
            .bind(window.start.as_millis())
            .bind(window.scope.key())
            .bind(window.measure.word())
            .fetch_optional(conn)
            .await?;
        let balance = row.map(|row| balance(&Cells::new(&row, "ledger", "scope"))).transpose()?.unwrap_or_default();
        self.0.insert(window.clone(), balance);
        Ok(balance)
    }

    /// Writes all of them back.
    pub(super) async fn write(self, conn: &mut SqliteConnection) -> Outcome<()> {
        let sql = "INSERT INTO ledger (start, scope, measure, reserved, spent, zone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (start, scope, measure) DO UPDATE SET reserved = excluded.reserved, spent = excluded.spent";
        for (window, balance) in self.0 {
            sqlx::query(sql)
                .bind(window.start.as_millis())
                .bind(window.scope.key())
                .bind(window.measure.word())
                .bind(signed(balance.reserved))
                .bind(signed(balance.spent))
                .bind(window.zone.name().to_owned())
                .execute(&mut *conn)
                .await?;
        }
        Ok(())
    }
}

/// Settles what a run (`?1`) has reserved of runs, as [`Balance::settle`] says: the reservation goes, one run is spent. The
/// same in SQL because it stands in the script that ends a run.
macro_rules! settle_spent {
    () => {
        "UPDATE ledger SET reserved = max(ledger.reserved - v.amount, 0), spent = ledger.spent + 1
        FROM reservation v WHERE v.run = ?1 AND v.measure = 'runs-per-day' AND v.start = ledger.start
        AND v.scope = ledger.scope AND v.measure = ledger.measure;
        DELETE FROM reservation WHERE run = ?1 AND measure = 'runs-per-day'"
    };
}
pub(super) use settle_spent;

/// Settles what a run has reserved of runs. `spent`: whether it counts as one.
pub(super) async fn settle_run(conn: &mut SqliteConnection, run: RunId, spent: bool) -> Outcome<()> {
    let back = "UPDATE ledger SET reserved = max(ledger.reserved - v.amount, 0)
        FROM reservation v WHERE v.run = ?1 AND v.measure = 'runs-per-day' AND v.start = ledger.start
        AND v.scope = ledger.scope AND v.measure = ledger.measure;
        DELETE FROM reservation WHERE run = ?1 AND measure = 'runs-per-day'";
    let sql = if spent { settle_spent!() } else { back };
    sqlx::query(sql).bind(run.to_bytes().to_vec()).execute(conn).await?;
    Ok(())
}

/// Settles what a run has reserved of money, if nothing of it is open any more: the reservation goes, what its settled actor
/// runs cost is spent and they are booked. While the cost of one may still grow, all of it stays reserved.
pub(super) async fn settle_money(conn: &mut SqliteConnection, run: RunId) -> Outcome<bool> {
    let open = "SELECT EXISTS (SELECT 1 FROM actor_run WHERE run = ?1 AND stage IN ('intended', 'started', 'ended'))
        OR EXISTS (SELECT 1 FROM run WHERE id = ?1 AND stage IN ('running', 'waiting'))";
    let open: i64 = sqlx::query_scalar(open).bind(run.to_bytes().to_vec()).fetch_one(&mut *conn).await?;
    if open != 0 {
        return Ok(false);
    }
    let sql = "UPDATE ledger SET reserved = max(ledger.reserved - v.amount, 0), spent = ledger.spent +
            coalesce((SELECT sum(a.cost) FROM actor_run a WHERE a.run = ?1 AND a.stage = 'settled'), 0)
        FROM reservation v WHERE v.run = ?1 AND v.measure <> 'runs-per-day' AND v.start = ledger.start
        AND v.scope = ledger.scope AND v.measure = ledger.measure;
        DELETE FROM reservation WHERE run = ?1 AND measure <> 'runs-per-day';
        UPDATE actor_run SET stage = 'booked' WHERE run = ?1 AND stage = 'settled'";
    sqlx::query(sql).bind(run.to_bytes().to_vec()).execute(conn).await?;
    Ok(true)
}

/// Settles all that the runs of a source still have reserved of money at the most it can have cost.
pub(super) async fn settle_worst(conn: &mut SqliteConnection, source: SourceId) -> Outcome<()> {
    let sql = "UPDATE ledger SET reserved = max(ledger.reserved - w.amount, 0), spent = ledger.spent + w.cost
        FROM (SELECT v.start, v.scope, v.measure, sum(v.amount) AS amount,
                sum(coalesce((SELECT sum(CASE a.stage WHEN 'settled' THEN a.cost ELSE max(a.charge_cap, coalesce(a.cost, 0)) END)
                    FROM actor_run a WHERE a.run = v.run AND a.stage IN ('intended', 'started', 'ended', 'settled')), 0)) AS cost
            FROM reservation v WHERE v.measure <> 'runs-per-day' AND v.run IN (SELECT id FROM run WHERE source = ?1)
            GROUP BY v.start, v.scope, v.measure) w
        WHERE w.start = ledger.start AND w.scope = ledger.scope AND w.measure = ledger.measure;
        DELETE FROM reservation WHERE run IN (SELECT id FROM run WHERE source = ?1)";
    sqlx::query(sql).bind(source.to_bytes().to_vec()).execute(conn).await?;
    Ok(())
}

/// Windows that are open at `now`.
pub(super) async fn open_windows(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<Vec<LedgerRow>> {
    let sql = "SELECT start, scope, measure, zone, reserved, spent FROM ledger WHERE start BETWEEN ?1 AND ?2
        ORDER BY start, scope, measure";
    let rows = sqlx::query(sql).bind(now.minus(WINDOW_MOST).as_millis()).bind(now.as_millis()).fetch_all(conn).await?;
    Ok(rows.iter().filter_map(|row| open(row, now).transpose()).collect::<Result<_, _>>()?)
}

/// Windows whose reservations are not the sum of what live runs have reserved.
pub(super) async fn imbalances(conn: &mut SqliteConnection) -> Outcome<Vec<String>> {
    let sql = "SELECT scope, reserved, coalesce((SELECT sum(v.amount) FROM reservation v WHERE v.start = l.start
        AND v.scope = l.scope AND v.measure = l.measure), 0) AS live FROM ledger l WHERE reserved <> live";
    let rows = sqlx::query(sql).persistent(false).fetch_all(conn).await?;
    let mut found = Vec::new();
    for row in rows {
        let (scope, reserved, live): (String, i64, i64) =
            (row.try_get("scope")?, row.try_get("reserved")?, row.try_get("live")?);
        found.push(format!("ledger window {scope}: {reserved} reserved, but live runs hold {live}"));
    }
    Ok(found)
}
