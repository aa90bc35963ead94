//! What a dataset says about the source: the outcome, the watermark, and whether the profile is looked at.
//!
//! Owns: those three. They need the whole dataset, so all but the last page say only what they hold themselves. Must not
//! know: elements. Called by [`crate::dataset`] with the counts of all pages.
//!
//! The window may be cut when as many posts came as were asked for and none is as old as the watermark. Then the next run
//! asks from the same moment again, for as many posts as it may store; if that is cut too, the watermark moves on and a
//! warning names the gap. A first run is meant to be cut, and a run that did not end well moves nothing.

use tidegate_plugin_kit::actors::RunState;
use tidegate_plugin_kit::moment::{DAY_MS, Moment};
use tidegate_plugin_kit::{ActorEnd, Batch, DatasetPage, Job, Outcome, OutcomeStatus, Watermark, actors};

use crate::identifier::Kind;
use crate::state::{Newest, Seen, State};
use crate::window::{self, Cursor};
use crate::{input, limits};

/// Completes the batch of a page.
pub fn conclude(job: &Job, kind: Kind, state: &State, page: &DatasetPage, mut batch: Batch) -> Batch {
    if page.more {
        let status = if batch.items.is_empty() { OutcomeStatus::NoNew } else { OutcomeStatus::Ok };
        batch.outcome = Outcome::new(status, "");
        batch.state = state.write();
        return batch;
    }
    let ended = page.ended == ActorEnd::Succeeded;
    batch.outcome = outcome(kind, state, ended);
    if !ended || !matches!(kind, Kind::Account | Kind::Hashtag) {
        return batch;
    }
    if batch.outcome.status == OutcomeStatus::PrivateOrEmpty
        && kind == Kind::Account
        && job.max_pages > 1
        && is_due(job)
        && let Some(step) = input::lookup(job)
    {
        batch.outcome = Outcome::new(OutcomeStatus::NoNew, "no posts came; looking at the profile to tell why");
        batch.next = Some(step);
    }
    if matches!(batch.outcome.status, OutcomeStatus::Ok | OutcomeStatus::NoNew) {
        batch.watermark = watermark(job, state, batch.next.is_some(), &mut batch.warnings);
    }
    batch
}

fn outcome(kind: Kind, state: &State, ended: bool) -> Outcome {
    use OutcomeStatus as Status;
    let seen = &state.seen;
    if seen.blocked > 0 {
        return Outcome::new(Status::Blocked, format!("Instagram turned the actor away ({})", seen.error));
    }
    if seen.errors > 0 {
        return Outcome::new(Status::UnknownError, format!("the actor reported {}", seen.error));
    }
    if seen.demo > 0 {
        return Outcome::new(
            Status::PlanLimited,
            "the actor returned demonstration rows: the plan does not allow it more",
        );
    }
    if seen.not_found > 0 {
        // What brought posts is not gone for good, whatever a row says.
        let status = if seen.items > 0 { Status::UnknownError } else { Status::NotFound };
        return Outcome::new(status, format!("the actor reported {}", seen.error));
    }
    if let Some(profile) = &seen.profile
        && seen.items == 0
    {
        return of_profile(kind, state, profile.private, profile.empty);
    }
    if seen.items > 0 {
        let status = if seen.in_window > 0 || state.cutoff_ms.is_none() { Status::Ok } else { Status::NoNew };
        return Outcome::new(status, if ended { "" } else { "the actor did not end well: what it had found is kept" });
    }
    nothing(seen, state.cutoff_ms.is_some(), ended)
}

/// A profile came, and no posts.
fn of_profile(kind: Kind, state: &State, private: bool, empty: bool) -> Outcome {
    use OutcomeStatus as Status;
    match (kind, private, empty) {
        // Its facts are what was wanted, and they are there.
        (Kind::Profile, private, _) => Outcome::new(Status::Ok, if private { "the account is private" } else { "" }),
        (_, true, _) => Outcome::new(Status::Private, "the account is private: only its followers see its posts"),
        (_, false, true) => Outcome::new(Status::NoNew, "the account has no posts"),
        (_, false, false) if state.lookup => {
            Outcome::new(Status::UnknownError, "the account is public and has posts, but the actor brings none")
        }
        (_, false, false) => Outcome::new(Status::NoNew, "the profile came without posts"),
    }
}

/// Neither posts nor a profile came.
fn nothing(seen: &Seen, cutoff: bool, ended: bool) -> Outcome {
    use OutcomeStatus as Status;
    if seen.no_items > 0 && !cutoff {
        return Outcome::new(
            Status::PrivateOrEmpty,
            "the account is private or has no posts; the actor does not say which",
        );
    }
    if seen.no_items > 0 {
        return Outcome::new(Status::NoNew, "");
    }
    if seen.rejects > 0 {
        let message =
            format!("none of {} elements could be read as a post: the actor's output has changed", seen.rejects);
        return Outcome::new(Status::UnknownError, message);
    }
    if seen.left_out > 0 {
        return Outcome::new(Status::UnknownError, "nothing came about this source, only about others");
    }
    if !ended {
        return Outcome::new(Status::NoNew, "the actor did not end well and left nothing");
    }
    if cutoff {
        return Outcome::new(Status::NoNew, "");
    }
    Outcome::new(Status::UnknownError, "the actor's dataset is empty, which proves nothing")
}

/// Whether the profile was not looked at for a while.
fn is_due(job: &Job) -> bool {
    let last = Moment::parse(&Cursor::of(job).looked_up);
    let now = Moment::parse(&job.now);
    last.is_none_or(|last| now.is_some_and(|now| now.minus(limits::LOOKUP_DAYS * DAY_MS) >= last))
}

/// Where the next run is to start; none if that has not changed.
fn watermark(job: &Job, state: &State, looking: bool, warnings: &mut Vec<String>) -> Option<Watermark> {
    let seen = &state.seen;
    let before = Cursor::of(job);
    let known = job.watermark.as_ref();
    let mut cursor = Cursor { cut: false, ..before.clone() };
    if looking {
        cursor.looked_up = Moment::parse(&job.now).and_then(Moment::date).unwrap_or_default();
    }
    let mark = actors::mark(job).and_then(window::newest);
    let rows = seen.items + seen.rejects;
    let cut = mark.is_some() && seen.in_window > 0 && !seen.reached && rows >= state.asked && state.asked > 0;
    if cut && before.cut {
        let day = seen.oldest_ms.and_then(|oldest| Moment(oldest).date()).unwrap_or_default();
        warnings.push(format!(
            "more was posted than the run may fetch: posts between the last run and {day} may be missing; raise max_items \
             of the profile, or run the source more often"
        ));
    }
    let newest = seen.newest.as_ref().filter(|newest| {
        let newer = known.and_then(window::newest).is_none_or(|known| newest.at_ms > known.0);
        newer && (!cut || before.cut)
    });
    cursor.cut = cut && !before.cut;
    if newest.is_none() && cursor == before {
        return None;
    }
    Some(Watermark {
        newest_id: newest.map(|newest| newest.id.clone()).or_else(|| known.and_then(|mark| mark.newest_id.clone())),
        newest_published_at: newest
            .and_then(|Newest { at_ms, .. }| Moment(*at_ms).to_rfc3339())
            .or_else(|| known.and_then(|mark| mark.newest_published_at.clone())),
        cursor: cursor.write(),
    })
}
