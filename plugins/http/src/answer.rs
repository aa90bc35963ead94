//! From an HTTP answer to a batch.
//!
//! Owns: what each status means, a position of an earlier run that is not served, and errors beside records. Called by `normalize`.
//! The rooms it calls know nothing of each other.

use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::text::cut;
use tidegate_plugin_kit::{Batch, Failure, FailureCategory, Hints, HttpResponse, Job, Outcome, OutcomeStatus};

use crate::envelope::{self, Around, Found};
use crate::page::Page;
use crate::paging::{Next, Position};
use crate::settings::{Ask, Settings};
use crate::state::State;
use crate::sweep::{self, Verdict};
use crate::{failures, identifier, limits, misplaced};

/// Reads the answer to a step.
///
/// How a server refuses a position that it has forgotten, or what stands behind so many records, is its own affair: any status, any
/// error in a body. A sweep of an earlier run must not end there for good, since a run that fails leaves its position to be asked for
/// by each that follows. So in its middle what fails is put off to the next run, and there, as its first page, the listing is begun
/// again. What is wrong with all of the API fails at the top as well, and that is the failure.
///
/// `last_try`: whether the page is not asked for again in this run, whatever is said of it.
///
/// # Errors
///
/// Why nothing of it is usable.
pub fn read(
    job: &Job,
    settings: &Settings,
    state: State,
    response: &HttpResponse,
    last_try: bool,
) -> Result<Batch, Failure> {
    let asked = (state.resumed && state.at() != settings.paging.start()).then(|| state.clone());
    let read = judged(job, settings, state, response);
    let Some(asked) = asked else { return read };
    let passes = |failure: &Failure| match failure.category {
        FailureCategory::RateLimited => true,
        FailureCategory::Transient => !last_try,
        _ => false,
    };
    let (why, batch) = match read {
        Err(failure) if !passes(&failure) => (failure.message, Batch::empty(no_new())),
        Ok(mut batch) if batch.trouble.as_ref().is_some_and(|trouble| !passes(trouble)) => {
            (batch.trouble.take().map(|trouble| trouble.message).unwrap_or_default(), batch)
        }
        read => return read,
    };
    if asked.pages > 0 {
        return Ok(put_off(job, &asked, &why, batch));
    }
    answer(job, settings, sweep::refused(job, settings, &asked, &why), &asked, batch)
}

fn judged(job: &Job, settings: &Settings, state: State, response: &HttpResponse) -> Result<Batch, Failure> {
    if matches!(response.status, 200..=299 | 304) {
        return content(job, settings, state, response);
    }
    let of_status = failures::of_status(response, &job.now);
    if response.status == 429 && state.pages > 0 {
        return Ok(slowed(job, &state, &of_status));
    }
    // Words that say nothing to us do not hide what the status says.
    let told = graphql_errors(job, settings, response)
        .filter(|told| told.category != FailureCategory::BadAnswer || of_status.category == FailureCategory::BadAnswer);
    // In the middle of a listing a place that the server does not serve is no failure of the source: many show no more than so many.
    // What is wrong with a credential or a time passes, and is the same at every page.
    let refused = matches!(response.status, 400 | 402..=407 | 409..=424 | 426..=428 | 430..=499)
        && of_status.category != FailureCategory::RateLimited;
    if refused && told.is_none() && state.pages > 0 && state.at() != settings.paging.start() {
        let verdict = sweep::refused(job, settings, &state, &of_status.message);
        return answer(job, settings, verdict, &state, Batch::empty(no_new()));
    }
    Err(told.unwrap_or(of_status))
}

fn no_new() -> Outcome {
    Outcome::new(OutcomeStatus::NoNew, "")
}

/// GraphQL servers tell errors in the body of a 400 as well.
fn graphql_errors(job: &Job, settings: &Settings, response: &HttpResponse) -> Option<Failure> {
    let Ask::Graphql { .. } = &settings.ask else { return None };
    let text = std::str::from_utf8(response.body.as_bytes()).ok()?;
    let around = envelope::around(text, &settings.paging, None, true).ok()?;
    failures::of_errors(&around.errors, response, &job.now)
}

/// The platform asks to slow down in the middle of a listing. Failing instead would begin at the top again, and never come further
/// than this.
fn slowed(job: &Job, state: &State, failure: &Failure) -> Batch {
    let not_before = Moment::parse(&job.now)
        .and_then(|now| Moment(now.0 + milliseconds(failure.retry_after_s.unwrap_or(60.0))).to_rfc3339());
    let hints = Some(Hints { not_before, ..Hints::none() });
    put_off(job, state, &failure.message, Batch { hints, ..Batch::empty(no_new()) })
}

/// What was read stays read: the run ends well, and the next one goes on with this page.
fn put_off(job: &Job, state: &State, why: &str, mut batch: Batch) -> Batch {
    batch.watermark = Some(state.place.watermark(known_newest(job, state)));
    batch.warnings.push(cut(format!("{why}; the next run goes on there"), limits::MESSAGE_BYTES));
    batch.warnings.truncate(limits::WARNINGS);
    batch
}

fn milliseconds(seconds: f64) -> i64 {
    format!("{:.0}", seconds.clamp(0.0, limits::SLOW_DOWN_S) * 1_000.0).parse().unwrap_or_default()
}

fn content(job: &Job, settings: &Settings, mut state: State, response: &HttpResponse) -> Result<Batch, Failure> {
    let bytes = response.body.as_bytes();
    let text =
        std::str::from_utf8(bytes).map_err(|_| Failure::bad_answer("expected JSON, got bytes that are no UTF-8"))?;
    let empty = text.trim().is_empty() || response.status == 304;
    if empty && response.status == 200 {
        return Err(Failure::bad_answer("expected JSON, got an empty body"));
    }
    let graphql = matches!(settings.ask, Ask::Graphql { .. });
    let mut batch = Batch::empty(Outcome::ok());
    let mut page = Page::default();
    let walked = if empty {
        Ok(Found::Records)
    } else {
        let mut each = |raw: &str| {
            page.take(raw, job, settings, &mut state, &response.final_url, &mut batch);
            page.room.overdrawn() <= limits::OVERDRAWN_BYTES
        };
        envelope::records(text, &settings.records, limits::ITEMS, &mut each)
    };
    if walked == Ok(Found::TooMany) {
        let trouble = format!(
            "the page has more records than a run can take: the first {} were kept; ask for smaller pages",
            page.held.count
        );
        batch.trouble = Some(Failure::bad_answer(trouble));
        return Ok(batch);
    }
    let around = if empty {
        Ok(Around::default())
    } else {
        envelope::around(text, &settings.paging, settings.error.as_ref(), graphql)
    };
    let (found, around) = match (walked, around) {
        (Ok(found), Ok(around)) => (found, around),
        (Err(error), _) | (_, Err(error)) if page.held.count == 0 => {
            return Err(Failure::bad_answer(cut(
                format!("{error}; it begins with: {}", misplaced::beginning(text)),
                limits::MESSAGE_BYTES,
            )));
        }
        (Err(error), _) | (_, Err(error)) => {
            batch.trouble =
                Some(Failure::bad_answer(format!("{error}: kept the {} records before it", page.held.count)));
            return Ok(batch);
        }
    };
    let errors = failures::of_errors(&around.errors, response, &job.now);
    let lenient = matches!(settings.ask, Ask::Graphql { lenient: true, .. });
    match errors {
        Some(failure) if page.held.count == 0 && !(lenient && matches!(found, Found::Records | Found::One)) => {
            if failure.category == FailureCategory::RateLimited && state.pages > 0 {
                return Ok(slowed(job, &state, &failure));
            }
            return Err(failure);
        }
        Some(failure) if lenient => batch.warnings.push(failure.message),
        Some(failure) => {
            batch.trouble = Some(failure);
            return Ok(batch);
        }
        // Also on a later page: an error page taken for an empty one would be taken for the end.
        None => {
            let why = batch.rejects.first().map(|reject| reject.reason.as_str());
            if let Some(failure) = misplaced::records(settings, text, found, why) {
                return Err(failure);
            }
        }
    }
    page.held.more = around.more == Some(true);
    let next = next(job, settings, &state.at(), page.held.count, found, around, response);
    if page.room.shortened > 0 {
        batch.warnings.push(format!(
            "the page is too large to be kept whole: {} of its parts were left out",
            page.room.shortened
        ));
    }
    let verdict = sweep::judge(job, settings, state.clone(), &page.held, next);
    answer(job, settings, verdict, &state, batch)
}

/// Where the page after this one is. Null where a list should be is an empty page only where nothing is said to follow.
fn next(
    job: &Job,
    settings: &Settings,
    at: &Position,
    count: u64,
    found: Found,
    around: Around,
    response: &HttpResponse,
) -> Next {
    // Where records may be missing, what stands around them may be as well.
    let around = Around { mute: around.mute && found != Found::Nothing, ..around };
    let (endpoint, _) = identifier::split(&job.identifier);
    let next = settings.paging.next(at, count, &around, response, endpoint);
    let follows = around.more == Some(true) || (settings.paging.is_told() && matches!(next, Next::At(_)));
    if found == Found::Null && follows {
        return Next::Nowhere(format!(
            "there is null instead of a list at \"{}\", and the answer says that more follows",
            settings.records
        ));
    }
    next
}

/// The batch of a page that was judged.
fn answer(job: &Job, settings: &Settings, verdict: Verdict, state: &State, mut batch: Batch) -> Result<Batch, Failure> {
    if batch.items.is_empty() && batch.rejects.is_empty() {
        batch.outcome = no_new();
    }
    batch.warnings.extend(verdict.warning.map(|warning| cut(warning, limits::MESSAGE_BYTES)));
    batch.warnings.truncate(limits::WARNINGS);
    if let Some(trouble) = verdict.trouble {
        batch.trouble = Some(Failure::bad_answer(cut(trouble, limits::MESSAGE_BYTES)));
        return Ok(batch);
    }
    batch.watermark = verdict.place.map(|place| place.watermark(known_newest(job, state)));
    if let Some(next) = verdict.next {
        batch.next = Some(State { newest: state.newest.clone(), seen: next.seen.clone(), ..next }.step(job, settings)?);
    }
    Ok(batch)
}

/// The newest item known: of the run, or of those before it.
fn known_newest(job: &Job, state: &State) -> (Option<String>, Option<i64>) {
    let before = job.watermark.as_ref();
    let then =
        before.and_then(|mark| mark.newest_published_at.as_deref()).and_then(Moment::parse).map(|moment| moment.0);
    let older = matches!((state.newest.1, then), (Some(now), Some(then)) if now < then) || state.newest.0.is_none();
    if older {
        (before.and_then(|mark| mark.newest_id.clone()), then)
    } else {
        (state.newest.0.clone(), state.newest.1.or(then))
    }
}
