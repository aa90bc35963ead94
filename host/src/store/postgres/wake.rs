//! Being woken by other processes.
//!
//! Owns: the channel by which one process tells the others that something has become due (`NOTIFY` when a transaction commits),
//! and the one connection that listens to it. It is a hint only: whoever misses it finds out by asking, as without it. Only what
//! people do and what gates let through is told; claims and commits are not, as every `NOTIFY` waits for a lock of the whole
//! server.

use std::sync::Arc;

use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tidegate_core::limits;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::store::trouble::Outcome;

/// The channel. Channels belong to one database.
const CHANNEL: &str = "tidegate_due";

/// Tells all who listen, when the transaction commits.
pub(super) async fn tell(conn: &mut PgConnection) -> Outcome<()> {
    sqlx::query("SELECT pg_notify('tidegate_due', '')").execute(conn).await?;
    Ok(())
}

/// Listens until it is dropped; `told` hears of it. Whatever may have been missed while the line was down counts as told.
pub(super) async fn listen(options: PgConnectOptions, told: Arc<Notify>) {
    loop {
        if let Ok(Ok(listener)) = timeout(limits::PG_CONNECT, connect(&options)).await {
            hear(listener, &told).await;
        }
        tokio::time::sleep(limits::PG_LISTEN_PAUSE).await;
    }
}

/// Hears until the line is dead. A line on which nothing is told says nothing about that: it is asked.
async fn hear(mut listener: PgListener, told: &Notify) {
    loop {
        told.notify_one();
        loop {
            match timeout(limits::PG_LISTEN_PAUSE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None) | Err(_)) => return,
                Err(_) => {
                    let asked = timeout(limits::PG_CONNECT, sqlx::query("SELECT 1").execute(&mut listener)).await;
                    if !matches!(asked, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    // sqlx listens by way of a pool of its own.
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
