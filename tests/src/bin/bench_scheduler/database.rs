//! One database, and what the bench does to it by hand: many sources at once, and their due times.
//!
//! Owns: that SQL, which writes rows as the store does. Must not know: what is measured.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tidegate::database::Typed;
use tidegate::ports::{Clock as _, Dice as _, Store, StoreError};
use tidegate::store::postgres::PostgresStore;
use tidegate::store::sqlite::{OpenOptions, SqliteStore};
use tidegate::system::{SystemClock, SystemDice};
use tidegate_core::id::DaemonId;
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_tests::Trouble;

/// Sources written by one statement.
const PORTION: u64 = 100_000;

/// Where it is.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// In a file.
    File(PathBuf),
    /// On a server.
    Server(String),
}

/// How sources are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fill {
    /// How many.
    pub(crate) sources: u64,
    /// The first due time; each has its own, in no order of the ids.
    pub(crate) due: UtcMillis,
    /// Over how many milliseconds due times are spread.
    pub(crate) over: u64,
    /// Whether each has run once, with a row for that.
    pub(crate) ran: bool,
    /// Whether their followers have been counted; there are none.
    pub(crate) counted: bool,
}

/// For `map_err`.
pub(crate) fn odd<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> Trouble {
    let what = what.to_owned();
    move |error| Trouble::Printed { what, printed: error.to_string() }
}

/// A connection of the bench's own.
pub(crate) enum Hand {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Hand {
    pub(crate) async fn exec(&mut self, sql: &str) -> Result<(), Trouble> {
        let text = AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::File(conn) => sqlx::raw_sql(text).execute(conn).await.map(drop),
            Self::Server(conn) => sqlx::raw_sql(text).execute(conn).await.map(drop),
        };
        done.map_err(odd(sql))
    }

    /// The whole numbers of the first row.
    pub(crate) async fn numbers<const N: usize>(&mut self, sql: &str) -> Result<[i64; N], Trouble> {
        let text = AssertSqlSafe(sql.to_owned());
        let mut numbers = [0; N];
        let read = async {
            match self {
                Self::File(conn) => {
                    let row = sqlx::query(text).fetch_one(conn).await?;
                    for (at, number) in numbers.iter_mut().enumerate() {
                        *number = row.try_get(at)?;
                    }
                }
                Self::Server(conn) => {
                    let row = sqlx::query(text).fetch_one(conn).await?;
                    for (at, number) in numbers.iter_mut().enumerate() {
                        *number = row.try_get(at)?;
                    }
                }
            }
            Ok::<_, sqlx::Error>(())
        };
        read.await.map_err(odd(sql))?;
        Ok(numbers)
    }
}

impl FromStr for Database {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text.contains("://") { Self::Server(text.to_owned()) } else { Self::File(text.into()) })
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(url) => f.write_str(url),
        }
    }
}

impl Database {
    /// Opens it as a daemon does.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Trouble> {
        let now = SystemClock.now();
        let opened = async {
            Ok::<Arc<dyn Store>, StoreError>(match self {
                Self::File(path) => {
                    let daemon = DaemonId::new(now, SystemDice.throw());
                    Arc::new(SqliteStore::open(path, OpenOptions { create: true, daemon, now }).await?)
                }
                Self::Server(url) => {
                    let address = Typed::from(url.as_str()).server().ok().flatten();
                    let address = address.ok_or(StoreError::Closed { doing: format!("read {url}") })?;
                    Arc::new(PostgresStore::open(&address, limits::PG_CONNECTIONS, now).await?)
                }
            })
        };
        opened.await.map_err(odd("opening a database"))
    }

    /// Gives it its schema.
    pub(crate) async fn make(&self) -> Result<(), Trouble> {
        self.open().await?.close().await;
        Ok(())
    }

    /// A connection of the bench's own.
    pub(crate) async fn hand(&self) -> Result<Hand, Trouble> {
        let connected = async {
            Ok::<_, sqlx::Error>(match self {
                Self::File(path) => {
                    let options = SqliteConnectOptions::new().filename(path).busy_timeout(limits::STORE_BUSY);
                    Hand::File(options.connect().await?)
                }
                Self::Server(url) => Hand::Server(url.parse::<PgConnectOptions>()?.connect().await?),
            })
        };
        connected.await.map_err(odd("connecting to a database"))
    }

    /// One statement, or several.
    pub(crate) async fn exec(&self, sql: &str) -> Result<(), Trouble> {
        let mut hand = self.hand().await?;
        hand.exec(sql).await?;
        match hand {
            Hand::File(conn) => conn.close().await,
            Hand::Server(conn) => conn.close().await,
        }
        .map_err(odd("closing a connection"))
    }

    /// Writes sources `0xf0000001` and on of tenant `acme` and profile `bench`. Not flushed until the end, which is a
    /// checkpoint: what is measured afterwards begins with everything on disk.
    pub(crate) async fn fill(&self, fill: Fill) -> Result<(), Trouble> {
        let mut hand = self.hand().await?;
        let server = matches!(self, Self::Server(_));
        hand.exec(if server { "SET synchronous_commit = off" } else { "PRAGMA synchronous = OFF" }).await?;
        let mut from = 1;
        while from <= fill.sources {
            let to = (from + PORTION - 1).min(fill.sources);
            for sql in portion(fill, server, from, to) {
                hand.exec(&sql).await?;
            }
            from = to + 1;
        }
        if server {
            // Not together: a server refuses to vacuum in a transaction, which several statements are.
            hand.exec("VACUUM (ANALYZE) source").await?;
            hand.exec("VACUUM (ANALYZE) run").await?;
            hand.exec("CHECKPOINT").await
        } else {
            hand.exec("PRAGMA wal_checkpoint(TRUNCATE)").await
        }
    }

    /// Makes all sources due.
    pub(crate) async fn all_due(&self) -> Result<(), Trouble> {
        let now = SystemClock.now().as_millis();
        self.exec(&format!("UPDATE source SET next_at = {now}, next_trigger = 'schedule', due_at = {now}")).await
    }

    /// Runs that have ended well, with their new and their known items.
    pub(crate) async fn ended(&self) -> Result<[i64; 3], Trouble> {
        let sum = |column: &str| format!("CAST(coalesce(sum({column}), 0) AS bigint)");
        let (new, known) = (sum("items_new"), sum("duplicates"));
        let sql = format!("SELECT count(*), {new}, {known} FROM run WHERE ending IN ('ok', 'no-new')");
        self.hand().await?.numbers(&sql).await
    }
}

/// The statements for sources `from` to `to`.
fn portion(fill: Fill, server: bool, from: u64, to: u64) -> Vec<String> {
    let (with, numbers, id) = if server {
        (
            String::new(),
            format!("generate_series({from}::bigint, {to}) AS s(n)"),
            "lpad(to_hex(4026531840 + n), 32, '0')::uuid",
        )
    } else {
        let with = format!("WITH RECURSIVE s(n) AS (VALUES ({from}) UNION ALL SELECT n + 1 FROM s WHERE n < {to}) ");
        (with, "s".to_owned(), "unhex(printf('%032x', 4026531840 + n))")
    };
    let due = format!("{} + (n * 7919) % {}", fill.due.as_millis(), fill.over.max(1));
    let then = fill.due.as_millis() - 86_400_000;
    let followers = if fill.counted { "0" } else { "NULL" };
    let into = |table: &str, select: &str| match server {
        true => format!("INSERT INTO {table} SELECT {select} FROM {numbers}"),
        // In SQLite the names come from before the insert.
        false => format!("{with}INSERT INTO {table} SELECT {select} FROM {numbers}"),
    };
    let source = into(
        "source (id, tenant, profile, identifier, overrides, state, last_fetched_at, last_success_at, next_at, \
         next_trigger, due_at, total_runs, followers, created_at, updated_at)",
        &format!(
            "{id}, 'acme', 'bench', 'https://feeds.example.org/' || n || '.xml', '{{}}', 'active', {then}, {then}, {due}, \
             'schedule', {due}, 1, {followers}, {then}, {then}"
        ),
    );
    let run = into(
        "run (id, source, trigger, stage, attempt, generation, created_at, started_at, ended_at, ending, fetches)",
        &format!("{id}, {id}, 'bootstrap', 'ended', 1, 1, {then}, {then}, {then}, 'no-new', 1"),
    );
    if fill.ran { vec![source, run] } else { vec![source] }
}
