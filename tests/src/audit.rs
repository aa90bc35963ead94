//! What the database says about money, against what the actor platform's books say.
//!
//! Owns: reading both, and what has to be the same. Reads the tables themselves: the commands show the windows of today, and
//! a test may run over midnight. Must not know: how it came about. Called by the tests of money, while no daemon writes or
//! while one does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use apify_emulator::{Books, RunBook};
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};
use tidegate::ports::intent_mark;
use tidegate_core::id::{IntentId, RunId, SourceId};

use crate::Trouble;
use crate::place::Place;

/// One row of `actor_run`, with whose it is.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// The intent.
    pub intent: IntentId,
    /// Of which run.
    pub run: RunId,
    /// When the platform was last asked, and when the run was done with it, in Unix milliseconds.
    pub times: (i64, Option<i64>),
    /// Where it stands.
    pub stage: String,
    /// The platform's id of its run.
    pub remote: Option<String>,
    /// What is known of its cost, in micro-USD.
    pub cost: Option<u64>,
    /// The scopes of the ledger that pay for it: `all`, `tenant/T`, `profile/T/P`, `source/S`.
    pub scopes: Vec<String>,
}

/// Reserved and spent of one budget, over all its days or months, in micro-USD.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Promised.
    pub reserved: u64,
    /// Gone.
    pub spent: u64,
}

/// The database at one moment.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Everything that was ordered.
    pub ordered: Vec<Ordered>,
    /// By scope and measure.
    pub ledger: BTreeMap<(String, String), Sum>,
    /// Active sources that were not skipped since they last ran: by identifier.
    pub eager: Vec<String>,
    /// By identifier: when the last run that ended well was made, in Unix milliseconds.
    pub well: BTreeMap<String, i64>,
}

impl Audit {
    /// Reads it, in one transaction.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn of(place: &Place) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::io("starting a runtime"))?;
        runtime.block_on(read(place)).map_err(|error| Trouble::printed("reading the database", &error.to_string()))
    }

    /// The same of a PostgreSQL database.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_postgres(url: &str) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::io("starting a runtime"))?;
        runtime
            .block_on(read_postgres(url))
            .map_err(|error| Trouble::printed("reading the database", &error.to_string()))
    }

    /// Waits for nothing: whether every cost is final and booked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ordered.iter().all(|row| matches!(row.stage.as_str(), "booked" | "void"))
            && self.ledger.values().all(|sum| sum.reserved == 0)
    }

    /// Intents that have a run of the platform.
    #[must_use]
    pub fn started(&self) -> usize {
        self.ordered.iter().filter(|row| row.remote.is_some()).count()
    }

    /// What is not as it should be between the orders and the books: each run of the platform was ordered by one intent,
    /// which it names, and no intent has two.
    #[must_use]
    pub fn orders_against(&self, books: &Books) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut told = |what: &str, which: &dyn Display| wrong.push(format!("{what}: {which}"));
        for (mark, starts) in &books.starts_by_user_agent {
            if *starts != 1 {
                told(&format!("{starts} runs were started for one intent"), mark);
            }
        }
        let by_remote: BTreeMap<&str, &Ordered> =
            self.ordered.iter().filter_map(|row| Some((row.remote.as_deref()?, row))).collect();
        for run in &books.runs {
            match by_remote.get(run.id.as_str()) {
                None => {
                    let own = self.ordered.iter().find(|row| run.user_agent.contains(&intent_mark(row.intent)));
                    told("a run that no intent knows of", &format!("{run:?}; its intent: {own:?}"));
                }
                Some(row) if !run.user_agent.contains(&intent_mark(row.intent)) => {
                    told(&format!("run {} stands with another intent than its own", run.id), &row.intent);
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<&str> = books.runs.iter().map(|run| run.id.as_str()).collect();
        by_remote
            .keys()
            .filter(|remote| !known.contains(*remote))
            .for_each(|remote| told("a run nobody started", remote));
        wrong
    }

    /// What is charged and stands in no budget, at any moment: `books` are those of a moment before. Each order is covered by
    /// what is reserved for it, or spent.
    #[must_use]
    pub fn uncovered(&self, books: &Books) -> Vec<String> {
        let mut owed: BTreeMap<&str, u64> = BTreeMap::new();
        let mut wrong = Vec::new();
        let mark =
            |run: &RunBook| run.user_agent.split_once("(intent ").map(|(_, id)| id.trim_end_matches(')').to_owned());
        let by_intent: BTreeMap<String, &Ordered> =
            self.ordered.iter().map(|row| (row.intent.to_string(), row)).collect();
        for run in &books.runs {
            match mark(run).and_then(|intent| by_intent.get(&intent)) {
                None => wrong.push(format!("a run without an intent: {run:?}")),
                Some(row) => row.scopes.iter().for_each(|scope| *owed.entry(scope).or_default() += run.charged.0),
            }
        }
        for ((scope, measure), sum) in &self.ledger {
            let owed = owed.get(scope.as_str()).copied().unwrap_or(0);
            if sum.reserved + sum.spent < owed {
                wrong.push(format!("{measure} of {scope}: {sum:?}; {owed} are charged"));
            }
        }
        wrong
    }

    /// What is not as it should be between the ledger and the books when all costs are final: each order is booked with its
    /// bill, and each budget has spent the bills of its orders.
    #[must_use]
    pub fn money_against(&self, books: &Books) -> Vec<String> {
        let bills: BTreeMap<&str, &RunBook> = books.runs.iter().map(|run| (run.id.as_str(), run)).collect();
        let mut wrong = Vec::new();
        let mut owed: BTreeMap<&str, u64> = BTreeMap::new();
        for row in &self.ordered {
            let bill = row.remote.as_deref().and_then(|remote| bills.get(remote)).map_or(0, |run| run.charged.0);
            if row.cost.unwrap_or(0) != bill {
                let status = row.remote.as_deref().and_then(|remote| bills.get(remote)).map(|run| run.status);
                wrong.push(format!("{} is booked with {:?}, its bill is {bill} ({status:?})", row.intent, row.cost));
            }
            row.scopes.iter().for_each(|scope| *owed.entry(scope).or_default() += bill);
        }
        for ((scope, measure), sum) in &self.ledger {
            let owed = owed.get(scope.as_str()).copied().unwrap_or(0);
            if (sum.spent, sum.reserved) != (owed, 0) {
                let Sum { reserved, spent } = sum;
                wrong.push(format!("{measure} of {scope}: {spent} spent, {reserved} reserved; the bills say {owed}"));
            }
        }
        wrong
    }
}

/// What a SQLite database says about runs, from two sides: how many the ledger has spent in all, and how often runs that are
/// not under way were begun.
///
/// # Errors
/// When the database cannot be read.
pub fn runs_begun(place: &Place) -> Result<(i64, i64), Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Trouble::io("starting a runtime"))?;
    let asked = runtime.block_on(async {
        let mut conn = open(place).await?;
        let sql =
            "SELECT (SELECT coalesce(sum(spent), 0) FROM ledger WHERE scope = 'all' AND measure = 'runs-per-day'),
            (SELECT coalesce(sum(attempt), 0) FROM run WHERE stage <> 'running')";
        let row = sqlx::query(sql).fetch_one(&mut conn).await?;
        Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))
    });
    asked.map_err(|error| Trouble::printed("reading the database", &error.to_string()))
}

async fn open(place: &Place) -> Result<SqliteConnection, sqlx::Error> {
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(place.dir().join("tidegate.db")).read_only(true);
    SqliteConnection::connect_with(&file).await
}

/// The same questions to both stores. They differ in the form of ids, which one has as bytes and the other as uuids.
macro_rules! read {
    ($view:expr, $id:literal) => {{
        let view = $view;
        let sql = concat!(
            "SELECT ",
            $id,
            "(a.id) AS id, ",
            $id,
            "(a.run) AS run, a.asked_at, a.ended_at, a.stage, a.remote, a.cost, ",
            $id,
            "(s.id) AS source, s.tenant, s.profile
            FROM actor_run a JOIN run r ON r.id = a.run JOIN source s ON s.id = r.source ORDER BY a.id"
        );
        let mut audit = Audit::default();
        for row in sqlx::query(sql).fetch_all(&mut *view).await? {
            let (tenant, profile): (String, String) = (row.try_get("tenant")?, row.try_get("profile")?);
            let bad = |what: &str| sqlx::Error::Protocol(what.to_owned());
            let source = SourceId::from_bytes(row.try_get("source")?).ok_or_else(|| bad("a source has no id"))?;
            audit.ordered.push(Ordered {
                intent: IntentId::from_bytes(row.try_get("id")?).ok_or_else(|| bad("an intent has no id"))?,
                run: RunId::from_bytes(row.try_get("run")?).ok_or_else(|| bad("an intent has no run"))?,
                times: (row.try_get("asked_at")?, row.try_get("ended_at")?),
                stage: row.try_get("stage")?,
                remote: row.try_get("remote")?,
                cost: row.try_get::<Option<i64>, _>("cost")?.map(i64::unsigned_abs),
                scopes: vec![
                    "all".to_owned(),
                    format!("tenant/{tenant}"),
                    format!("profile/{tenant}/{profile}"),
                    format!("source/{source}"),
                ],
            });
        }
        let sql =
            "SELECT scope, measure, CAST(sum(reserved) AS bigint) AS reserved, CAST(sum(spent) AS bigint) AS spent
            FROM ledger WHERE measure <> 'runs-per-day' GROUP BY scope, measure ORDER BY scope, measure";
        for row in sqlx::query(sql).fetch_all(&mut *view).await? {
            let amount = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
            let sum = Sum { reserved: amount("reserved")?, spent: amount("spent")? };
            audit.ledger.insert((row.try_get("scope")?, row.try_get("measure")?), sum);
        }
        let sql = "SELECT s.identifier, max(r.created_at) AS begun FROM run r JOIN source s ON s.id = r.source
            WHERE r.ending IN ('ok', 'no-new') GROUP BY s.id";
        for row in sqlx::query(sql).fetch_all(&mut *view).await? {
            audit.well.insert(row.try_get("identifier")?, row.try_get("begun")?);
        }
        let sql = "SELECT identifier FROM source WHERE state = 'active' AND skipped_at IS NULL ORDER BY id";
        audit.eager = sqlx::query_scalar(sql).fetch_all(&mut *view).await?;
        Ok(audit)
    }};
}

async fn read(place: &Place) -> Result<Audit, sqlx::Error> {
    let mut conn = open(place).await?;
    let mut view = conn.begin().await?;
    // Nothing: ids are bytes.
    read!(&mut *view, "")
}

async fn read_postgres(url: &str) -> Result<Audit, sqlx::Error> {
    let mut conn = PgConnection::connect(url).await?;
    let mut view = conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    read!(&mut *view, "uuid_send")
}
