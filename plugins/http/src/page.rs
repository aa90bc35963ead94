//! The records of a page, one by one.
//!
//! Owns: what of each counts for the batch (an item or a reject), for the run (whether it was seen, the newest) and for the sweep (its
//! mark). Must not know: what stands around them, and what follows from them. Called by [`crate::answer`].

use tidegate_plugin_kit::moment::{AHEAD_MS, Moment};
use tidegate_plugin_kit::text::{Room, cut};
use tidegate_plugin_kit::{Batch, Job, Reject};

use crate::json::Value;
use crate::mark::Mark;
use crate::settings::{By, Settings};
use crate::state::State;
use crate::sweep::Held;
use crate::{item, limits, times};

/// The records of a page as they come.
#[derive(Default)]
pub struct Page {
    /// What it held.
    pub held: Held,
    /// The room that is left in its batch.
    pub room: Room,
}

impl Page {
    /// Takes the next record.
    pub fn take(
        &mut self,
        raw: &str,
        job: &Job,
        settings: &Settings,
        state: &mut State,
        base: &str,
        batch: &mut Batch,
    ) {
        let element = u32::try_from(self.held.count).unwrap_or(u32::MAX);
        self.held.count += 1;
        let read = Value::parse(raw).map_err(|error| error.to_string());
        let read = read.and_then(|record| Ok((item::of(&record, element, settings, base, &mut self.room)?, record)));
        let (item, record) = match read {
            Ok(read) => read,
            Err(why) => {
                self.held.fresh += usize::from(state.seen.add(raw, limits::SEEN));
                if batch.rejects.len() < limits::REJECTS {
                    batch.rejects.push(Reject::new(element, cut(why, limits::MESSAGE_BYTES)));
                }
                return;
            }
        };
        let new = state.seen.add(&item.external_id, limits::SEEN) && !state.place.last.has(&item.external_id);
        self.held.fresh += usize::from(new);
        self.held.ids.push(item.external_id.clone());
        if let Some(mark) = mark(&record, &item.external_id, job, settings) {
            self.held.marks.push((mark, item.external_id.clone()));
        }
        let published = item.published_at.as_deref().and_then(Moment::parse).map(|moment| moment.0);
        let published = published.filter(|at| latest(job).is_some_and(|latest| *at <= latest));
        let newer = match (published, state.newest.1) {
            (Some(one), Some(other)) => one > other,
            (one, other) => state.newest.0.is_none() || (one.is_some() && other.is_none()),
        };
        if newer {
            state.newest = (Some(item.external_id.clone()), published);
        }
        batch.items.push(item);
    }
}

/// How far a listing has been read with a record. A time to come is a mistake, and would hide all that comes before it.
fn mark(record: &Value<'_>, id: &str, job: &Job, settings: &Settings) -> Option<Mark> {
    let incremental = &settings.incremental;
    let own = || {
        incremental.field.as_ref().map(|pointer| pointer.all(record).into_iter().find(|value| **value != Value::Null))
    };
    match incremental.by {
        By::None => None,
        By::Id => match own() {
            Some(value) => value.and_then(Value::text).map(|text| Mark::Id(text.trim().to_owned())),
            None => Some(Mark::Id(id.trim().to_owned())),
        },
        By::Time => {
            let field = |name| settings.fields.value(name, record).and_then(|value| times::read(value, settings.times));
            let at = match own() {
                Some(value) => value.and_then(|value| times::read(value, settings.times)),
                None => field("updated_at").or_else(|| field("published_at")),
            }?;
            (at.0 <= latest(job)?).then_some(Mark::Time(at.0))
        }
    }
}

/// The latest time that is believed, in milliseconds since 1970.
fn latest(job: &Job) -> Option<i64> {
    Moment::parse(&job.now).map(|now| now.0.saturating_add(AHEAD_MS))
}
