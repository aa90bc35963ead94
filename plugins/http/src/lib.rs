//! The plugin `http`: any JSON API, over REST or GraphQL, described by settings alone.
//!
//! Owns: the four functions of the contract, each a few lines that name the rooms it goes through. Must not know: clocks,
//! sockets, stores, credentials (the profile names one, the host attaches it). The way of a run:
//!
//! [`settings`] (what the API is like) -> [`place`] (where to begin) -> [`request`] -> the host fetches -> [`answer`]
//! (status, errors) -> [`envelope`] (records and what stands around them) -> [`mod@page`], [`item`] -> [`sweep`] (how far that is,
//! and where to go on, by what [`meeting`] finds in it), with [`circle`], [`json`], [`mod@pointer`], [`template`], [`times`] and [`url`]
//! beside.

pub mod answer;
pub mod circle;
pub mod envelope;
pub mod failures;
pub mod fields;
pub mod hashes;
pub mod identifier;
pub mod item;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod mark;
pub mod media;
pub mod meeting;
pub mod misplaced;
pub mod page;
pub mod paging;
pub mod place;
pub mod pointer;
pub mod request;
pub mod settings;
pub mod state;
pub mod sweep;
pub mod template;
pub mod times;
pub mod url;

use tidegate_plugin_kit::{
    self as kit, Batch, Failure, Job, Manifest, Page, PageContent, Plugin, Problem, Step, Valid,
};

use settings::Settings;

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl Plugin for Http {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn validate(kind: &str, identifier: &str, overrides: &str) -> Result<Valid, Vec<Problem>> {
        let url = identifier::normalize(identifier).map_err(|message| Problem::new("", message));
        let settings = Settings::read(kind, overrides);
        match (url, settings) {
            (Ok(url), Ok(_)) => Ok(Valid::new(url)),
            (url, settings) => Err(url.err().into_iter().chain(settings.err().into_iter().flatten()).collect()),
        }
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let settings = settings_of(job)?;
        let state = state::State::first(job, &settings);
        // A position that no request can be made of would stop the source for good.
        let again = state.is_kept(&settings).then(|| state.begun_again(job, &settings));
        state.step(job, &settings).or_else(|failure| again.map_or(Err(failure), |again| again.step(job, &settings)))
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let settings = settings_of(job)?;
        match &page.content {
            PageContent::Http(response) => {
                let state = state::State::read(page.state.as_deref(), job, &settings);
                answer::read(job, &settings, state, response, is_last_try(page))
            }
            PageContent::Dataset(_) | PageContent::Other(_) => {
                Err(Failure::unexpected_page("expected an answer over HTTP: this plugin asks for nothing else"))
            }
        }
    }
}

/// Whether the host asks for this page no more in this run, whatever comes of it (`last-try` of the page's `extra`).
fn is_last_try(page: &Page) -> bool {
    let extra = page.extra.as_deref().and_then(|extra| serde_json::from_str::<serde_json::Value>(extra).ok());
    extra.is_some_and(|extra| extra["last-try"] == true)
}

fn settings_of(job: &Job) -> Result<Settings, Failure> {
    Settings::read(&job.kind, &job.overrides).map_err(|problems| match problems.into_iter().next() {
        Some(problem) => Failure::config(&problem.pointer, problem.message),
        None => Failure::config("", "the settings cannot be read"),
    })
}

kit::export!(Http);
