//! What plugins on actors share.
//!
//! Owns: the way of a source's settings from JSON to checked values ([`Settings`], [`Checks`]), inputs from a template
//! ([`Template`]), what a run remembers between its pages ([`RunState`]), the counts of a page ([`Tally`]), and the
//! failures for jobs and pages that such a plugin cannot serve. Must not know: any platform or actor. Called by plugins
//! that ask for actor runs, from each of their four functions.

mod settings;
mod state;
mod tally;
mod template;

pub use settings::{Checks, Settings};
pub use state::{RunState, is_zero};
pub use tally::Tally;
pub use template::{Template, Values};

use serde_json::Value;

use crate::{DatasetPage, Failure, Job, Page, PageContent, Problem, Valid, Watermark};

/// The failure for a job whose actor this kind has no input for. `known` are those it has.
pub fn unknown(actor: Option<&str>, kind: &str, known: &[&str]) -> Failure {
    let known = known.join(", ");
    let message = match actor {
        Some(actor) => format!(
            "the profile names the actor \"{actor}\", for which kind \"{kind}\" has no input; known are {known}. For \
             another one set \"input\" and \"field_map\" in the profile's overrides"
        ),
        None => format!("kind \"{kind}\" is fetched by an actor, and the profile names none; known are {known}"),
    };
    Failure::config("", message)
}

/// The answer of `validate`: the identifier in its normal form, which `normalize` makes, or all that is wrong with the
/// settings and the identifier together.
///
/// # Errors
///
/// The problems, at least one.
pub fn validate<S: Settings>(
    overrides: &str,
    normalize: impl FnOnce(&S) -> Result<String, String>,
) -> Result<Valid, Vec<Problem>> {
    let settings = S::read(overrides).map_err(|problem| vec![problem])?;
    let mut problems = settings.problems();
    match normalize(&settings) {
        Ok(normal) if problems.is_empty() => return Ok(Valid::new(normal)),
        Ok(_) => {}
        Err(message) => problems.push(Problem::new("", message)),
    }
    Err(problems)
}

/// The kind and the settings of a job, checked again: a profile may have changed since the source was validated.
///
/// # Errors
///
/// Category `config`: the kind is unknown to `kind`, or what is wrong with the settings.
pub fn wanted<K, S: Settings>(job: &Job, kind: impl FnOnce(&str) -> Option<K>) -> Result<(K, S), Failure> {
    let kind =
        kind(&job.kind).ok_or_else(|| Failure::config("", format!("there is no kind \"{}\" of source", job.kind)))?;
    let as_failure = |problem: Problem| Failure::config(&problem.pointer, problem.message);
    let settings = S::read(&job.overrides).map_err(as_failure)?;
    match settings.problems().into_iter().next() {
        Some(problem) => Err(as_failure(problem)),
        None => Ok((kind, settings)),
    }
}

/// The dataset of a page.
///
/// # Errors
///
/// If it is something else, which a plugin that asks for actor runs only never asked for.
pub fn dataset(page: &Page) -> Result<&DatasetPage, Failure> {
    match &page.content {
        PageContent::Dataset(dataset) => Ok(dataset),
        PageContent::Http(_) | PageContent::Other(_) => {
            Err(Failure::unexpected_page("expected the dataset of an actor run: this plugin asks for nothing else"))
        }
    }
}

/// The watermark of a job, unless everything is wanted again (`"delta": "full"` in the job's `extra`).
pub fn mark(job: &Job) -> Option<&Watermark> {
    let extra = job.extra.as_deref().and_then(|extra| serde_json::from_str::<Value>(extra).ok());
    let full = extra.is_some_and(|extra| extra["delta"] == "full");
    job.watermark.as_ref().filter(|_| !full)
}

#[cfg(test)]
mod tests;
