//! Deleting what is kept too long, and checking that all is sound.
//!
//! Owns: the bounds of what is kept. Must not know: when it is called.

use sqlx::SqliteConnection;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::{ledger, rate, schedule};
use crate::store::rows::ledger::signed;
use crate::store::trouble::Outcome;

pub(super) async fn expire(conn: &mut SqliteConnection, now: UtcMillis, limit: usize) -> Outcome<u64> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let sql = "DELETE FROM page WHERE id IN (SELECT id FROM page WHERE keep_until < ?1 ORDER BY keep_until LIMIT ?2)";
    let pages = sqlx::query(sql).bind(now.as_millis()).bind(signed(limit)).execute(&mut *conn).await?;
    let gone = pages.rows_affected();
    let sql = "DELETE FROM dead_letter WHERE id IN (SELECT id FROM
        (SELECT id, created_at FROM dead_letter ORDER BY id LIMIT ?2) WHERE created_at < ?1)";
    let before = now.minus(limits::DEAD_LETTERS_KEPT).as_millis();
    let left = signed(limit.saturating_sub(gone));
    let letters = sqlx::query(sql).bind(before).bind(left).execute(&mut *conn).await?;
    let gone = gone + letters.rows_affected();
    let gone = gone + rate::forget(conn, now, limit.saturating_sub(gone)).await?;
    let old = schedule::forget(conn, now.minus(limits::LEDGER_KEPT), limit.saturating_sub(gone)).await?;
    Ok(gone + old)
}

/// SQLite's own checks of the file and of references, then ours of the ledger.
pub(super) async fn check(conn: &mut SqliteConnection) -> Outcome<Vec<String>> {
    let mut problems: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").persistent(false).fetch_all(&mut *conn).await?;
    problems.retain(|line| line != "ok");
    let sql = "SELECT \"table\" || ' refers to a missing ' || parent FROM pragma_foreign_key_check";
    let dangling: Vec<String> = sqlx::query_scalar(sql).persistent(false).fetch_all(&mut *conn).await?;
    problems.extend(dangling);
    problems.extend(ledger::imbalances(conn).await?);
    Ok(problems)
}
