//! What a dataset says about the source: the outcome, the watermark, and whether a cut window goes on.
//!
//! Owns: those three. They need the whole dataset, so all but the last page say only what they hold themselves. Must not
//! know: elements. Called by [`crate::dataset`] with the counts of all pages.
//!
//! The window is cut when as many elements came as were asked for and none is as old as the watermark. Then another run of
//! the actor goes on with `until:` the day of the oldest post, within the page budget, and the watermark waits until the
//! gap is closed. A first run is meant to be cut, and a run that did not end well moves nothing.

use tidegate_plugin_kit::actors::RunState;
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{
    ActorEnd, Batch, DatasetPage, Failure, Job, Outcome, OutcomeStatus, Step, Watermark, actors,
};

use crate::identifier::Kind;
use crate::overrides::{Overrides, Sort};
use crate::state::{Seen, State};
use crate::{input, query, snowflake};

/// Completes the batch of a page.
///
/// # Errors
///
/// When a cut window cannot go on because the settings have become wrong.
pub fn conclude(
    job: &Job,
    kind: Kind,
    overrides: &Overrides,
    state: &State,
    page: &DatasetPage,
    mut batch: Batch,
) -> Result<Batch, Failure> {
    if page.more {
        let status = if batch.items.is_empty() { OutcomeStatus::NoNew } else { OutcomeStatus::Ok };
        batch.outcome = Outcome::new(status, "");
        batch.state = state.write();
        return Ok(batch);
    }
    batch.outcome = outcome(job, kind, &state.seen, page);
    let well = matches!(batch.outcome.status, OutcomeStatus::Ok | OutcomeStatus::NoNew);
    if !well || page.ended != ActorEnd::Succeeded || kind == Kind::Post {
        return Ok(batch);
    }
    match gap(job, overrides, state) {
        Gap::None => batch.watermark = watermark(job, state),
        Gap::GoOn(until) => batch.next = Some(go_on(job, kind, overrides, state, until)?),
        Gap::Stays(oldest) => {
            batch.watermark = watermark(job, state);
            let day = oldest.date().unwrap_or_default();
            batch.warnings.push(format!(
                "more was posted than the run may fetch: posts between the last run and {day} may be missing; raise \
                 max_items or max_pages of the profile, or run the source more often"
            ));
        }
    }
    Ok(batch)
}

fn outcome(job: &Job, kind: Kind, seen: &Seen, page: &DatasetPage) -> Outcome {
    use OutcomeStatus as Status;
    let nothing = "nothing was found: the account may not exist, be suspended or protected, the actor may be throttled, or \
                   its plan may not allow it; the platform does not say which";
    if seen.errors > 0 {
        return Outcome::new(Status::UnknownError, format!("the actor reported {}", seen.error));
    }
    if seen.demo > 0 {
        return Outcome::new(
            Status::PlanLimited,
            "the actor returned demonstration rows: the plan of this account does not allow it real ones",
        );
    }
    if seen.items > 0 {
        return match page.ended {
            ActorEnd::Succeeded => Outcome::ok(),
            _ => Outcome::new(Status::Ok, "the actor did not end well: what it had found is kept"),
        };
    }
    if seen.left_out > 0 && kind != Kind::Search {
        let (count, wanted) = (seen.left_out, &job.identifier);
        return Outcome::new(
            Status::NotFound,
            format!("\"{wanted}\" is not there any more, or under another name: all that came ({count}) is by others"),
        );
    }
    if seen.rejects > 0 {
        return Outcome::new(
            Status::UnknownError,
            format!("none of {} elements could be read as a post: the actor's output has changed", seen.rejects),
        );
    }
    if seen.no_results > 0 && job.watermark.is_none() {
        return Outcome::new(Status::UnknownError, nothing);
    }
    if page.ended != ActorEnd::Succeeded {
        return Outcome::new(Status::NoNew, "the actor did not end well and left nothing");
    }
    Outcome::new(Status::NoNew, if seen.no_results > 0 { nothing } else { "" })
}

/// What lies between the posts of this run and the watermark.
enum Gap {
    /// Nothing, as far as can be known.
    None,
    /// Posts that another run of the actor can bring, asking up to this day.
    GoOn(String),
    /// Posts that stay out, down from this moment.
    Stays(Moment),
}

fn gap(job: &Job, overrides: &Overrides, state: &State) -> Gap {
    let seen = &state.seen;
    let rows = seen.items + seen.left_out + seen.rejects;
    let known = actors::mark(job).and_then(|mark| mark.newest_id.as_deref()).and_then(snowflake::id);
    let (Some(known), Some(oldest)) = (known, snowflake::time(seen.oldest)) else { return Gap::None };
    if overrides.sort == Sort::Top || rows < state.asked || seen.oldest <= known {
        return Gap::None;
    }
    let until = query::until_after(oldest);
    match until {
        // More in one day than a run may fetch: asking for the same day again would bring the same.
        Some(until) if state.until.as_ref() != Some(&until) && state.fetches < job.max_pages => Gap::GoOn(until),
        _ => Gap::Stays(oldest),
    }
}

fn go_on(job: &Job, kind: Kind, overrides: &Overrides, state: &State, until: String) -> Result<Step, Failure> {
    let state = State { until: Some(until), seen: Seen::default(), ..state.clone() };
    input::step(job, kind, overrides, state)
}

/// The newest of what was known and what came.
fn watermark(job: &Job, state: &State) -> Option<Watermark> {
    let known = job.watermark.as_ref();
    let known_id = known.and_then(|mark| mark.newest_id.as_deref()).and_then(snowflake::id);
    if state.newest == 0 || known_id >= Some(state.newest) {
        return None;
    }
    let published = snowflake::time(state.newest).max(known.and_then(query::newest));
    Some(Watermark {
        newest_id: Some(state.newest.to_string()),
        newest_published_at: published.and_then(Moment::to_rfc3339),
        cursor: None,
    })
}
