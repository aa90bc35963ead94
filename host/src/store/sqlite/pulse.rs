//! The numbers that are watched.
//!
//! Owns: counting them from indexes. Must not know: who watches.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use super::SqliteStore;
use crate::ports::{Pulse, Pulses, StoreError};
use crate::store::rows::Cells;
use crate::store::trouble::Outcome;

#[async_trait]
impl Pulses for SqliteStore {
    async fn pulse(&self, now: UtcMillis) -> Result<Pulse, StoreError> {
        self.read("count what is due", Box::new(move |conn| Box::pin(pulse(conn, now)))).await
    }
}

async fn pulse(conn: &mut SqliteConnection, now: UtcMillis) -> Outcome<Pulse> {
    // The conditions are those of the indexes `run_live` and `run_waiting`, word by word: what has ended is not looked at.
    let sql = "SELECT
        (SELECT count(*) FROM (SELECT 1 FROM source WHERE due_at <= ?1 LIMIT ?2)) AS due,
        (SELECT min(due_at) FROM source WHERE due_at <= ?1) AS due_since,
        (SELECT count(*) FROM run WHERE stage IN ('running', 'waiting')) AS live,
        (SELECT count(*) FROM run WHERE stage = 'waiting') AS waiting,
        (SELECT count(*) FROM alert) AS alerts";
    let most = i64::try_from(limits::DUE_COUNTED).unwrap_or(i64::MAX);
    let row = sqlx::query(sql).bind(now.as_millis()).bind(most).fetch_one(conn).await?;
    let cells = Cells::new(&row, "source", "due");
    let (live, waiting) = (cells.count::<u64>("live")?, cells.count::<u64>("waiting")?);
    Ok(Pulse {
        due: cells.count("due")?,
        due_since: cells.opt_time("due_since")?,
        running: live.saturating_sub(waiting),
        waiting,
        alerts: cells.count("alerts")?,
    })
}
