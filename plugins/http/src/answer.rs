//! From an HTTP answer to a batch.
//!
//! Owns: what each status means, errors beside records, the marks of records, and what is warned of. Called by `normalize`. The
//! rooms it calls know nothing of each other.

use tidegate_plugin_kit::moment::{AHEAD_MS, Moment};
use tidegate_plugin_kit::text::{Room, cut};
use tidegate_plugin_kit::{Batch, Failure, FailureCategory, Hints, HttpResponse, Job, Outcome, OutcomeStatus, Reject};

use crate::envelope::{self, Around, Found};
use crate::item;
use crate::json::Value;
use crate::mark::Mark;
use crate::settings::{Ask, By, Settings};
use crate::state::State;
use crate::sweep::{self, Held, Verdict};
use crate::{failures, identifier, limits, times};

/// Reads the answer to a step.
///
/// # Errors
///
/// Why nothing of it is usable.
pub fn read(job: &Job, settings: &Settings, state: State, response: &HttpResponse) -> Result<Batch, Failure> {
    let is_start = state.at() == settings.paging.start();
    match response.status {
        200..=299 | 304 => content(job, settings, state, response),
        429 if state.pages > 0 => Ok(slowed(job, &state, &failures::of_status(response, &job.now))),
        // A place that the server does not serve (any more) is no failure of the source, unless it is the listing itself.
        400 | 404 | 410 | 416 | 422 if !is_start && graphql_errors(job, settings, response).is_none() => {
            let why = failures::of_status(response, &job.now).message;
            answer(job, settings, sweep::refused(job, settings, &state, &why), &state, Batch::empty(no_new()))
        }
        _ => Err(graphql_errors(job, settings, response).unwrap_or_else(|| failures::of_status(response, &job.now))),
    }
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

/// The platform asks to slow down in the middle of a listing. What was read stays read: the run ends, and the next one goes on with
/// the page that was refused. Failing instead would begin at the top again, and never come further than this.
fn slowed(job: &Job, state: &State, failure: &Failure) -> Batch {
    let mut batch = Batch::empty(no_new());
    let not_before = Moment::parse(&job.now)
        .and_then(|now| Moment(now.0 + milliseconds(failure.retry_after_s.unwrap_or(60.0))).to_rfc3339());
    batch.hints = Some(Hints { not_before, ..Hints::none() });
    batch.watermark = Some(state.place.watermark(known_newest(job, state)));
    batch.warnings.push(cut(format!("{}; the next run goes on there", failure.message), limits::MESSAGE_BYTES));
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
    let mut page = Page { held: Held::default(), room: Room::default() };
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
                format!("{error}; it begins with: {}", beginning(text)),
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
        Some(failure) if page.held.count == 0 && !(lenient && found == Found::Records) => {
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
        None if found == Found::Nothing && !settings.records_optional => return Err(nothing_there(settings, text)),
        None => {}
    }
    page.held.more = around.more == Some(true);
    let (endpoint, _) = identifier::split(&job.identifier);
    let next = settings.paging.next(&state.at(), page.held.count, &around, response, endpoint);
    if page.room.shortened > 0 {
        batch.warnings.push(format!(
            "the page is too large to be kept whole: {} of its parts were left out",
            page.room.shortened
        ));
    }
    let verdict = sweep::judge(job, settings, state.clone(), &page.held, next);
    answer(job, settings, verdict, &state, batch)
}

/// The records of a page as they come.
struct Page {
    held: Held,
    room: Room,
}

impl Page {
    fn take(&mut self, raw: &str, job: &Job, settings: &Settings, state: &mut State, base: &str, batch: &mut Batch) {
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
            None => Some(Mark::Id(id.to_owned())),
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

fn beginning(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(30).collect();
    cut(words.join(" "), limits::QUOTE_BYTES)
}

/// Says what there is instead, for whoever writes the pointer.
fn nothing_there(settings: &Settings, text: &str) -> Failure {
    let names = Value::parse(text).map(|value| match value {
        Value::Object(members) => {
            members.iter().take(20).map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
        }
        Value::Array(_) => "an array".to_owned(),
        _ => "no object".to_owned(),
    });
    let names = names.unwrap_or_else(|_| "very much".to_owned());
    Failure::bad_answer(cut(
        format!(
            "there is nothing at \"{}\", where \"records\" says that the records are; the answer has {names}. If an API leaves the \
             member out where there are no records, set \"records_optional\"",
            settings.records
        ),
        limits::MESSAGE_BYTES,
    ))
}
