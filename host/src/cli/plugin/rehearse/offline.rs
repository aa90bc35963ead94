//! A source planned, and normalized from recorded pages: nothing is fetched.
//!
//! Owns: the order of the calls. Must not know: how steps are printed.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tidegate_core::contract::{Fetch, Job, Page, PageContent, Step};
use tidegate_core::money::MicroUsd;
use tidegate_core::plan;

use super::journal::Journal;
use super::subject::Subject;
use super::told::{TellingPlugin, fetch_facts};
use crate::cli::error::CliError;
use crate::cli::fixtures::{self, Answer};
use crate::ports::{Asked, Clock, Plugin};
use crate::system::SystemClock;

/// What became of a rehearsal without a network.
pub(super) struct Done {
    /// Whether every call gave an answer and every answer is one the host takes.
    pub(super) well: bool,
}

/// Validates and plans; then normalizes the pages of the case in `folder`, if one is given.
pub(super) async fn run(subject: &Subject, folder: Option<&Path>, journal: &Arc<Journal>) -> Result<Done, CliError> {
    let case = match folder {
        Some(folder) => Some(fixtures::one(folder).map_err(|error| {
            CliError::refused(error.to_string()).hint("name the folder of one case, as `plugin record` writes it")
        })?),
        None => None,
    };
    let plugin = TellingPlugin { plugin: Arc::clone(&subject.plugin), journal: Arc::clone(journal) };
    let merged = subject.merged()?;
    let Ok(Ok(valid)) = plugin.validate(&subject.kind.name, &subject.identifier, &merged).await.answer else {
        return Ok(Done { well: false });
    };
    let now = case.as_ref().map_or_else(|| SystemClock.now().to_string(), |case| case.job.now.clone());
    let job = subject.job(valid.identifier, merged, now);
    let Some(step) = answered(plugin.plan(&job).await) else { return Ok(Done { well: false }) };
    if !allowed(subject, &step, journal) {
        return Ok(Done { well: false });
    }
    let Some(case) = case else { return Ok(Done { well: true }) };
    let state = case.state.clone().or(step.state.clone());
    pages(subject, &plugin, journal, &job, Step { state, ..step }, case.answers.all()).await
}

/// Each page in its order, with the state that the one before left, as far as a run would go.
async fn pages(
    subject: &Subject,
    plugin: &TellingPlugin,
    journal: &Journal,
    job: &Job,
    first: Step,
    mut answers: impl Iterator<Item = Answer>,
) -> Result<Done, CliError> {
    let (mut step, mut number) = (first, 0_u32);
    for answer in answers.by_ref() {
        let (content, more) = match answer {
            Answer::Http(response) => (PageContent::Http(fixtures::handed_over(*response, &step.fetch)), false),
            Answer::Dataset(dataset) => {
                let more = dataset.more;
                (PageContent::Dataset(dataset), more)
            }
        };
        let page = Page { state: step.state.clone(), content, number, extra: None };
        number += 1;
        let Some(batch) = answered(plugin.normalize(job, page).await) else { return Ok(Done { well: false }) };
        match batch.next {
            _ if more => step.state = batch.state.or(step.state),
            None => break,
            Some(next) if !allowed(subject, &next, journal) => return Ok(Done { well: false }),
            Some(_) if number >= subject.profile.caps.max_pages => {
                journal.step("stop", json!({ "why": format!("{number} pages are the most of one run") }));
                break;
            }
            Some(next) => step = next,
        }
    }
    let left = answers.count();
    if left > 0 {
        journal.step("stop", json!({ "why": format!("the plugin asks for no more; {left} recorded pages are left") }));
    }
    Ok(Done { well: true })
}

fn answered<T, F>(asked: Asked<Result<T, F>>) -> Option<T> {
    asked.answer.ok()?.ok()
}

/// What a run would say about a step.
fn allowed(subject: &Subject, step: &Step, journal: &Journal) -> bool {
    if step.fetch == Fetch::Nothing {
        journal.step("check", json!({ "fetch": "nothing: the run ends well" }));
        return true;
    }
    let left = subject.worst_case().unwrap_or(MicroUsd::ZERO);
    match plan::check(step.clone(), &subject.kind, &subject.profile, left) {
        Ok(_) => {
            journal.step("check", json!({ "allowed": fetch_facts(&step.fetch) }));
            true
        }
        Err(failure) => {
            journal.step("check", json!({ "refused": failure.message, "class": failure.class }));
            false
        }
    }
}
