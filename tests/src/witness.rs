//! What happens in a PostgreSQL database that daemons share, seen from inside it.
//!
//! Owns: triggers beside the daemons' tables (`witness.sql`), which see every change and who made it, and questions to the
//! tables themselves: the commands show what daemons say of them. Must not know: how it came about. Each question is a connection
//! of its own, so that a server may be restarted in between. Called by the tests of many daemons.

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tokio::runtime::Runtime;

use crate::Trouble;

/// Somebody who looks on.
pub struct Witness {
    runtime: Runtime,
    options: PgConnectOptions,
}

/// One budget of runs at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// Windows: two if midnight has passed.
    pub windows: u64,
    /// Promised to runs under way.
    pub reserved: u64,
    /// Begun and ended.
    pub spent: u64,
    /// What the rows of runs say: how often they were begun.
    pub attempts: u64,
    /// What was seen: how often a run was claimed.
    pub claims: u64,
    /// Under way.
    pub running: u64,
    /// Reservations that stand.
    pub reservations: u64,
    /// Sources that are due.
    pub due: u64,
}

/// A session that stands in a transaction without working in it.
#[derive(Debug, Clone)]
pub struct Idle {
    /// Whose.
    pub app: String,
    /// For how long, in milliseconds.
    pub ms: i64,
    /// What it did last.
    pub query: String,
}

impl Witness {
    /// Looks on from now on; the schema has to be there. More than `most` runs a day are noted as wrong.
    ///
    /// # Errors
    /// What the server said.
    pub fn install(url: &str, most: u64) -> Result<Self, Trouble> {
        let witness = Self::at(url)?;
        witness.tell(include_str!("witness.sql"))?;
        witness.tell(&format!(
            "CREATE TRIGGER witness AFTER INSERT OR UPDATE ON ledger FOR EACH ROW EXECUTE FUNCTION witness.ledger_changed('{most}')"
        ))?;
        Ok(witness)
    }

    /// The same without triggers.
    ///
    /// # Errors
    /// When the address is none.
    pub fn at(url: &str) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::io("starting a runtime"))?;
        let options: PgConnectOptions = url
            .parse()
            .map_err(|error: sqlx::Error| Trouble::printed(format!("the address {url}"), &error.to_string()))?;
        Ok(Self { runtime, options: options.application_name("witness") })
    }

    /// Statements without an answer.
    ///
    /// # Errors
    /// What the server said.
    pub fn tell(&self, sql: &str) -> Result<(), Trouble> {
        let told = self.runtime.block_on(async {
            let mut conn = self.options.connect().await?;
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await?;
            conn.close().await
        });
        told.map_err(|error| Trouble::printed(sql.chars().take(200).collect::<String>(), &error.to_string()))
    }

    /// The rows of an answer, read by `read`.
    ///
    /// # Errors
    /// What the server said.
    pub fn rows<T>(&self, sql: &str, read: impl Fn(&PgRow) -> Result<T, sqlx::Error>) -> Result<Vec<T>, Trouble> {
        let rows = self.runtime.block_on(async {
            let mut conn = self.options.connect().await?;
            let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch_all(&mut conn).await?;
            conn.close().await?;
            rows.iter().map(read).collect::<Result<Vec<T>, sqlx::Error>>()
        });
        rows.map_err(|error| Trouble::printed(sql.chars().take(200).collect::<String>(), &error.to_string()))
    }

    /// One number; 0 where there is none.
    ///
    /// # Errors
    /// What the server said.
    pub fn number(&self, sql: &str) -> Result<i64, Trouble> {
        Ok(self.rows(sql, |row| row.try_get::<Option<i64>, _>(0))?.first().copied().flatten().unwrap_or(0))
    }

    /// What must not have happened, but has.
    ///
    /// # Errors
    /// What the server said.
    pub fn wrong(&self) -> Result<Vec<String>, Trouble> {
        self.rows("SELECT what FROM witness.wrong LIMIT 20", |row| row.try_get(0))
    }

    /// What is under way of the daemons whose names begin so: run and generation.
    ///
    /// # Errors
    /// What the server said.
    pub fn held_by(&self, app: &str) -> Result<Vec<(String, i64)>, Trouble> {
        let sql = format!(
            "SELECT run::text, generation FROM witness.claim WHERE left_at IS NULL AND app = '{app}' ORDER BY run"
        );
        self.rows(&sql, |row| Ok((row.try_get(0)?, row.try_get(1)?)))
    }

    /// How long after that moment (in Unix milliseconds) the last run of this daemon was taken up by another one; how many were.
    ///
    /// # Errors
    /// What the server said.
    pub fn taken_up(&self, app: &str, after: i64) -> Result<(i64, i64), Trouble> {
        let sql = format!(
            "SELECT coalesce(max(left_at) - {after}, 0)::bigint, count(*) FROM witness.claim
            WHERE app = '{app}' AND left_by <> app AND left_at > {after}"
        );
        let found = self.rows(&sql, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
        Ok(found.first().copied().unwrap_or_default())
    }

    /// The server's clock, in Unix milliseconds.
    ///
    /// # Errors
    /// What the server said.
    pub fn now(&self) -> Result<i64, Trouble> {
        self.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    }

    /// The budget of runs in all, and what the other tables say about the same.
    ///
    /// # Errors
    /// What the server said.
    pub fn runs(&self) -> Result<Runs, Trouble> {
        let sql = "WITH l AS (SELECT count(*) AS windows, coalesce(sum(reserved), 0)::bigint AS reserved,
                coalesce(sum(spent), 0)::bigint AS spent FROM ledger WHERE scope = 'all' AND measure = 'runs-per-day'),
            r AS (SELECT coalesce(sum(attempt), 0)::bigint AS attempts, count(*) FILTER (WHERE stage = 'running') AS running
                FROM run)
            SELECT l.windows, l.reserved, l.spent, r.attempts, (SELECT count(*) FROM witness.claim), r.running,
                (SELECT count(*) FROM reservation), (SELECT count(*) FROM source WHERE due_at <= witness.now())
            FROM l, r";
        let all = self.rows(sql, |row| {
            let count = |at: usize| row.try_get::<i64, _>(at).map(i64::unsigned_abs);
            Ok(Runs {
                windows: count(0)?,
                reserved: count(1)?,
                spent: count(2)?,
                attempts: count(3)?,
                claims: count(4)?,
                running: count(5)?,
                reservations: count(6)?,
                due: count(7)?,
            })
        })?;
        Ok(all.first().copied().unwrap_or_default())
    }

    /// Sessions that stand in a transaction without working in it, the one that does so longest first.
    ///
    /// # Errors
    /// What the server said.
    pub fn idle(&self) -> Result<Vec<Idle>, Trouble> {
        let sql = "SELECT application_name, (extract(epoch FROM clock_timestamp() - state_change) * 1000)::bigint AS ms, query
            FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%' ORDER BY 2 DESC";
        self.rows(sql, |row| Ok(Idle { app: row.try_get(0)?, ms: row.try_get(1)?, query: row.try_get(2)? }))
    }

    /// Sessions of daemons, whatever they do.
    ///
    /// # Errors
    /// What the server said.
    pub fn sessions(&self) -> Result<i64, Trouble> {
        self.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'witness'",
        )
    }

    /// Makes sources of these addresses as `source add` does, with their first runs queued and due now, all in one statement.
    ///
    /// # Errors
    /// What the server said.
    pub fn add_sources(&self, tenant: &str, profile: &str, addresses: &[String]) -> Result<(), Trouble> {
        let done = self.runtime.block_on(async {
            let mut conn = self.options.connect().await?;
            let sql = "WITH made AS (
                INSERT INTO source (id, tenant, profile, identifier, overrides, state, due_at, created_at, updated_at)
                SELECT (lpad(to_hex(witness.now()), 12, '0') || substr(md5(address), 1, 20))::uuid, $1, $2, address, '{}',
                    'active', witness.now(), witness.now(), witness.now() FROM unnest($3::text[]) AS address
                RETURNING id, created_at)
                INSERT INTO run (id, source, trigger, stage, not_before, created_at)
                SELECT (lpad(to_hex(created_at), 12, '0') || substr(md5(id::text), 1, 20))::uuid, id, 'bootstrap', 'queued',
                    created_at, created_at FROM made";
            sqlx::query(sql).bind(tenant).bind(profile).bind(addresses).execute(&mut conn).await?;
            conn.close().await
        });
        done.map_err(|error| Trouble::printed("adding sources", &error.to_string()))
    }
}
