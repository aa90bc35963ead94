//! Opening a database.
//!
//! Owns: how sessions are set up (their timeouts, and what finds a peer that is gone), the checks before the first use, and the
//! three ways in: as a daemon, for a person's wishes, and to bring the schema up to date. Must not know: any table.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::committer::Committer;
use super::error::Server;
use super::pool::{Manner, Pool, Work, connect_once};
use super::schedule::Floor;
use super::{PostgresStore, schema, source, wake};
use crate::database::DatabaseUrl;
use crate::ports::StoreError;
use crate::store::trouble::Outcome;

/// The oldest release that knows all that is asked of it here (`tcp_user_timeout` came with 12; 13 is the oldest that was
/// tried).
const OLDEST: i32 = 130_000;

impl PostgresStore {
    /// Opens the database as one of any number of daemons. An empty database gets its schema; one that is out of date is
    /// refused, as other daemons may be working on it.
    ///
    /// # Errors
    /// [`StoreError::OldSchema`], [`StoreError::TooNew`]; [`StoreError::Database`] if the server cannot be reached or refuses,
    /// if the database holds tables of another program or is not UTF-8.
    pub async fn open(url: &DatabaseUrl, connections: u32, now: UtcMillis) -> Result<Self, StoreError> {
        let store = Self::open_shared(url, connections, now).await?;
        store.unpark().await?;
        let listening = wake::listen(store.options.clone(), Arc::clone(&store.told));
        let ended = store.ending.clone().cancelled_owned();
        store.tasks.spawn(async move {
            tokio::select! { () = listening => {}, () = ended => {} }
        });
        Ok(store)
    }

    /// The same for a person's wishes, with daemons or without.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_shared(url: &DatabaseUrl, connections: u32, now: UtcMillis) -> Result<Self, StoreError> {
        let server = Server::new(url);
        let options = options(url, &server)?;
        let found = greet(&options, &server).await?;
        let pool = Pool::new(options.clone(), connections, server.clone());
        let version = schema::version(&server, found)?;
        if version == 0 {
            bring_up(&pool, now).await?;
        } else if version < schema::KNOWN {
            pool.close().await;
            return Err(StoreError::OldSchema {
                database: server.name().to_owned(),
                found: version,
                known: schema::KNOWN,
            });
        }
        Ok(Self::over(pool, options))
    }

    /// Brings the schema up to date. Gives the version it had and the one it has.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], but for an old schema.
    pub async fn migrate(url: &DatabaseUrl, now: UtcMillis) -> Result<(i64, i64), StoreError> {
        let server = Server::new(url);
        let options = options(url, &server)?;
        greet(&options, &server).await?;
        let pool = Pool::new(options, 1, server);
        let before = bring_up(&pool, now).await;
        pool.close().await;
        Ok((before?, schema::KNOWN))
    }

    fn over(pool: Pool, options: PgConnectOptions) -> Self {
        let (committer, work) = Committer::new(pool.clone());
        let tasks = tokio_util::task::TaskTracker::new();
        tasks.spawn(work);
        Self {
            pool,
            committer: Mutex::new(Some(committer)),
            floor: Mutex::new(Floor::default()),
            told: Arc::new(Notify::new()),
            ending: CancellationToken::new(),
            options,
            tasks,
        }
    }

    /// Looks at every source again that was put off: a budget may have been raised, a plugin added. Some at a time, as others
    /// are at work on them.
    pub(super) async fn unpark(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let work: Work<_> = Box::new(move |conn| Box::pin(source::unpark_after(conn, after, limits::PG_UNPARK)));
            after = self.pool.run(Manner::Write, "look at all sources again", work).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

async fn bring_up(pool: &Pool, now: UtcMillis) -> Result<i64, StoreError> {
    let server = pool.server().clone();
    let doing = "bring the schema up to date";
    pool.run(
        Manner::Long,
        doing,
        Box::new(move |conn| Box::pin(async move { schema::migrate(conn, &server, now).await })),
    )
    .await
}

/// How a session is set up. What is set here holds at the server, also for a daemon that is stopped or cut off.
fn options(url: &DatabaseUrl, server: &Server) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|error| server.refuse("read the address of the database", error.to_string()))?;
    let ms = |limit: Duration| limit.as_millis().to_string();
    let seconds = |limit: Duration| limit.as_secs().to_string();
    let settings = [
        ("statement_timeout", ms(limits::PG_STATEMENT)),
        ("lock_timeout", ms(limits::PG_LOCK)),
        ("idle_in_transaction_session_timeout", ms(limits::PG_IDLE_IN_TRANSACTION)),
        // The server drops a client that does not answer; a client drops a server by its own patience.
        ("tcp_keepalives_idle", seconds(limits::PG_KEEPALIVE)),
        ("tcp_keepalives_interval", seconds(limits::PG_KEEPALIVE)),
        ("tcp_keepalives_count", "2".to_owned()),
        ("tcp_user_timeout", ms(limits::PG_KEEPALIVE * 3)),
        // Small queries: compiling them takes longer than running them.
        ("jit", "off".to_owned()),
        // Plans are kept, and those of a new database are made while its tables are empty, the server's own for foreign keys
        // too: each would then walk over a table that has grown meanwhile, until it is next analyzed. Every question here has an
        // index.
        ("enable_seqscan", "off".to_owned()),
    ];
    let named = options.get_application_name().is_some();
    let options = options.options(settings).statement_cache_capacity(256).disable_statement_logging();
    Ok(if named { options } else { options.application_name("tidegate") })
}

/// Connects once and looks at what is there, so that what is wrong is said at once.
async fn greet(options: &PgConnectOptions, server: &Server) -> Result<schema::Found, StoreError> {
    let seen = async {
        let mut conn = connect_once(options).await?;
        fit(&mut conn, server).await?;
        let found = schema::found(&mut conn).await?;
        conn.close().await?;
        Ok(found)
    };
    seen.await.map_err(|trouble| server.trouble("open the database", trouble))
}

async fn fit(conn: &mut PgConnection, server: &Server) -> Outcome<()> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')";
    let (version, encoding): (i32, String) = sqlx::query_as(sql).persistent(false).fetch_one(conn).await?;
    let refuse = |why: String| Err(server.refuse("open the database", why).into());
    if version < OLDEST {
        let (major, least) = (version / 10_000, OLDEST / 10_000);
        return refuse(format!("this is PostgreSQL {major}; {least} is the least"));
    }
    if encoding != "UTF8" {
        return refuse(format!("its encoding is {encoding}; make the database with ENCODING 'UTF8'"));
    }
    Ok(())
}
