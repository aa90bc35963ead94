//! Deleting what is kept too long, and checking that all is sound.
//!
//! Owns: the bounds of what is kept, and that one daemon at a time deletes. Must not know: when it is called.

use sqlx::PgConnection;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::{ledger, rate, schedule};
use crate::store::rows::Cells;
use crate::store::rows::ledger::signed;
use crate::store::trouble::Outcome;

/// Elected for the transaction; whoever is not finds nothing to do.
const ELECT: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended('tidegate upkeep', 0))";

pub(super) async fn expire(conn: &mut PgConnection, now: UtcMillis, most: usize) -> Outcome<u64> {
    let elected: bool = sqlx::query_scalar(ELECT).fetch_one(&mut *conn).await?;
    if !elected {
        return Ok(0);
    }
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let sql = "DELETE FROM page WHERE id IN (SELECT id FROM page WHERE keep_until < $1 ORDER BY keep_until LIMIT $2)";
    let pages = sqlx::query(sql).bind(now.as_millis()).bind(signed(most)).execute(&mut *conn).await?;
    let gone = pages.rows_affected();
    let sql = "DELETE FROM dead_letter WHERE id IN (SELECT id FROM
        (SELECT id, created_at FROM dead_letter ORDER BY id LIMIT $2) oldest WHERE created_at < $1)";
    let before = now.minus(limits::DEAD_LETTERS_KEPT).as_millis();
    let left = signed(most.saturating_sub(gone));
    let letters = sqlx::query(sql).bind(before).bind(left).execute(&mut *conn).await?;
    let gone = gone + letters.rows_affected();
    let gone = gone + rate::forget(conn, now, most.saturating_sub(gone)).await?;
    let old = schedule::forget(conn, now.minus(limits::LEDGER_KEPT), most.saturating_sub(gone)).await?;
    Ok(gone + old)
}

/// What hangs on nothing, as far as the database does not keep that itself; then ours of the ledger. PostgreSQL checks its
/// own pages when they are read, if the cluster was made with checksums.
pub(super) async fn check(conn: &mut PgConnection) -> Outcome<Vec<String>> {
    let sql = "SELECT 'item' AS name, i.id FROM item i WHERE NOT EXISTS (SELECT 1 FROM source s WHERE s.id = i.source)
        UNION ALL SELECT 'page', p.id FROM page p WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = p.run)
        UNION ALL SELECT 'dead_letter of run', d.run FROM dead_letter d
            WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = d.run)
        LIMIT 100";
    let mut problems = Vec::new();
    for row in &sqlx::query(sql).persistent(false).fetch_all(&mut *conn).await? {
        let cells = Cells::new(row, "item", "name");
        let id: tidegate_core::id::ItemId = cells.id("id")?;
        problems.push(format!("{} {:032x} hangs on nothing", cells.text("name")?, id.bits()));
    }
    problems.extend(ledger::imbalances(conn).await?);
    Ok(problems)
}
