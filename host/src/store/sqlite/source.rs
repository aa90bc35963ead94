//! Rows of `source`, and what people do with sources.
//!
//! Owns: the way between a row and a [`Source`], and when a source is due (`due_at`). Must not know: what a run does; the
//! files of claims and commits write sources through here.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqliteConnection};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::schedule::Facts;
use tidegate_core::source::{NewSource, NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::error::{Outcome, Trouble};
use super::ledger;
use super::row::Cells;
use crate::ports::{Created, StoreError};

pub(super) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The columns [`Row::read`] wants, of the table under the name `s`.
macro_rules! source_columns {
    () => {
        "s.id, s.tenant, s.profile, s.identifier, s.overrides, s.schedule, s.state, s.state_since, s.paused_by,
        s.state_reason, s.failure_count, s.last_fetched_at, s.last_success_at, s.next_at, s.next_trigger, s.generation,
        s.parked, s.total_runs, s.watermark, s.horizon, s.hints, s.followers, s.facts, s.retries, s.display_name, s.platform_id, s.created_at,
        s.updated_at,
        (SELECT l.id FROM run l WHERE l.source = s.id AND l.stage IN ('running', 'waiting')) AS running,
        (SELECT min(q.not_before) FROM run q WHERE q.source = s.id AND q.stage = 'queued') AS queued_at"
    };
}
pub(super) use source_columns;

/// What every end of a change writes. `?1`, `?3` to `?20` stay free for the run that ends in the same script; the numbers
/// are absolute over all statements of a script.
macro_rules! update_source {
    () => {
        "UPDATE source SET updated_at = ?2, identifier = ?22, state = ?23, state_since = ?24, paused_by = ?25,
        state_reason = ?26, failure_count = ?27, last_fetched_at = ?28, last_success_at = ?29, next_at = ?30,
        next_trigger = ?31, total_runs = ?32, watermark = ?33, horizon = ?34, hints = ?35, retries = ?36,
        display_name = ?37, platform_id = ?38, due_at = ?39, followers = ?40, facts = ?41, parked = 0 WHERE id = ?21"
    };
}
pub(super) use update_source;

/// When a source is due, told by its row; the same as [`Row::due`].
const DUE: &str = "UPDATE source SET parked = 0, due_at = CASE
    WHEN state <> 'active' OR EXISTS (SELECT 1 FROM run l WHERE l.source = source.id
        AND l.stage IN ('running', 'waiting')) THEN NULL
    ELSE (SELECT min(at) FROM (SELECT source.next_at AS at
        UNION ALL SELECT q.not_before FROM run q WHERE q.source = source.id AND q.stage = 'queued'))
    END WHERE parked = 1 OR skipped_at IS NOT NULL";

/// A source with what only the store knows of it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) source: Source,
    pub(super) generation: i64,
    /// When the first of its queued runs may start.
    pub(super) queued_at: Option<UtcMillis>,
}

impl Row {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let cells = Cells::new(row, "source", "id");
        cells.flag("parked")?;
        let source = Source {
            id: cells.id("id")?,
            tenant: cells.name("tenant")?,
            profile: cells.name("profile")?,
            identifier: cells.text("identifier")?,
            overrides: cells.json("overrides")?,
            schedule: cells.opt_json("schedule")?,
            state: state(&cells)?,
            failure_count: cells.count("failure_count")?,
            last_fetched_at: cells.opt_time("last_fetched_at")?,
            last_success_at: cells.opt_time("last_success_at")?,
            next_run: next_run(&cells)?,
            running: cells.opt_id("running")?,
            total_runs: cells.count("total_runs")?,
            watermark: cells.opt_json("watermark")?,
            horizon: cells.opt_time("horizon")?,
            hints: cells.opt_json("hints")?,
            facts: read_facts(&cells)?,
            retries: cells.count("retries")?,
            display_name: cells.opt_text("display_name")?,
            platform_id: cells.opt_text("platform_id")?,
            created_at: cells.time("created_at")?,
            updated_at: cells.time("updated_at")?,
        };
        Ok(Self { source, generation: cells.count("generation")?, queued_at: cells.opt_time("queued_at")? })
    }

    /// From when the admit pass is to look at it: while it may run and does not.
    pub(super) fn due(&self) -> Option<UtcMillis> {
        if self.source.state != SourceState::Active || self.source.running.is_some() {
            return None;
        }
        let next = self.source.next_run.map(|next| next.at);
        [next, self.queued_at].into_iter().flatten().min()
    }
}

fn state(cells: &Cells<'_>) -> Result<SourceState, StoreError> {
    match cells.text("state")?.as_str() {
        "active" => Ok(SourceState::Active),
        "inactive" => Ok(SourceState::Inactive),
        "paused" => Ok(SourceState::Paused {
            since: cells.time("state_since")?,
            by: cells.word("paused_by", paused_by)?,
            reason: cells.text("state_reason")?,
        }),
        "invalid" => {
            Ok(SourceState::Invalid { since: cells.time("state_since")?, reason: cells.text("state_reason")? })
        }
        other => Err(cells.bad("state", format!("the word {other:?} is not known here"))),
    }
}

fn paused_by(word: &str) -> Option<PausedBy> {
    match word {
        "operator" => Some(PausedBy::Operator),
        "automatic" => Some(PausedBy::Automatic),
        _ => None,
    }
}

fn next_run(cells: &Cells<'_>) -> Result<Option<NextRun>, StoreError> {
    match (cells.opt_time("next_at")?, cells.opt_word("next_trigger", Trigger::from_word)?) {
        (Some(at), Some(trigger)) => Ok(Some(NextRun { at, trigger })),
        (None, None) => Ok(None),
        _ => Err(cells.bad("next_trigger", "next_at and next_trigger stand together or not at all")),
    }
}

/// What a schedule is told; the number of followers has a column of its own, which is counted by.
fn read_facts(cells: &Cells<'_>) -> Result<Facts, StoreError> {
    let followers = cells.opt_int("followers")?;
    let followers = followers
        .map(|count| u32::try_from(count).map_err(|_| cells.bad("followers", format!("{count} is out of range"))))
        .transpose()?;
    Ok(Facts { followers, ..cells.opt_json("facts")?.unwrap_or_default() })
}

fn facts(facts: &Facts) -> Outcome<Option<String>> {
    let rest = Facts { followers: None, ..*facts };
    (rest != Facts::default()).then(|| json(&rest)).transpose()
}

/// A value as JSON text.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(|error| Trouble::Driver(sqlx::Error::Encode(Box::new(error))))
}

/// Binds `?21` to `?41` of [`update_source`]; `?2`, the change's time, is the script's.
pub(super) fn bind(query: Query, row: &Row) -> Outcome<Query> {
    let source = &row.source;
    let (since, by, reason) = match &source.state {
        SourceState::Active | SourceState::Inactive => (None, None, None),
        SourceState::Paused { since, by: PausedBy::Operator, reason } => (Some(*since), Some("operator"), Some(reason)),
        SourceState::Paused { since, by: PausedBy::Automatic, reason } => {
            (Some(*since), Some("automatic"), Some(reason))
        }
        SourceState::Invalid { since, reason } => (Some(*since), None, Some(reason)),
    };
    let millis = |at: Option<UtcMillis>| at.map(UtcMillis::as_millis);
    Ok(query
        .bind(source.id.to_bytes().to_vec())
        .bind(source.identifier.clone())
        .bind(source.state.word())
        .bind(millis(since))
        .bind(by)
        .bind(reason.cloned())
        .bind(source.failure_count)
        .bind(millis(source.last_fetched_at))
        .bind(millis(source.last_success_at))
        .bind(millis(source.next_run.map(|next| next.at)))
        .bind(source.next_run.map(|next| next.trigger.word()))
        .bind(i64::try_from(source.total_runs).unwrap_or(i64::MAX))
        .bind(source.watermark.as_ref().map(json).transpose()?)
        .bind(millis(source.horizon))
        .bind(source.hints.as_ref().map(json).transpose()?)
        .bind(source.retries)
        .bind(source.display_name.clone())
        .bind(source.platform_id.clone())
        .bind(millis(row.due()))
        .bind(source.facts.followers)
        .bind(facts(&source.facts)?))
}

/// Writes all that may change.
pub(super) async fn write(conn: &mut SqliteConnection, row: &Row) -> Outcome<()> {
    let mut query = sqlx::query(update_source!()).bind(None::<i64>).bind(row.source.updated_at.as_millis());
    for _ in 3..=20 {
        query = query.bind(None::<i64>);
    }
    bind(query, row)?.execute(conn).await?;
    Ok(())
}

/// The source of that id, with its circumstances.
pub(super) async fn row(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Row>> {
    let sql = concat!("SELECT ", source_columns!(), " FROM source s WHERE s.id = ?1");
    let found = sqlx::query(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?;
    Ok(found.as_ref().map(Row::read).transpose()?)
}

pub(super) async fn one(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Source>> {
    Ok(row(conn, id).await?.map(|row| row.source))
}

pub(super) async fn create(
    conn: &mut SqliteConnection,
    new: NewSource,
    bootstrap: RunId,
    now: UtcMillis,
) -> Outcome<Created> {
    let sql = concat!(
        "SELECT ",
        source_columns!(),
        " FROM source s WHERE s.tenant = ?1 AND s.profile = ?2 AND s.identifier = ?3"
    );
    let there = sqlx::query(sql)
        .bind(new.tenant.to_string())
        .bind(new.profile.to_string())
        .bind(new.identifier.clone())
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(there) = &there {
        return Ok(Created::Existing(Row::read(there)?.source));
    }
    // Without an identifier there is nothing to fetch yet.
    let queue = new.active && !new.identifier.is_empty();
    let insert = "INSERT INTO source
        (id, tenant, profile, identifier, overrides, schedule, state, due_at, created_at, updated_at)
        VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?2, ?2)";
    sqlx::query(insert)
        .bind(new.id.to_bytes().to_vec())
        .bind(now.as_millis())
        .bind(new.tenant.to_string())
        .bind(new.profile.to_string())
        .bind(new.identifier.clone())
        .bind(json(&new.overrides)?)
        .bind(new.schedule.as_ref().map(json).transpose()?)
        .bind(if new.active { SourceState::Active.word() } else { SourceState::Inactive.word() })
        .bind(queue.then_some(now.as_millis()))
        .execute(&mut *conn)
        .await?;
    if queue {
        let queued = "INSERT INTO run (id, source, trigger, stage, not_before, created_at)
            VALUES (?1, ?2, 'bootstrap', 'queued', ?3, ?3)";
        sqlx::query(queued)
            .bind(bootstrap.to_bytes().to_vec())
            .bind(new.id.to_bytes().to_vec())
            .bind(now.as_millis())
            .execute(&mut *conn)
            .await?;
    }
    let made = one(conn, new.id).await?;
    made.map(Created::New).ok_or(Trouble::Driver(sqlx::Error::RowNotFound))
}

pub(super) async fn pause(
    conn: &mut SqliteConnection,
    id: SourceId,
    by: PausedBy,
    reason: String,
    now: UtcMillis,
) -> Outcome<Option<Source>> {
    let Some(mut row) = row(conn, id).await? else { return Ok(None) };
    if !matches!(row.source.state, SourceState::Paused { .. }) {
        row.source.state = SourceState::Paused { since: now, by, reason };
        // What may not run has no next run; resuming gives it one.
        row.source.next_run = None;
        row.source.updated_at = now;
        write(conn, &row).await?;
        // What it waits for is ended before its time.
        sqlx::query("UPDATE run SET wake_at = ?2 WHERE source = ?1 AND stage = 'waiting'")
            .bind(id.to_bytes().to_vec())
            .bind(now.as_millis())
            .execute(conn)
            .await?;
    }
    Ok(Some(row.source))
}

pub(super) async fn resume(conn: &mut SqliteConnection, id: SourceId, now: UtcMillis) -> Outcome<Option<Source>> {
    let Some(mut row) = row(conn, id).await? else { return Ok(None) };
    if row.source.state != SourceState::Active {
        row.source.state = SourceState::Active;
        row.source.failure_count = 0;
        row.source.retries = 0;
        row.source.updated_at = now;
        row.source.next_run = match bootstrap_stage(conn, id).await?.as_deref() {
            // It goes first and is due by itself.
            Some("queued") => None,
            Some(_) => Some(NextRun { at: now, trigger: Trigger::Schedule }),
            // It was created switched off: its first run is made by the claim.
            None => Some(NextRun { at: now, trigger: Trigger::Bootstrap }),
        };
        if row.source.identifier.is_empty() {
            row.source.next_run = None;
        }
    }
    // An active one that was put off is looked at again.
    write(conn, &row).await?;
    Ok(Some(row.source))
}

async fn bootstrap_stage(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<String>> {
    let sql = "SELECT stage FROM run WHERE source = ?1 AND trigger = 'bootstrap'";
    Ok(sqlx::query_scalar(sql).bind(id.to_bytes().to_vec()).fetch_optional(conn).await?)
}

pub(super) async fn remove(conn: &mut SqliteConnection, id: SourceId) -> Outcome<Option<Source>> {
    let Some(row) = row(conn, id).await? else { return Ok(None) };
    if let Some(run) = row.source.running {
        // It has been started: it counts.
        ledger::settle_run(conn, run, true).await?;
    }
    // Nobody will hear any more what was paid: the most it can be is booked.
    ledger::settle_worst(conn, id).await?;
    let delete = "DELETE FROM item WHERE source = ?1;
        DELETE FROM follow WHERE source = ?1;
        DELETE FROM actor_run WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM page WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM dead_letter WHERE run IN (SELECT id FROM run WHERE source = ?1);
        DELETE FROM run WHERE source = ?1;
        DELETE FROM source WHERE id = ?1";
    sqlx::query(delete).bind(id.to_bytes().to_vec()).execute(conn).await?;
    Ok(Some(row.source))
}

/// Works out anew when a source is due.
pub(super) async fn refresh(conn: &mut SqliteConnection, id: SourceId, now: UtcMillis) -> Outcome<()> {
    let Some(row) = row(conn, id).await? else { return Ok(()) };
    sqlx::query("UPDATE source SET due_at = ?2, updated_at = ?3 WHERE id = ?1")
        .bind(id.to_bytes().to_vec())
        .bind(row.due().map(UtcMillis::as_millis))
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Looks at every source again that was parked or put off: a budget may have been raised, a plugin added.
pub(super) async fn unpark(conn: &mut SqliteConnection) -> Outcome<()> {
    sqlx::query(DUE).execute(conn).await?;
    Ok(())
}
