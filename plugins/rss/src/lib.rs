//! The plugin `rss`: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0, CDF, JSON Feed 1.0 and 1.1.
//!
//! Owns: the four functions of the contract, each a few lines that name the rooms it goes through. Must not know: clocks,
//! sockets, stores. A page goes through the rooms in this order:
//!
//! [`answer`] (status) -> [`decode`] (bytes to text) -> [`tokenize`] -> [`reader`] or [`json`] -> [`model`] -> [`map`]
//! (items), with [`dates`] and [`html`] beside, and [`weight`] for what an entry costs; or [`discovery`] if it is a web page.

pub mod answer;
pub mod conditional;
pub mod decode;
pub mod discovery;
pub mod hints;
pub mod identifier;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod map;
pub mod model;
pub mod overrides;
pub mod paging;
pub mod reader;
pub mod state;
pub mod tokenize;
pub mod weight;

use tidegate_plugin_kit::{
    self as kit, Batch, Failure, Job, Manifest, Page, PageContent, Plugin, Problem, Step, Valid,
};
pub use tidegate_plugin_kit::{dates, html};

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct Rss;

impl Plugin for Rss {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn validate(_kind: &str, identifier: &str, overrides: &str) -> Result<Valid, Vec<Problem>> {
        let url = identifier::normalize(identifier).map_err(|message| Problem::new("", message));
        let settings = overrides::read(overrides).map_err(|(pointer, message)| Problem::new(pointer, message));
        match (url, settings) {
            (Ok(url), Ok(_)) => Ok(Valid::new(url)),
            (url, settings) => Err(url.err().into_iter().chain(settings.err()).collect()),
        }
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        overrides::read(&job.overrides).map_err(|(pointer, message)| Failure::config(pointer, message))?;
        identifier::for_request(&job.identifier)
            .ok_or_else(|| Failure::config("", format!("\"{}\" is no URL of http or https", job.identifier)))?;
        Ok(paging::first(job))
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let overrides =
            overrides::read(&job.overrides).map_err(|(pointer, message)| Failure::config(pointer, message))?;
        match &page.content {
            PageContent::Http(response) => {
                answer::read(job, &overrides, &state::State::read(page.state.as_deref()), response)
            }
            PageContent::Dataset(_) | PageContent::Other(_) => {
                Err(Failure::unexpected_page("expected an answer over HTTP: this plugin asks for nothing else"))
            }
        }
    }
}

kit::export!(Rss);
