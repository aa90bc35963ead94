//! Rows of `source`.
//!
//! Owns: the way between a row and a [`Source`], and when a source is due. Must not know: the database.

use tidegate_core::schedule::Facts;
use tidegate_core::source::{NextRun, PausedBy, Source, SourceState, Trigger};
use tidegate_core::time::UtcMillis;

use super::cells::{Cells, Raw};
use crate::ports::StoreError;
use crate::store::trouble::{Outcome, Trouble};

/// The columns [`Row::read`] wants, of the table under the name `s`.
macro_rules! source_columns {
    () => {
        "s.id, s.tenant, s.profile, s.identifier, s.overrides, s.schedule, s.state, s.state_since, s.paused_by,
        s.state_reason, s.failure_count, s.last_fetched_at, s.last_success_at, s.next_at, s.next_trigger, s.generation,
        s.parked, s.total_runs, s.watermark, s.horizon, s.hints, s.followers, s.facts, s.retries, s.display_name,
        s.platform_id, s.created_at, s.updated_at,
        (SELECT l.id FROM run l WHERE l.source = s.id AND l.stage IN ('running', 'waiting')) AS running,
        (SELECT min(q.not_before) FROM run q WHERE q.source = s.id AND q.stage = 'queued') AS queued_at"
    };
}
pub(in crate::store) use source_columns;

/// A source with what only the store knows of it.
#[derive(Debug, Clone)]
pub(in crate::store) struct Row {
    pub(in crate::store) source: Source,
    pub(in crate::store) generation: i64,
    /// When the first of its queued runs may start.
    pub(in crate::store) queued_at: Option<UtcMillis>,
}

impl Row {
    pub(in crate::store) fn read(row: &dyn Raw) -> Result<Self, StoreError> {
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
    pub(in crate::store) fn due(&self) -> Option<UtcMillis> {
        if self.source.state != SourceState::Active || self.source.running.is_some() {
            return None;
        }
        let next = self.source.next_run.map(|next| next.at);
        [next, self.queued_at].into_iter().flatten().min()
    }
}

impl Row {
    /// Ends the wait of a source for its plugin. What was due is due; a run that ended meanwhile has left nothing, and the next
    /// one is due now.
    pub(in crate::store) fn back_with_plugin(&mut self, now: UtcMillis) {
        let source = &mut self.source;
        source.state = SourceState::Active;
        source.updated_at = now;
        let has_next = source.next_run.is_some() || self.queued_at.is_some() || source.running.is_some();
        if !has_next && !source.identifier.is_empty() {
            source.next_run = Some(NextRun { at: now, trigger: Trigger::Schedule });
        }
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
        "plugin-missing" => Some(PausedBy::PluginMissing),
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

/// What stands beside the word of a state: since when, by whom, why.
pub(in crate::store) fn circumstances(state: &SourceState) -> (Option<UtcMillis>, Option<&'static str>, Option<&str>) {
    match state {
        SourceState::Active | SourceState::Inactive => (None, None, None),
        SourceState::Paused { since, by, reason } => (Some(*since), Some(by.word()), Some(reason)),
        SourceState::Invalid { since, reason } => (Some(*since), None, Some(reason)),
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

/// The rest of it, as JSON text.
pub(in crate::store) fn facts(facts: &Facts) -> Outcome<Option<String>> {
    let rest = Facts { followers: None, ..*facts };
    (rest != Facts::default()).then(|| json(&rest)).transpose()
}

/// A value as JSON text.
pub(in crate::store) fn json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(|error| Trouble::Driver(sqlx::Error::Encode(Box::new(error))))
}
