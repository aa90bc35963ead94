//! Single rows of `run`, the audit record.
//!
//! Owns: the question for one. Must not know: who writes them (`claim`, `commit`), how they are read (`rows`).

use sqlx::SqliteConnection;
use tidegate_core::id::RunId;

use crate::ports::RunRow;
use crate::store::rows::run::{read, run_columns};
use crate::store::trouble::Outcome;

pub(super) async fn one(conn: &mut SqliteConnection, id: RunId) -> Outcome<Option<RunRow>> {
    let sql = concat!("SELECT ", run_columns!(), " FROM run r JOIN source s ON s.id = r.source WHERE r.id = ?1");
    let found = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?;
    Ok(found.as_ref().map(|row| read(row)).transpose()?)
}
